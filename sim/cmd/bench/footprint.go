package main

import (
	"fmt"
	"time"
)

// footprint is what a refresh takes of everybody, as numbers that can be carried on.
type footprint struct {
	models           int
	queries, samples float64
	peak             float64 // the most samples in one answer
	server, own      float64 // CPU seconds
	memory, answers  float64 // bytes
}

// footprintOf is that of one refresh, where c is what several took.
func footprintOf(models int, c cost, refreshes int, r run) footprint {
	n := float64(refreshes)
	return footprint{
		models: models, queries: float64(c.queries) / n, samples: float64(c.samples) / n, peak: float64(c.peak),
		server: c.cpu.Seconds() / n, own: r.cpu.Seconds(), memory: float64(r.peak), answers: float64(r.answers),
	}
}

func footprintHeader() []string {
	return []string{"models", "requests", "samples", "most at once", "Prometheus CPU", "exporter CPU", "exporter peak memory", "answers, uncompressed"}
}

func (f footprint) row() []string {
	duration := func(s float64) string { return seconds(time.Duration(s * float64(time.Second))) }
	return []string{
		thousands(f.models), thousands(int64(f.queries)), thousands(int64(f.samples)), thousands(int64(f.peak)),
		duration(f.server), duration(f.own), megabytes(int64(f.memory)), megabytes(int64(f.answers)),
	}
}

// extrapolated carries on the straight line through two footprints.
func extrapolated(a, b footprint) table {
	t := table{
		title: fmt.Sprintf("Extrapolated, not measured: the line through %s and %s models carried on", thousands(a.models), thousands(b.models)),
		rows:  [][]string{footprintHeader()},
	}
	for _, models := range []int{10_000, 50_000, 250_000} {
		on := func(of func(footprint) float64) float64 {
			slope := (of(b) - of(a)) / float64(b.models-a.models)
			return of(b) + slope*float64(models-b.models)
		}
		t.rows = append(t.rows, footprint{
			models:  models,
			queries: on(func(f footprint) float64 { return f.queries }),
			samples: on(func(f footprint) float64 { return f.samples }),
			peak:    on(func(f footprint) float64 { return f.peak }),
			server:  on(func(f footprint) float64 { return f.server }),
			own:     on(func(f footprint) float64 { return f.own }),
			memory:  on(func(f footprint) float64 { return f.memory }),
			answers: on(func(f footprint) float64 { return f.answers }),
		}.row())
	}
	return t
}
