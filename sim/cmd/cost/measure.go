package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
)

// cost is what one refresh takes.
type cost struct {
	queries   int
	samples   int64   // read
	peak      int64   // the most that one query held
	serverCPU float64 // seconds
	clientCPU float64
}

// way is what is measured: one refresh, and what it says it asked for.
type way func(ctx context.Context, s server, w window.Window) (cost, error)

func exporter(ctx context.Context, s server, w window.Window) (cost, error) {
	e, err := accuracy.NewExporter(s.url, false)
	if err != nil {
		return cost{}, err
	}
	a, err := e.Averages(ctx, w)
	if err != nil {
		return cost{}, err
	}
	return cost{queries: a.Cost.Queries, samples: a.Cost.SamplesRead, peak: a.Cost.PeakSamples}, nil
}

// textbook evaluates the seven rules for the one kind that the fixture has.
func textbook(ctx context.Context, s server, w window.Window) (cost, error) {
	var c cost
	for _, q := range accuracy.NewTextbook(s.url).Queries(w.Period()) {
		if q.Kind != "SeldonDeployment" {
			continue
		}
		answer, err := accuracy.Ask(ctx, s.url, q.Expr, w.End)
		if err != nil {
			return cost{}, err
		}
		if answer.Error != "" {
			return cost{}, fmt.Errorf("%s: %s", q.Expr, answer.Error)
		}
		c.queries++
		c.samples += answer.Data.Stats.Samples.TotalQueryableSamples
		c.peak = max(c.peak, answer.Data.Stats.Samples.PeakSamples)
	}
	return c, nil
}

// measure runs one refresh.
func measure(ctx context.Context, s server, w window.Window, refresh way) (cost, error) {
	runtime.GC()
	serverBefore, err := s.cpu(ctx)
	if err != nil {
		return cost{}, err
	}
	clientBefore, err := ownCPU()
	if err != nil {
		return cost{}, err
	}
	c, err := refresh(ctx, s, w)
	if err != nil {
		return cost{}, err
	}
	clientAfter, err := ownCPU()
	if err != nil {
		return cost{}, err
	}
	serverAfter, err := s.cpu(ctx)
	c.clientCPU, c.serverCPU = clientAfter-clientBefore, serverAfter-serverBefore
	return c, err
}

// median returns the median of each part of the costs.
func median(costs []cost) cost {
	return cost{
		queries:   middle(costs, func(c cost) int { return c.queries }),
		samples:   middle(costs, func(c cost) int64 { return c.samples }),
		peak:      middle(costs, func(c cost) int64 { return c.peak }),
		serverCPU: middle(costs, func(c cost) float64 { return c.serverCPU }),
		clientCPU: middle(costs, func(c cost) float64 { return c.clientCPU }),
	}
}

func middle[T cmp.Ordered](costs []cost, of func(cost) T) T {
	values := make([]T, len(costs))
	for i, c := range costs {
		values[i] = of(c)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func ownCPU() (float64, error) {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0, err
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(use.Utime) + seconds(use.Stime), nil
}

// forgetPeak lets the peak begin anew, at what is needed now.
func forgetPeak() error {
	debug.FreeOSMemory()
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// ownPeak returns the most memory that this process has had since, in MiB.
func ownPeak() (float64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kib); err == nil {
			return kib / 1024, nil
		}
	}
	return 0, errors.New("/proc/self/status tells no VmHWM")
}
