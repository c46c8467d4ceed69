package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// cost is what a refresh takes of its Prometheus.
type cost struct {
	queries int
	samples int64 // read by queries, or sent by remote read
	peak    int64 // the most that one query held, or one answer of remote read
	cpu     time.Duration
	took    time.Duration
}

func (c *cost) add(o cost) {
	c.queries += o.queries
	c.samples += o.samples
	c.peak = max(c.peak, o.peak)
	c.cpu += o.cpu
	c.took += o.took
}

// way is one way of computing the averages of windows.
type way interface {
	Name() string
	// refresh computes a window and tells what it asked; the times are measure's.
	refresh(ctx context.Context, s server, w window.Window) (cost, error)
}

// measure computes the windows, one after another, and adds up what that took.
func measure(ctx context.Context, s server, by way, windows ...window.Window) (cost, error) {
	var all cost
	cpu, err := process.CPU(s.ID())
	if err != nil {
		return cost{}, err
	}
	began := time.Now()
	for _, w := range windows {
		c, err := by.refresh(ctx, s, w)
		if err != nil {
			return cost{}, err
		}
		all.add(c)
	}
	all.took = time.Since(began)
	after, err := process.CPU(s.ID())
	all.cpu = after - cpu
	return all, err
}

// subject is what is measured beside others.
type subject struct {
	server  server
	way     way
	windows []window.Window
}

// sideBySide measures the subjects in turn, round by round, so that what else goes on on
// the machine meets them all alike. The first round warms the caches; of the others the
// medians count.
func sideBySide(ctx context.Context, rounds int, subjects ...subject) ([]cost, error) {
	costs := make([][]cost, len(subjects))
	for round := range rounds + 1 {
		for i, s := range subjects {
			c, err := measure(ctx, s.server, s.way, s.windows...)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				costs[i] = append(costs[i], c)
			}
		}
	}
	medians := make([]cost, len(subjects))
	for i, c := range costs {
		medians[i] = cost{
			queries: median(c, func(c cost) int { return c.queries }),
			samples: median(c, func(c cost) int64 { return c.samples }),
			peak:    median(c, func(c cost) int64 { return c.peak }),
			cpu:     median(c, func(c cost) time.Duration { return c.cpu }),
			took:    median(c, func(c cost) time.Duration { return c.took }),
		}
	}
	return medians, nil
}

func median[S any, T cmp.Ordered](of []S, value func(S) T) T {
	values := make([]T, len(of))
	for i, s := range of {
		values[i] = value(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
