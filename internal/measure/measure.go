// Package measure turns the samples of one pod into evidence: what each of its containers
// used, over which life, as whose. Pure.
package measure

import (
	"cmp"
	"maps"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Evidence is what was seen of one metric of one container in a span of time. Times are in
// milliseconds.
type Evidence struct {
	Model workload.Model
	Container
	Metric   int     // its place in the table
	Life     float64 // how long it lived while its source was observed
	Seen     float64 // how much of that its samples show
	Integral float64 // of its value over what was seen
	Changes  int     // its starts and stops, each known to within a scrape interval
	Interval int64   // the longest scrape interval by which it was judged
}

// Container is one of a pod's containers, through all its restarts.
type Container struct {
	Pod  inventory.PodName
	UID  string // of the pod, empty where kube-state-metrics shows none
	Name string
}

// Compare orders containers.
func (c Container) Compare(o Container) int {
	return cmp.Or(c.Pod.Compare(o.Pod), cmp.Compare(c.UID, o.UID), cmp.Compare(c.Name, o.Name))
}

// Samples are the series of one pod.
type Samples struct {
	Sources [][]promapi.Series // of each source in the table
	Phases  []promapi.Series   // none where NeedsPhases says no
}

// Result is what a pod's samples come to.
type Result struct {
	Pod      *inventory.Pod
	Models   []workload.Model // that had the pod while it was observed
	Evidence []Evidence
	LeftOut  []LeftOut
	Invalid  int // series that were left out because a value is not a number
}

// Measurer measures pods of one inventory.
type Measurer struct {
	Table     metric.Table
	Inventory *inventory.Inventory
	Since     int64 // from when on counters count: the start of the window
}

// Pod measures a pod.
func (m Measurer) Pod(p *inventory.Pod, in Samples) Result {
	out := Result{Pod: p, Evidence: make([]Evidence, 0, len(in.Sources[0]))}
	valid, invalid := finite(in.Sources)
	in.Sources = valid
	var sources []*usage
	seen := map[string]timeline.Span{}
	for i := 1; i < len(m.Table.Sources); i++ {
		u := m.newUsage(i, valid[i])
		u.noteUIDs(seen)
		sources = append(sources, u)
	}
	tenures := p.Tenures(m.state(), seen)
	m.leaveOutInvalid(p, tenures, invalid, &out)
	following := succession(seen)
	state, phases, ofUID := byUID(in.Sources[0]), byUID(in.Phases), map[string][]int{}
	for n, t := range tenures {
		ofUID[t.UID] = append(ofUID[t.UID], n)
	}
	for n, t := range tenures {
		if t.Spans.Intersect(m.state().Observed).Length() == 0 {
			continue
		}
		out.Models = append(out.Models, t.Model)
		own := state.of(t.UID)
		running := m.running(p, t, own)
		m.levels(p, t, own, phases.of(t.UID), &out)
		until := succeeded(t, following)
		for _, container := range slices.Sorted(maps.Keys(running)) {
			c := Container{p.Name, t.UID, container}
			m.counts(t, c, running[container], &out)
			for _, u := range sources {
				m.usage(life{tenures: tenures, mine: n, sameUID: ofUID[t.UID], container: c, running: running[container], until: until}, u, &out)
			}
		}
		for _, u := range sources {
			u.unlisted(t, p, running, &out)
		}
	}
	for _, u := range sources {
		u.strangers(tenures, p, &out)
	}
	return out
}

// noteUIDs notes when rows of each uid were seen, from their first sample to the last that changed:
// a kubelet may go on showing a dead container for minutes.
func (u *usage) noteUIDs(seen map[string]timeline.Span) {
	for _, set := range u.rows {
		for uid, byMetric := range set.byUID {
			for _, r := range slices.Concat(byMetric...) {
				s, ok := seen[uid]
				if t := first(r.all); !ok || t < s.From {
					s = timeline.Span{From: t, To: max(t, s.To)}
				}
				for n := len(r.all) - 1; n > 0 && r.all[n].T > s.To; n-- {
					if r.all[n].V != r.all[n-1].V {
						s.To = r.all[n].T
					}
				}
				seen[uid] = s
			}
		}
	}
}

// beginning is when rows first showed a pod.
type beginning struct {
	uid string
	at  int64
}

// succession returns the pods of which rows say that they are theirs, in the order in which they
// were first seen.
func succession(seen map[string]timeline.Span) []beginning {
	all := make([]beginning, 0, len(seen))
	for uid, r := range seen {
		all = append(all, beginning{uid, r.From})
	}
	slices.SortFunc(all, func(a, b beginning) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.uid, b.uid)) })
	return all
}

