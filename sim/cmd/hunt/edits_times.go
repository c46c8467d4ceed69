package main

import (
	"maps"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// shorten cuts the window at its front and its end, to lengths of which the product's slices
// of six hours are multiples.
func shorten(n histories.Named) []edit {
	var out []edit
	for _, length := range []time.Duration{5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute} {
		for shift := time.Duration(0); shift <= n.Window.To-length; shift += 5 * time.Minute {
			out = append(out, func(n *histories.Named) bool {
				if n.Window.To <= length {
					return false
				}
				moments(&n.History, func(t *time.Duration) {
					if *t > cluster.Beginning && *t < cluster.Forever {
						*t -= shift
					}
				})
				n.Window.To = length
				return true
			})
		}
	}
	return out
}

// round makes moments rounder, all that are the same alike.
func round(n histories.Named) []edit {
	seen := map[time.Duration]bool{}
	moments(&n.History, func(t *time.Duration) { seen[*t] = true })
	var out []edit
	for _, v := range slices.Sorted(maps.Keys(seen)) {
		if v <= cluster.Beginning || v >= cluster.Forever {
			continue
		}
		for _, unit := range []time.Duration{10 * time.Minute, time.Minute, 10 * time.Second, time.Second} {
			if v%unit == 0 {
				break
			}
			out = append(out, func(n *histories.Named) bool {
				changed := false
				moments(&n.History, func(t *time.Duration) {
					if *t == v {
						*t, changed = v.Round(unit), true
					}
				})
				return changed
			})
		}
	}
	return out
}

// moments hands out every moment of a history but those of curves that only begin.
func moments(h *cluster.History, f func(*time.Duration)) {
	in := func(spans cluster.Spans) {
		for i := range spans {
			f(&spans[i].From)
			f(&spans[i].To)
		}
	}
	of := func(s *cluster.Span) { f(&s.From); f(&s.To) }
	in(h.Outages)
	for i := range h.Nodes {
		of(&h.Nodes[i].Life)
		in(h.Nodes[i].Holes)
	}
	for i := range h.KSMs {
		of(&h.KSMs[i].Life)
		in(h.KSMs[i].Holes)
	}
	for i := range h.Kubelets {
		of(&h.Kubelets[i].Life)
		in(h.Kubelets[i].Holes)
	}
	for i := range h.Pods {
		p := &h.Pods[i]
		of(&p.Life)
		for j := range p.Labels {
			f(&p.Labels[j].At)
		}
		for j := range p.Phases {
			f(&p.Phases[j].At)
		}
		for j := range p.Containers {
			c := &p.Containers[j]
			for k := range c.Runs {
				of(&c.Runs[k].Span)
			}
			for _, curve := range []cluster.Curve{c.CPU, c.Memory, c.CPURequest, c.CPULimit, c.MemoryRequest, c.MemoryLimit} {
				for k := range curve {
					f(&curve[k].At)
				}
			}
		}
	}
}
