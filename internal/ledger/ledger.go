// Package ledger adds evidence up to averages, and explains each from the same records.
package ledger

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Averages is what one window came to. It is immutable once made.
type Averages struct {
	Upstream string // the name of what was read, empty if it has none
	Window   window.Window
	Metrics  []metric.Metric
	Coverage []Coverage // of each source
	Models   []Model    // sorted by workload.Model.Compare
	Invalid  int        // series and values that were left out because they are not numbers
	Cost     fetch.Cost
}

// Coverage is how much of the window a source observed, from 0 to 1.
type Coverage struct {
	Source string
	Ratio  float64
}

// CoverageOf returns how much of the window a source observed, 0 for one that is unknown.
func (a *Averages) CoverageOf(source string) float64 {
	for _, c := range a.Coverage {
		if c.Source == source {
			return c.Ratio
		}
	}
	return 0
}

// Model is one model's averages.
type Model struct {
	workload.Model
	Values []metric.Value // of each metric
	// Bounds is how far off each value can be for not knowing, to within a scrape interval, when
	// containers started and stopped. What values do between two scrapes comes on top.
	Bounds []float64
}

// Ledger gathers the evidence on one window, which may come span by span.
type Ledger struct {
	table metric.Table

	mu      sync.Mutex
	models  map[workload.Model]*account
	sources []sourceTime
	invalid int
	trace   *trace // what an explanation needs besides, nil where there will be none
}

// sourceTime is how long a source was observed, and its longest scrape interval, in
// milliseconds.
type sourceTime struct{ observed, interval int64 }

// account is the evidence on one model, by container.
type account struct{ containers []containerSums }

type containerSums struct {
	measure.Container
	metrics []sums
}

// sums add up the evidence on one metric of one container. Times are in milliseconds.
type sums struct {
	life, seen, integral float64
	doubt                float64 // how far the integral may be off for what scrapes leave unknown
	changes              int
}

func (s *sums) add(o sums) {
	s.life += o.life
	s.seen += o.seen
	s.integral += o.integral
	s.doubt += o.doubt
	s.changes += o.changes
}

// share is the container's part of its model's value, times the observed time: its mean over
// what was seen, times its life.
func (s sums) share() (float64, bool) {
	if s.seen <= 0 || s.life <= 0 {
		return 0, false
	}
	return s.integral / s.seen * s.life, true
}

// New returns an empty ledger, which can explain if it is traced.
func New(table metric.Table, traced bool) *Ledger {
	l := &Ledger{table: table, models: map[workload.Model]*account{}, sources: make([]sourceTime, len(table.Sources))}
	if traced {
		l.trace = &trace{map[inventory.PodName][]timeline.Target{}, map[measure.LeftOut]int{}}
	}
	return l
}

// Empty returns a ledger like this one with nothing in it.
func (l *Ledger) Empty() *Ledger { return New(l.table, l.trace != nil) }

// Observe enters for how long each source was observed in a span.
func (l *Ledger) Observe(inv *inventory.Inventory) {
	for i, t := range inv.Targets {
		l.sources[i].observed += t.Observed.Length()
		l.sources[i].interval = max(l.sources[i].interval, t.Interval)
	}
}

// Enter adds what one pod's samples came to. It may be called by several goroutines.
func (l *Ledger) Enter(r measure.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range r.Models {
		l.account(m)
	}
	l.invalid += r.Invalid
	for _, e := range r.Evidence {
		s := sums{life: e.Life, seen: e.Seen, integral: e.Integral, changes: e.Changes}
		if e.Seen > 0 {
			s.doubt = float64(int64(e.Changes)*e.Interval) * math.Abs(e.Integral/e.Seen)
		}
		l.account(e.Model).sums(e.Container, e.Metric, len(l.table.Metrics)).add(s)
	}
	if l.trace != nil {
		l.trace.enter(r)
	}
}

// Add enters all that another ledger holds.
func (l *Ledger) Add(o *Ledger) {
	for i, s := range o.sources {
		l.sources[i].observed += s.observed
		l.sources[i].interval = max(l.sources[i].interval, s.interval)
	}
	l.invalid += o.invalid
	for m, a := range o.models {
		if l.models[m] == nil {
			l.models[m] = a
			continue
		}
		for _, c := range a.containers {
			for i, s := range c.metrics {
				l.models[m].sums(c.Container, i, len(c.metrics)).add(s)
			}
		}
	}
	if l.trace != nil {
		l.trace.add(o.trace)
	}
}

func (l *Ledger) account(m workload.Model) *account {
	a := l.models[m]
	if a == nil {
		a = &account{}
		l.models[m] = a
	}
	return a
}

// sums returns those of one metric of a container, valid until another container's are asked
// for.
func (a *account) sums(c measure.Container, at, metrics int) *sums {
	i, found := slices.BinarySearchFunc(a.containers, c, func(s containerSums, c measure.Container) int { return s.Compare(c) })
	if !found {
		a.containers = slices.Insert(a.containers, i, containerSums{c, make([]sums, metrics)})
	}
	return &a.containers[i].metrics[at]
}

// Averages divides what was gathered by what was observed.
func (l *Ledger) Averages(w window.Window, cost fetch.Cost) *Averages {
	out := &Averages{Window: w, Metrics: l.table.Metrics, Invalid: l.invalid, Cost: cost}
	for i, s := range l.table.Sources {
		ratio := float64(l.sources[i].observed) / float64(w.Period()/time.Millisecond)
		out.Coverage = append(out.Coverage, Coverage{s.Name, ratio})
	}
	size := len(l.models) * len(l.table.Metrics)
	values, bounds := make([]metric.Value, 0, size), make([]float64, 0, size) // each one piece of memory
	for m, a := range l.models {
		begin := len(values)
		var tooLarge int
		values, bounds, tooLarge = l.values(values, bounds, a)
		end := len(values)
		out.Models = append(out.Models, Model{m, values[begin:end:end], bounds[begin:end:end]})
		out.Invalid += tooLarge
	}
	slices.SortFunc(out.Models, func(a, b Model) int { return a.Compare(b.Model) })
	return out
}

// values appends a model's averages and their bounds: the containers are added up in their order, which is
// always the same, and divided by the time for which the metric's source was observed. A sum
// that is too large for a number is left out, and counted.
func (l *Ledger) values(to []metric.Value, bounds []float64, a *account) (_ []metric.Value, _ []float64, tooLarge int) {
	for i, m := range l.table.Metrics {
		observed := l.sources[l.table.SourceIndex(m.Source)].observed
		v := metric.Value{OK: m.Fold == metric.Count && observed > 0} // a pod whose containers never ran counts, as none
		bound := 0.0
		for _, c := range a.containers {
			if share, ok := c.metrics[i].share(); ok && observed > 0 {
				v = metric.Value{V: v.V + share/float64(observed), OK: true}
				bound += c.metrics[i].doubt / float64(observed)
			}
		}
		if v.V-v.V != 0 {
			v = metric.Value{}
			tooLarge++
		}
		to, bounds = append(to, v), append(bounds, bound)
	}
	return to, bounds, tooLarge
}
