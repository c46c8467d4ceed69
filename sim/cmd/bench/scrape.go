package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// large is the cluster whose averages are scraped.
var large = size{Models: 10_000, Pods: 2}

const (
	scrapers = 100 // at once

	// scrapeTime is how long a measurement goes on, for one scrape at least by each.
	scrapeTime = 2 * time.Second

	// constantBytes is what a scrape may allocate more when many come at once.
	constantBytes = 64 << 10
)

// target is what is scraped: the exporter, or the reference.
type target struct {
	pid int
	url *url.URL
}

// scrape measures what scrapes cost the exporter, beside client_golang's handler.
func (b *bench) scrape(ctx context.Context) error {
	s := large
	var settle time.Duration
	s.Window, settle = settledHour(time.Now())
	srv, err := b.stored(ctx, s)
	if err != nil {
		return err
	}
	r, err := b.startExporter(ctx, srv, settle)
	if err != nil {
		return err
	}
	b.ends = append(b.ends, r.process.Close)
	own := target{r.process.ID(), r.url.JoinPath("metrics")}
	p, base, err := b.startSelf(ctx, "-reference", own.url.String())
	if err != nil {
		return fmt.Errorf("start the reference: %w", err)
	}
	reference := target{p.ID(), base.JoinPath("metrics")}

	costs := table{
		title: fmt.Sprintf("One scrape of %s models, %s series", thousands(s.Models), thousands(7*s.Models)),
		rows:  [][]string{{"encoding", "by", "bytes", "CPU", "allocated"}},
	}
	encodings := []string{"identity", "gzip", "zstd"}
	least := map[string]float64{"identity": 50, "gzip": 150, "zstd": 150}
	var alone, handlers []scraped
	for _, e := range encodings {
		var ours, theirs []scraped
		for range min(b.rounds, 3) {
			a, err := own.scrape(ctx, e, 1)
			if err != nil {
				return err
			}
			c, err := reference.scrape(ctx, e, 1)
			if err != nil {
				return err
			}
			ours, theirs = append(ours, a), append(theirs, c)
		}
		a, c := medianScrape(ours), medianScrape(theirs)
		costs.rows = append(costs.rows, a.row(e, "exporter"), c.row(e, "promhttp"))
		b.report.add(goal{
			work: fmt.Sprintf("a scrape of %s series, %s: CPU", thousands(7*s.Models), e), measured: seconds(a.cpu),
			against: "promhttp: " + seconds(c.cpu), ratio: float64(c.cpu) / float64(a.cpu), least: least[e], unit: "x less",
		})
		alone, handlers = append(alone, a), append(handlers, c)
	}
	b.report.tables = append(b.report.tables, costs)
	if err := b.memory(own, reference); err != nil {
		return err
	}
	for i, e := range encodings {
		if err := b.crowd(ctx, own, e, alone[i], handlers[i]); err != nil {
			return err
		}
	}
	return nil
}

// crowd measures many scrapers at once.
func (b *bench) crowd(ctx context.Context, own target, encoding string, alone, reference scraped) error {
	many, err := own.scrape(ctx, encoding, scrapers)
	if err != nil {
		return err
	}
	b.report.add(goal{
		work:     fmt.Sprintf("%d scrapers at once, %s: allocated for a scrape", scrapers, encoding),
		measured: kilobytes(many.allocated), against: fmt.Sprintf("one at a time: %s (promhttp: %s)", kilobytes(alone.allocated), kilobytes(reference.allocated)),
		ratio: (many.allocated - alone.allocated) / 1e3, most: constantBytes / 1e3, unit: " kB more",
	})
	return nil
}

// memory compares the peaks of both, after the same kinds of scrapes; the exporter's has
// the refresh in it.
func (b *bench) memory(own, reference target) error {
	ours, err := peakOf(own.pid)
	if err != nil {
		return err
	}
	theirs, err := peakOf(reference.pid)
	if err != nil {
		return err
	}
	b.report.add(goal{
		work: fmt.Sprintf("peak memory with %s models, refresh included", thousands(large.Models)), measured: megabytes(ours),
		against: "promhttp, no refresh: " + megabytes(theirs), ratio: float64(ours) / float64(theirs), most: 0.5,
	})
	return nil
}

// scraped is what one scrape took, on the average.
type scraped struct {
	bytes     int64
	cpu       time.Duration
	allocated float64 // bytes
}

func (s scraped) row(encoding, by string) []string {
	return []string{encoding, by, thousands(s.bytes), seconds(s.cpu), kilobytes(s.allocated)}
}

func kilobytes(n float64) string { return number(n/1e3) + " kB" }

func medianScrape(of []scraped) scraped {
	return scraped{
		bytes:     median(of, func(s scraped) int64 { return s.bytes }),
		cpu:       median(of, func(s scraped) time.Duration { return s.cpu }),
		allocated: median(of, func(s scraped) float64 { return s.allocated }),
	}
}

// scrape scrapes for a while, by so many at once.
func (t target) scrape(ctx context.Context, encoding string, atOnce int) (scraped, error) {
	allocated, err := t.allocated(ctx)
	if err != nil {
		return scraped{}, err
	}
	cpu, err := process.CPU(t.pid)
	if err != nil {
		return scraped{}, err
	}
	var length, times atomic.Int64
	until := time.Now().Add(scrapeTime)
	g, scraping := errgroup.WithContext(ctx)
	for range atOnce {
		g.Go(func() error {
			for again := true; again; again = time.Now().Before(until) {
				status, n, err := get(scraping, t.url, encoding)
				if err != nil {
					return err
				}
				if status != http.StatusOK {
					return fmt.Errorf("%s: status %d", t.url, status)
				}
				length.Store(n)
				times.Add(1)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return scraped{}, err
	}
	cpuAfter, err := process.CPU(t.pid)
	if err != nil {
		return scraped{}, err
	}
	allocatedAfter, err := t.allocated(ctx)
	return scraped{
		bytes:     length.Load(),
		cpu:       (cpuAfter - cpu) / time.Duration(times.Load()),
		allocated: (allocatedAfter - allocated) / float64(times.Load()+1), // asking is a scrape, too
	}, err
}

// allocated returns how many bytes the target has allocated, as it tells itself.
func (t target) allocated(ctx context.Context) (float64, error) {
	return valueAt(ctx, t.url, "go_memstats_alloc_bytes_total")
}
