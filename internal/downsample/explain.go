package downsample

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Explanation is what one model's values of a window are made of. Times are in seconds.
type Explanation struct {
	Window           window.Window
	Model            workload.Model
	KubeStateMetrics SourceTime
	CAdvisor         SourceTime
	Values           [usage.NumMetrics]ExplainedValue
	Pods             []ExplainedPod // sorted
	LeftOut          []LeftOut      // sorted
	Cost             Cost
}

// SourceTime is how much of the window a kind of source observed, and how long it was at
// most between two scrapes of one target.
type SourceTime struct{ Observed, Interval float64 }

// ExplainedValue is a value, and what it is the sum of.
type ExplainedValue struct {
	usage.Value
	// Uncertain is how far off it can be for not knowing, to within a scrape interval, when
	// containers started and stopped. What values do between two scrapes comes on top.
	Uncertain float64
	Terms     []Term // sorted by pod and container
}

// Term is what one container contributes to a value.
type Term struct {
	Pod       PodID
	Container string  // "" for all of a pod's requests or limits, if nothing happened to it
	Lived     float64 // how long it lived as the model's
	Seen      float64 // how much of that its samples show
	Mean      float64 // while it was seen
	Share     float64 // of the value: its mean times how long it lived, over what was observed
	Changes   int     // starts and stops in the window
}

// PodID is a pod, by its uid where that is told, and its cluster where there are several.
type PodID struct{ Cluster, Namespace, Name, UID string }

func (p PodID) compare(o PodID) int {
	return compareAll(p.Cluster, o.Cluster, p.Namespace, o.Namespace, p.Name, o.Name, p.UID, o.UID)
}

// ExplainedPod is how a pod was looked at.
type ExplainedPod struct {
	PodID
	ToldBy    []string // the kube-state-metrics that know it, by job and instance
	Shortcut  float64  // how long the shortcut did for it
	CloseLook float64  // how long it was looked at closely
}

