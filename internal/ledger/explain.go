package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Explanation is what one model's values of a window are made of. Times are in seconds.
type Explanation struct {
	Window  window.Window
	Model   workload.Model
	Sources []Source
	Values  []Value // of each metric in the table
	Pods    []Pod   // sorted
	LeftOut []measure.LeftOut
	Cost    fetch.Cost
}

// Source is how long a source was observed, and how long it was at most between two scrapes
// of one target.
type Source struct {
	Name               string
	Observed, Interval float64
}

// Value is an average, and what it is the sum of.
type Value struct {
	metric.Metric
	metric.Value
	Bound float64 // as in Model
	Terms []Term  // sorted by container
}

// Term is what one container contributes to a value.
type Term struct {
	measure.Container
	Lived   float64 // how long it lived as the model's
	Seen    float64 // how much of that its samples show
	Mean    float64 // while it was seen
	Share   float64 // of the value: its mean times how long it lived, over what was observed
	Changes int     // starts and stops in the window
}

// Pod is a pod and the targets that showed it.
type Pod struct {
	inventory.PodName
	UID     string
	ShownBy []timeline.Target
}

// trace keeps what a ledger does not add up.
type trace struct {
	shownBy map[inventory.PodName][]timeline.Target
	leftOut map[measure.LeftOut]int // samples, by all else
}

func (t *trace) enter(r measure.Result) {
	t.show(r.Pod.Name, r.Pod.ShownBy())
	for _, o := range r.LeftOut {
		n := o.Samples
		o.Samples = 0
		t.leftOut[o] += n
	}
}

func (t *trace) show(pod inventory.PodName, by []timeline.Target) {
	by = slices.Concat(t.shownBy[pod], by)
	slices.SortFunc(by, timeline.Target.Compare)
	t.shownBy[pod] = slices.Compact(by)
}

func (t *trace) add(o *trace) {
	for pod, by := range o.shownBy {
		t.show(pod, by)
	}
	for what, n := range o.leftOut {
		t.leftOut[what] += n
	}
}

// Explain says what a model's values are made of. A model without a type is found by its
// namespace and name.
func (l *Ledger) Explain(w window.Window, m workload.Model, cost fetch.Cost) (*Explanation, error) {
	var found []workload.Model
	for o := range l.models {
		if Matches(m, o) {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, workload.Model.Compare)
	switch {
	case len(found) == 0:
		return nil, fmt.Errorf("the model %s/%s had no pod in %s: check its name and its kind, or choose another window", m.Namespace, m.Name, w)
	case len(found) > 1:
		var several []string
		for _, o := range found {
			several = append(several, strings.TrimSpace(o.Type+" "+o.Cluster))
		}
		return nil, fmt.Errorf("%s/%s is several models: %s: say which of them", m.Namespace, m.Name, strings.Join(several, ", "))
	}
	return l.explain(w, found[0], cost), nil
}

// Matches says whether a model is the one that is asked for, of any type and in any cluster
// where these are empty.
func Matches(asked, m workload.Model) bool {
	return m.Namespace == asked.Namespace && m.Name == asked.Name &&
		(asked.Type == "" || m.Type == asked.Type) && (asked.Cluster == "" || m.Cluster == asked.Cluster)
}

func (l *Ledger) explain(w window.Window, m workload.Model, cost fetch.Cost) *Explanation {
	x := &Explanation{Window: w, Model: m, Cost: cost}
	for i, s := range l.table.Sources {
		x.Sources = append(x.Sources, Source{s.Name, seconds(l.sources[i].observed), seconds(l.sources[i].interval)})
	}
	a := l.models[m]
	values, bounds, _ := l.values(nil, nil, a)
	for i, v := range values {
		of := l.table.Metrics[i]
		x.Values = append(x.Values, l.terms(Value{Metric: of, Value: v, Bound: bounds[i]}, i, a))
	}
	pods := map[string]Pod{}
	for _, c := range a.containers {
		pods[c.Pod.Cluster+"\xff"+c.Pod.Namespace+"\xff"+c.Pod.Name+"\xff"+c.UID] = Pod{c.Pod, c.UID, l.trace.shownBy[c.Pod]}
	}
	for _, key := range slices.Sorted(maps.Keys(pods)) {
		x.Pods = append(x.Pods, pods[key])
	}
	for o, n := range l.trace.leftOut {
		if o.Model == m {
			o.Samples = n
			x.LeftOut = append(x.LeftOut, o)
		}
	}
	slices.SortFunc(x.LeftOut, func(a, b measure.LeftOut) int {
		return cmp.Or(a.Compare(b.Container), cmp.Compare(a.Why, b.Why), cmp.Compare(a.ID, b.ID), a.Target.Compare(b.Target))
	})
	return x
}

// terms adds a value's terms.
func (l *Ledger) terms(v Value, at int, a *account) Value {
	observed := float64(l.sources[l.table.SourceIndex(v.Source)].observed)
	for _, c := range a.containers {
		s := c.metrics[at]
		if observed == 0 || s.life == 0 && v.Fold != metric.Count {
			continue
		}
		t := Term{Container: c.Container, Lived: s.life / 1000, Seen: s.seen / 1000, Changes: s.changes}
		if share, ok := s.share(); ok {
			t.Mean, t.Share = s.integral/s.seen, share/observed
		}
		v.Terms = append(v.Terms, t)
	}
	return v
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }
