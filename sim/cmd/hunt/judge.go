package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// outcome is what came of one history: what is off, or why there is no answer.
type outcome struct {
	deviations []accuracy.Deviation
	err        error
}

func (o outcome) failed() bool { return o.err != nil || len(o.deviations) > 0 }

// kinds are the ways in which values are off, without how far, nor whose they are.
func (o outcome) kinds() map[string]bool {
	if !o.failed() {
		return nil
	}
	out := make(map[string]bool)
	if o.err != nil {
		out["error"] = true
	}
	for _, d := range o.deviations {
		out[kindOf(d)] = true
	}
	return out
}

// like says whether values are off in one of some ways.
func (o outcome) like(kinds map[string]bool) bool {
	for kind := range o.kinds() {
		if kinds[kind] {
			return true
		}
	}
	return false
}

func kindOf(d accuracy.Deviation) string {
	switch {
	case !d.Got.OK:
		return d.Metric + " absent"
	case !d.Want.OK:
		return d.Metric + " unwanted"
	case d.Got.V < d.Want.V:
		return d.Metric + " low"
	}
	return d.Metric + " high"
}

// setting is how histories are watched: as they say, where it is zero.
type setting struct {
	window, every time.Duration
	replicas      bool
}

// String names the setting, "" for none.
func (s setting) String() string {
	var parts []string
	if s.every > 0 {
		parts = append(parts, s.window.String(), s.every.String())
	}
	if s.replicas {
		parts = append(parts, "replicas")
	}
	return strings.Join(parts, "-")
}

// of is a history as it is watched.
func (s setting) of(n histories.Named) histories.Named {
	if s.every == 0 || s.window == 0 {
		return n
	}
	return n.Watched(s.window, s.every)
}

// judge stores the histories in one TSDB, serves it, and holds the product against each.
func (s setting) judge(ctx context.Context, named []histories.Named) (_ []outcome, err error) {
	dir, err := os.MkdirTemp("", "hunt-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	placed := accuracy.Lay(named)
	store := accuracy.Store
	if s.replicas {
		store = accuracy.StoreBoth
	}
	if err := store(ctx, dir, placed); err != nil {
		return nil, err
	}
	if s.replicas {
		placed = accuracy.Twin(placed)
	}
	server, err := prom.Start(ctx, prom.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	way, err := accuracy.NewExporter(server.URL(), fetch.RemoteRead)
	if err != nil {
		return nil, err
	}
	out := make([]outcome, len(placed))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range placed {
		g.Go(func() error {
			_, verdict, err := accuracy.Try(ctx, p, way)
			if ctx.Err() != nil {
				return fmt.Errorf("judge %s: %w", p.Name, ctx.Err())
			}
			out[i] = outcome{verdict.Deviations, err}
			return nil
		})
	}
	return out, g.Wait()
}