// Explain computes one model, in the way in which Compute does, and returns what its values
// are made of. A model without a type is found by its namespace and name.
func (d *Downsampler) Explain(ctx context.Context, w window.Window, m workload.Model) (*Explanation, error) {
	is := func(o workload.Model) bool {
		return o.Namespace == m.Namespace && o.Name == m.Name && (m.Type == "" || o.Type == m.Type)
	}
	l := newLedger()
	l.trace = &trace{}
	r, err := d.gather(ctx, w, l, func(p *pod) bool {
		return slices.ContainsFunc(p.owners, func(o ownership) bool { return is(o.model) })
	})
	if err != nil {
		return nil, err
	}
	var found []workload.Model
	for o, e := range l.models {
		if e.known && is(o) {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("the model %s/%s had no pod in %s: check its name and its kind, or choose another window", m.Namespace, m.Name, w)
	}
	if len(found) > 1 {
		var kinds []string
		for _, o := range found {
			kinds = append(kinds, o.Type)
		}
		slices.Sort(kinds)
		return nil, fmt.Errorf("%s/%s is several models, of the kinds %s: name one of them", m.Namespace, m.Name, strings.Join(kinds, ", "))
	}
	x := l.explain(w, found[0])
	x.Cost = r.cost
	return x, nil
}

// explain says what a model's values are made of: the same evidence, added up in the same way.
func (l *ledger) explain(w window.Window, m workload.Model) *Explanation {
	x := &Explanation{
		Window: w, Model: m,
		KubeStateMetrics: SourceTime{seconds(l.observed.kubeStateMetrics), seconds(l.trace.ksmInterval)},
		CAdvisor:         SourceTime{seconds(l.observed.cAdvisor), seconds(l.trace.kubeletInterval)},
		Pods:             l.trace.explainedPods(m),
		LeftOut:          l.trace.leftOut(m),
	}
	e := l.models[m]
	for metric, v := range e.values(l.observed.kubeStateMetrics, l.observed.cAdvisor) {
		x.Values[metric].Value = v
	}
	changes := l.trace.changes(m)
	for _, c := range e.containers {
		running := evidence{life: c.running, seen: c.running, integral: c.running}
		x.add(usage.Containers, c.containerKey, running, changes[c.containerKey])
		x.add(usage.CPUUsage, c.containerKey, c.cpu, changes[c.containerKey])
		x.add(usage.MemoryUsage, c.containerKey, c.memory, changes[c.containerKey])
	}
	for _, r := range l.trace.requests(m) {
		x.add(r.metric, r.containerKey, r.evidence, r.changes)
	}
	return x
}

// add adds a container's term to a value.
func (x *Explanation) add(metric usage.Metric, key containerKey, e evidence, changes int) {
	source := x.KubeStateMetrics
	if metric == usage.CPUUsage || metric == usage.MemoryUsage {
		source = x.CAdvisor
	}
	if e.life == 0 && metric != usage.Containers || source.Observed == 0 {
		return
	}
	t := Term{Pod: key.podID(), Container: key.container, Lived: e.life / 1000, Seen: e.seen / 1000, Changes: changes}
	if sum, ok := e.weighted(); ok {
		t.Mean, t.Share = e.integral/e.seen, sum/1000/source.Observed
	}
	v := &x.Values[metric]
	v.Terms = append(v.Terms, t)
	v.Uncertain += float64(changes) * max(x.KubeStateMetrics.Interval, source.Interval) * math.Abs(t.Mean) / source.Observed
}

func (k containerKey) podID() PodID { return PodID{k.pod.cluster, k.pod.namespace, k.pod.pod, k.uid} }

func seconds(ms int64) float64 { return float64(ms) / 1000 }

// trace keeps what a ledger adds up.
type trace struct {
	entries                      []*entries
	pods                         []*pod // slice by slice
	rows                         []usageRow
	inits                        map[podName][]string // init containers that run to completion
	ksmInterval, kubeletInterval int64                // milliseconds
}

func (t *trace) changes(m workload.Model) map[containerKey]int {
	all := map[containerKey]int{}
	for _, part := range t.entries {
		for _, a := range part.accounts {
			if a.model == m {
				all[a.containerKey] += a.changes
			}
		}
	}
	return all
}

// requests adds up what each container requested, over the slices.
func (t *trace) requests(m workload.Model) []requestEntry {
	var all []requestEntry
	for _, part := range t.entries {
		for _, r := range part.requests {
			if r.model == m {
				all = append(all, r)
			}
		}
	}
	compare := func(a, b requestEntry) int {
		return cmp.Or(cmp.Compare(a.metric, b.metric), a.containerKey.compare(b.containerKey))
	}
	slices.SortStableFunc(all, compare)
	var sums []requestEntry
	for _, r := range all {
		if last := len(sums) - 1; last >= 0 && compare(sums[last], r) == 0 {
			sums[last].add(r.evidence)
			sums[last].changes += r.changes
		} else {
			sums = append(sums, r)
		}
	}
	return sums
}

// explainedPods says of each of the model's pods how it was looked at.
func (t *trace) explainedPods(m workload.Model) []ExplainedPod {
	all := map[PodID]*ExplainedPod{}
	for _, part := range t.entries {
		lengths := map[PodID]float64{}
		for _, a := range part.accounts {
			if a.model == m {
				lengths[a.podID()] = seconds(part.slice.length())
			}
		}
		for id, length := range lengths {
			if all[id] == nil {
				all[id] = &ExplainedPod{PodID: id, ToldBy: t.toldBy(id)}
			}
			if part.shortcut {
				all[id].Shortcut += length
			} else {
				all[id].CloseLook += length
			}
		}
	}
	out := make([]ExplainedPod, 0, len(all))
	for _, p := range all {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b ExplainedPod) int { return a.compare(b.PodID) })
	return out
}

func (t *trace) toldBy(id PodID) []string {
	var all []string
	for _, p := range t.pods {
		if p.podName == (podName{id.Cluster, id.Namespace, id.Name}) {
			for _, k := range p.knowing {
				all = append(all, k.String())
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// String names a target as Prometheus' own pages do.
func (t target) String() string {
	return strings.TrimSpace(t.job + " " + t.instance + " " + t.path)
}
