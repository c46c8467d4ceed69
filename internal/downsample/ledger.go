package downsample

import (
	"cmp"
	"slices"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// containerKey is one model's container, through all its restarts.
type containerKey struct {
	model     workload.Model
	pod       podName
	uid       string
	container string
}

func (k containerKey) compare(o containerKey) int {
	return cmp.Or(k.model.Compare(o.model), k.pod.compare(o.pod), cmp.Compare(k.uid, o.uid), cmp.Compare(k.container, o.container))
}

// evidence is what was seen of one metric of one container. Times are in milliseconds.
type evidence struct {
	life     float64 // how long it lived
	seen     float64 // how much of that its samples show
	integral float64 // of its value, over what was seen
}

// weighted is the container's share of its model's value: its mean over what was seen,
// times its life.
func (e evidence) weighted() (float64, bool) {
	if e.seen <= 0 || e.life <= 0 {
		return 0, false
	}
	return e.integral / e.seen * e.life, true
}

func (e *evidence) add(o evidence) {
	e.life += o.life
	e.seen += o.seen
	e.integral += o.integral
}

// account is the evidence on one container.
type account struct {
	running     float64 // milliseconds
	cpu, memory evidence
}

// ledger gathers a window's evidence, slice by slice.
type ledger struct {
	mu         sync.Mutex
	containers map[containerKey]*account
	requests   map[workload.Model]*[usage.NumMetrics]evidence
	known      map[workload.Model]bool // models that had a pod while it was observed
	found      bool                    // any model's pod, be it another shard's
	observed   struct{ kubeStateMetrics, cAdvisor int64 }
}

func newLedger() *ledger {
	return &ledger{
		containers: map[containerKey]*account{},
		requests:   map[workload.Model]*[usage.NumMetrics]evidence{},
		known:      map[workload.Model]bool{},
	}
}

// entries are evidence gathered aside, to be entered at one stroke once it is complete.
type entries struct {
	accounts []accountEntry
	requests []requestEntry
	known    []workload.Model
}

type accountEntry struct {
	containerKey
	account
}

type requestEntry struct {
	model  workload.Model
	metric usage.Metric
	evidence
}

func (l *ledger) enter(e *entries) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range e.accounts {
		a := l.containers[x.containerKey]
		if a == nil {
			a = &account{}
			l.containers[x.containerKey] = a
		}
		a.running += x.running
		a.cpu.add(x.cpu)
		a.memory.add(x.memory)
	}
	for _, x := range e.requests {
		r := l.requests[x.model]
		if r == nil {
			r = &[usage.NumMetrics]evidence{}
			l.requests[x.model] = r
		}
		r[x.metric].add(x.evidence)
	}
	for _, m := range e.known {
		l.known[m] = true
	}
}

// averages divides what was gathered by what was observed.
func (l *ledger) averages(w window.Window) *Averages {
	models := map[workload.Model]*usage.Values{}
	for m := range l.known {
		models[m] = &usage.Values{usage.Containers: {OK: true}}
	}
	add := func(m workload.Model, metric usage.Metric, sum float64, observed int64) {
		v := models[m]
		if v == nil || observed == 0 {
			return
		}
		v[metric] = usage.Value{V: v[metric].V + sum/float64(observed), OK: true}
	}
	keys := make([]containerKey, 0, len(l.containers))
	for k := range l.containers {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, containerKey.compare)
	for _, k := range keys {
		a := l.containers[k]
		add(k.model, usage.Containers, a.running, l.observed.kubeStateMetrics)
		if sum, ok := a.cpu.weighted(); ok {
			add(k.model, usage.CPUUsage, sum, l.observed.cAdvisor)
		}
		if sum, ok := a.memory.weighted(); ok {
			add(k.model, usage.MemoryUsage, sum, l.observed.cAdvisor)
		}
	}
	for m, r := range l.requests {
		for metric, e := range r {
			if e.life > 0 {
				add(m, usage.Metric(metric), e.integral, l.observed.kubeStateMetrics)
			}
		}
	}
	period := float64(w.Period().Milliseconds())
	out := &Averages{Window: w, Coverage: Coverage{
		KubeStateMetrics: float64(l.observed.kubeStateMetrics) / period,
		CAdvisor:         float64(l.observed.cAdvisor) / period,
	}}
	for m, v := range models {
		out.Models = append(out.Models, Model{Model: m, Values: *v})
	}
	slices.SortFunc(out.Models, func(a, b Model) int { return a.Compare(b.Model) })
	return out
}
