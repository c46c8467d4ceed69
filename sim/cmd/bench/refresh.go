package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
)

// usual is the cluster that most is measured on.
var usual = size{Models: 1000, Pods: 2, Others: 8000}

// refresh measures a refresh beside all the other ways, and the exporter's own share.
func (b *bench) refresh(ctx context.Context) error {
	s := usual
	var settle time.Duration
	s.Window, settle = settledHour(time.Now())
	return b.compare(ctx, s, 0.10, 0.32, []way{subqueries(), rangeQueries()}, func(srv server) error {
		return b.ownShare(ctx, srv, settle)
	})
}

// replaced measures a refresh after a tenth of the models' pods were replaced.
func (b *bench) replaced(ctx context.Context) error {
	s := usual
	s.Replaced = 10
	s.Window, _ = settledHour(time.Now())
	return b.compare(ctx, s, 0.12, 0.42, nil, nil)
}

// compare measures a refresh beside textbook rules on every Prometheus there is; others
// only once, as they are slow. The current Prometheus is also handed to more.
func (b *bench) compare(ctx context.Context, s size, mostSamples, mostCPU float64, others []way, more func(server) error) error {
	dir, err := b.store(ctx, s)
	if err != nil {
		return err
	}
	costs := table{
		title: "One refresh: " + s.String(),
		rows:  [][]string{{"way", "Prometheus", "queries", "samples read", "peakSamples", "Prometheus CPU", "took"}},
	}
	on := func(srv server) error {
		w := []window.Window{s.Window}
		measured, err := sideBySide(ctx, b.rounds, subject{srv, exporter{}, w}, subject{srv, textbook(), w})
		if err != nil {
			return err
		}
		ours, theirs := measured[0], measured[1]
		costs.rows = append(costs.rows, ours.row(exporter{}, srv), theirs.row(textbook(), srv))
		for _, other := range others {
			c, err := measure(ctx, srv, other, w...)
			if err != nil {
				return err
			}
			costs.rows = append(costs.rows, c.row(other, srv))
		}
		subject := "refresh"
		if s.Replaced > 0 {
			subject += fmt.Sprintf(", one pod in %d replaced", s.Replaced)
		}
		subject += ", Prometheus " + srv.version + ": "
		b.report.add(
			goal{work: subject + "samples read", measured: thousands(ours.samples), against: "textbook rules: " + thousands(theirs.samples),
				ratio: float64(ours.samples) / float64(theirs.samples), most: mostSamples},
			goal{work: subject + "Prometheus CPU", measured: seconds(ours.cpu), against: "textbook rules: " + seconds(theirs.cpu),
				ratio: float64(ours.cpu) / float64(theirs.cpu), most: mostCPU},
		)
		return b.judge(ctx, srv, s)
	}
	current, err := b.startCurrent(ctx, dir)
	if err != nil {
		return err
	}
	if err := on(current); err != nil {
		return err
	}
	if more != nil {
		if err := more(current); err != nil {
			return err
		}
	}
	older, err := b.startDebian(ctx, dir)
	switch {
	case errors.Is(err, debian.ErrNone):
		fmt.Fprintln(b.out, "Left out:", err)
	case err != nil:
		return err
	default:
		if err := on(older); err != nil {
			return err
		}
	}
	b.report.tables = append(b.report.tables, costs)
	return nil
}

func (c cost) row(of way, on server) []string {
	return []string{
		of.Name(), on.version, thousands(c.queries), thousands(c.samples), thousands(c.peak), seconds(c.cpu), seconds(c.took),
	}
}

// judge sees to it that what was measured is right.
func (b *bench) judge(ctx context.Context, srv server, s size) error {
	way, err := accuracy.NewExporter(srv.url, fetch.Auto)
	if err != nil {
		return err
	}
	_, verdict, err := accuracy.Try(ctx, s.modelsOnly(), way)
	if err != nil {
		return err
	}
	if !verdict.Right() {
		return fmt.Errorf("%d of %d values are wrong, the first: %s", len(verdict.Deviations), verdict.Values, verdict.Deviations[0])
	}
	return nil
}

// What an early prototype of this exporter took for the same refresh.
const (
	prototypeCPU  = 400 * time.Millisecond
	prototypePeak = 50e6 // bytes
)

// ownShare measures what the refresh takes of the exporter's own process.
func (b *bench) ownShare(ctx context.Context, srv server, settle time.Duration) error {
	r, err := b.runs(ctx, srv, settle)
	if err != nil {
		return err
	}
	beyond := r.took - r.waited
	b.report.add(
		goal{work: "the exporter's own CPU, from its start to its first values", measured: seconds(r.cpu), against: "a prototype: " + seconds(prototypeCPU),
			ratio: float64(r.cpu) / float64(prototypeCPU), most: 0.5},
		goal{work: "the exporter's peak memory, refresh included", measured: megabytes(r.peak), against: "a prototype: " + megabytes(prototypePeak),
			ratio: float64(r.peak) / 1e6, most: 40, unit: " MB"},
		goal{work: "start to first values, beyond the time in which queries were under way", measured: seconds(r.took), against: "queries: " + seconds(r.waited),
			ratio: beyond.Seconds(), most: 0.3, unit: " s"},
	)
	return nil
}

// runs starts the exporter as often as there are rounds, and returns the medians of what
// its own process took.
func (b *bench) runs(ctx context.Context, srv server, settle time.Duration) (run, error) {
	var all []run
	for range b.rounds {
		r, err := b.startExporter(ctx, srv, settle)
		if err != nil {
			return run{}, err
		}
		if err := r.process.Close(); err != nil {
			return run{}, err
		}
		all = append(all, r.run)
	}
	return run{
		cpu:     median(all, func(r run) time.Duration { return r.cpu }),
		peak:    median(all, func(r run) int64 { return r.peak }),
		took:    median(all, func(r run) time.Duration { return r.took }),
		waited:  median(all, func(r run) time.Duration { return r.waited }),
		answers: median(all, func(r run) int64 { return r.answers }),
	}, nil
}