// succeeded returns when rows first showed another pod of the name, since kube-state-metrics
// showed the one of the tenure last: that one has ended then. It is beyond all times where none did.
func succeeded(t inventory.Tenure, following []beginning) int64 {
	n, _ := slices.BinarySearchFunc(following, t.Shown.To+1, func(b beginning, at int64) int { return cmp.Compare(b.at, at) })
	for _, b := range following[n:] {
		if t.UID != "" && b.uid != t.UID {
			return b.at
		}
	}
	return first(nil)
}

// finite divides each source's series by whether they hold a value that is not a number:
// nothing can be made of such a series, and everybody else's values do without.
func finite(sources [][]promapi.Series) (valid, invalid [][]promapi.Series) {
	valid, invalid = slices.Clone(sources), make([][]promapi.Series, len(sources))
	for i, rows := range sources {
		if !slices.ContainsFunc(rows, infinite) {
			continue
		}
		valid[i] = nil
		for _, row := range rows {
			to := valid
			if infinite(row) {
				to = invalid
			}
			to[i] = append(to[i], row)
		}
	}
	return valid, invalid
}

// leaveOutInvalid notes the series that are not finite.
func (m Measurer) leaveOutInvalid(p *inventory.Pod, tenures []inventory.Tenure, invalid [][]promapi.Series, out *Result) {
	for i, rows := range invalid {
		for _, row := range rows {
			out.Invalid++
			for _, t := range tenures {
				c := Container{p.Name, t.UID, inventory.Label(row.Labels, "container")}
				out.LeftOut = append(out.LeftOut, LeftOut{t.Model, c, row.Labels.Get("__name__"), m.Inventory.Target(row.Labels, m.Table.Sources[i]), notANumber, len(row.Samples)})
			}
		}
	}
}

// infinite says whether a series holds a NaN or an infinity, which are not 0 less themselves.
func infinite(row promapi.Series) bool {
	var sum float64
	for _, s := range row.Samples {
		sum += s.V - s.V
	}
	return sum != 0
}

// state is kube-state-metrics' targets, which say what there is.
func (m Measurer) state() *timeline.Targets { return m.Inventory.Targets[0] }

// counts enters each container as 1 while it runs.
func (m Measurer) counts(t inventory.Tenure, c Container, running timeline.Spans, out *Result) {
	life := running.Intersect(t.Spans)
	seen := float64(life.Intersect(m.state().Observed).Length())
	for i, of := range m.Table.Metrics {
		if of.Fold == metric.Count {
			out.Evidence = append(out.Evidence, Evidence{
				Model: t.Model, Container: c, Metric: i, Life: seen, Seen: seen, Integral: seen,
				Changes: life.Changes(m.Inventory.Span), Interval: m.state().Interval,
			})
		}
	}
}

// stateRows are series of kube-state-metrics by the uid of their pod, which it shows from 2.1
// on.
type stateRows map[string][]promapi.Series

func byUID(rows []promapi.Series) stateRows {
	out := stateRows{}
	for _, row := range rows {
		uid := row.Labels.Get("uid")
		out[uid] = append(out[uid], row)
	}
	return out
}

// of returns the series that may be about the pod with the uid.
func (s stateRows) of(uid string) []promapi.Series {
	if uid != "" {
		return slices.Concat(s[uid], s[""])
	}
	var all []promapi.Series
	for _, uid := range slices.Sorted(maps.Keys(s)) {
		all = append(all, s[uid]...)
	}
	return all
}

// note enters when a target showed something.
func (m Measurer) note(seen timeline.Sightings, row promapi.Series, samples []promapi.Sample, shows func(float64) bool) {
	times := make([]int64, 0, len(samples))
	for _, s := range samples {
		if shows(s.V) {
			times = append(times, s.T)
		}
	}
	seen.Add(m.Inventory.Target(row.Labels, m.Table.Sources[0]), times...)
}

func isOne(v float64) bool { return v == 1 }

// running returns when each of the pod's containers ran. Of the init containers, those that
// go on running count.
func (m Measurer) running(p *inventory.Pod, t inventory.Tenure, rows []promapi.Series) map[string]timeline.Spans {
	seen := map[string]timeline.Sightings{}
	for _, row := range rows {
		name := row.Labels.Get("__name__")
		if name != metric.ContainerRunning && name != metric.InitRunning {
			continue
		}
		container := inventory.Label(row.Labels, "container")
		if name == metric.InitRunning && !slices.Contains(p.Sidecars, container) {
			continue
		}
		if seen[container] == nil {
			seen[container] = timeline.Sightings{}
		}
		m.note(seen[container], row, row.Samples, isOne)
	}
	out := make(map[string]timeline.Spans, len(seen))
	for container, sightings := range seen {
		out[container] = t.Presence.Life(sightings)
	}
	return out
}
