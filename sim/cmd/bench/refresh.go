package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// usual is the cluster that most is measured on.
var usual = size{Models: 1000, Pods: 2, Others: 8000}

// bounds are how much of what textbook rules cost a refresh may cost.
type bounds struct {
	remoteRead      float64 // CPU
	olderRemoteRead float64 // CPU of Prometheus 2
	promQL          float64 // CPU
	samples         float64 // over PromQL
}

// comparison is a refresh beside other ways, on every Prometheus there is.
type comparison struct {
	cluster size
	bounds  bounds
	others  []way                                      // as slow as to be measured once
	more    func(context.Context, server, place) error // on the current Prometheus
	costs   table
}

// refresh measures a refresh beside all the other ways, and the exporter's own share.
func (b *bench) refresh(ctx context.Context) error {
	s := usual
	var settle time.Duration
	s.Window, settle = settledHour(time.Now())
	own := table{
		title: "The exporter's own process, from its start to its first values",
		rows:  [][]string{{"transport", "samples in the", "CPU", "peak memory", "took", "of that, requests under way", "answers, uncompressed"}},
	}
	parts := table{
		title: "What a refresh over remote read asks Prometheus " + prom.Version + ", each selector by a request of its own",
		rows:  [][]string{{"question", "samples in the", "requests", "series", "samples", "Prometheus CPU"}},
	}
	err := b.compare(ctx, &comparison{
		cluster: s, bounds: bounds{remoteRead: 0.17, olderRemoteRead: 0.25, promQL: 1.1, samples: 0.25},
		others: []way{subqueries(), rangeQueries()},
		more: func(ctx context.Context, srv server, at place) error {
			return errors.Join(b.slots(ctx, srv, s), b.parts(ctx, srv, s, at, &parts), b.ownShare(ctx, srv, settle, at, &own))
		},
	})
	b.report.tables = append(b.report.tables, parts, own)
	return err
}

// replaced measures a refresh after a tenth of the models' pods were replaced.
func (b *bench) replaced(ctx context.Context) error {
	s := usual
	s.Replaced = 10
	s.Window, _ = settledHour(time.Now())
	return b.compare(ctx, &comparison{
		cluster: s, bounds: bounds{remoteRead: 0.19, olderRemoteRead: 0.28, promQL: 1.1, samples: 0.25},
	})
}

// compare measures a refresh over both transports beside textbook rules, with the samples
// in the head and in a block.
func (b *bench) compare(ctx context.Context, c *comparison) error {
	c.costs = table{
		title: "One refresh: " + c.cluster.String(),
		rows:  [][]string{{"way", "Prometheus", "samples in the", "requests", "samples", "most at once", "Prometheus CPU", "took"}},
	}
	defer func() { b.report.tables = append(b.report.tables, c.costs) }()
	for _, at := range []place{inHead, inBlock} {
		dir, err := b.store(ctx, c.cluster, at)
		if err != nil {
			return err
		}
		if err := b.on(ctx, dir, at, b.startCurrent, c); err != nil {
			return err
		}
		if err := b.on(ctx, dir, at, b.startDebian, c); errors.Is(err, debian.ErrNone) {
			fmt.Fprintln(b.out, "Left out:", err)
		} else if err != nil {
			return err
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// on makes a comparison on one Prometheus, and ends that.
func (b *bench) on(ctx context.Context, dir string, at place, start func(context.Context, string) (server, error), c *comparison) (err error) {
	srv, err := start(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	remoteRead, promQL, err := exporters(srv)
	if err != nil {
		return err
	}
	w := []window.Window{c.cluster.Window}
	ways := []way{remoteRead, promQL, textbook()}
	var subjects []subject
	for _, way := range ways {
		subjects = append(subjects, subject{srv, way, w})
	}
	measured, err := sideBySide(ctx, b.rounds, subjects...)
	if err != nil {
		return err
	}
	for _, other := range c.others {
		once, err := measure(ctx, srv, other, w...)
		if err != nil {
			return err
		}
		ways, measured = append(ways, other), append(measured, once)
	}
	for i, m := range measured {
		c.costs.rows = append(c.costs.rows, m.row(ways[i], srv, at))
	}
	b.report.add(c.goals(srv, at, measured[0], measured[1], measured[2])...)
	for _, way := range []exporter{remoteRead, promQL} {
		if err := judge(ctx, way, c.cluster); err != nil {
			return fmt.Errorf("on Prometheus %s, %s: %w", srv.version, at, err)
		}
	}
	if c.more == nil || srv.version != prom.Version {
		return nil
	}
	return c.more(ctx, srv, at)
}

func (c *comparison) goals(srv server, at place, remoteRead, promQL, rules cost) []goal {
	subject := "refresh"
	if c.cluster.Replaced > 0 {
		subject += fmt.Sprintf(", one pod in %d replaced", c.cluster.Replaced)
	}
	cpu := func(transport string, of cost, most float64) goal {
		return goal{
			work:     fmt.Sprintf("%s over %s, Prometheus %s, %s: Prometheus CPU", subject, transport, srv.version, at),
			measured: seconds(of.cpu), against: "textbook rules: " + seconds(rules.cpu),
			ratio: float64(of.cpu) / float64(rules.cpu), most: most,
		}
	}
	if srv.version != prom.Version {
		return []goal{cpu("remote read", remoteRead, c.bounds.olderRemoteRead)}
	}
	return []goal{
		cpu("remote read", remoteRead, c.bounds.remoteRead),
		cpu("PromQL", promQL, c.bounds.promQL),
		{
			work:     fmt.Sprintf("%s over PromQL, Prometheus %s, %s: samples read", subject, srv.version, at),
			measured: thousands(promQL.samples), against: "textbook rules: " + thousands(rules.samples),
			ratio: float64(promQL.samples) / float64(rules.samples), most: c.bounds.samples,
		},
	}
}

func (c cost) row(of way, on server, at place) []string {
	return []string{
		of.Name(), on.version, string(at), thousands(c.queries), thousands(c.samples), thousands(c.peak), seconds(c.cpu), seconds(c.took),
	}
}

// judge sees to it that what was measured is right.
func judge(ctx context.Context, way exporter, s size) error {
	_, verdict, err := accuracy.Try(ctx, s.modelsOnly(), way)
	if err != nil {
		return err
	}
	return right(verdict)
}

func right(v accuracy.Verdict) error {
	if !v.Right() {
		return fmt.Errorf("%d of %d values are wrong, the first: %s", len(v.Deviations), v.Values, v.Deviations[0])
	}
	return nil
}
