package downsample

import (
	"cmp"
	"slices"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// containerKey is a container of a pod, through all its restarts.
type containerKey struct {
	pod       podName
	uid       string
	container string
}

func (k containerKey) compare(o containerKey) int {
	return cmp.Or(k.pod.compare(o.pod), cmp.Compare(k.uid, o.uid), cmp.Compare(k.container, o.container))
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

func (a *account) add(o account) {
	a.running += o.running
	a.cpu.add(o.cpu)
	a.memory.add(o.memory)
}

// ledger gathers a window's evidence, slice by slice.
type ledger struct {
	mu       sync.Mutex
	models   map[workload.Model]*modelEvidence
	found    bool // any pod of a model, of this shard or of another's
	observed struct{ kubeStateMetrics, cAdvisor int64 }
	trace    *trace // of what is entered, where somebody wants to see it
}

// modelEvidence is the evidence on one model.
type modelEvidence struct {
	known      bool                // it had a pod while it was observed
	containers []containerEvidence // sorted
	requests   [usage.NumMetrics]evidence
}

type containerEvidence struct {
	containerKey
	account
}

func newLedger() *ledger { return &ledger{models: map[workload.Model]*modelEvidence{}} }

// entries are evidence gathered aside, to be entered at one stroke once it is complete.
type entries struct {
	slice    span
	shortcut bool
	accounts []accountEntry
	requests []requestEntry
	known    []workload.Model
}

type accountEntry struct {
	model workload.Model
	containerKey
	account
	changes  int // starts and stops in the slice
	outlived int // samples of dead containers' rows, from after their successors began
}

// requestEntry is what a container requested, or all of a pod's where none is named.
type requestEntry struct {
	model  workload.Model
	metric usage.Metric
	containerKey
	evidence
	changes int
}

func (l *ledger) enter(e *entries) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range e.accounts {
		l.model(x.model).container(x.containerKey).add(x.account)
	}
	for _, x := range e.requests {
		l.model(x.model).requests[x.metric].add(x.evidence)
	}
	for _, m := range e.known {
		l.model(m).known = true
	}
	if l.trace != nil {
		l.trace.entries = append(l.trace.entries, e)
	}
}

func (l *ledger) model(m workload.Model) *modelEvidence {
	e := l.models[m]
	if e == nil {
		e = &modelEvidence{}
		l.models[m] = e
	}
	return e
}

// container returns the account of a container, valid until another is asked for.
func (e *modelEvidence) container(key containerKey) *account {
	i, found := slices.BinarySearchFunc(e.containers, key, func(c containerEvidence, key containerKey) int {
		return c.containerKey.compare(key)
	})
	if !found {
		e.containers = slices.Insert(e.containers, i, containerEvidence{containerKey: key})
	}
	return &e.containers[i].account
}

// averages divides what was gathered by what was observed.
func (l *ledger) averages(w window.Window) *Averages {
	period := float64(w.Period().Milliseconds())
	out := &Averages{Window: w, Coverage: Coverage{
		KubeStateMetrics: float64(l.observed.kubeStateMetrics) / period,
		CAdvisor:         float64(l.observed.cAdvisor) / period,
	}}
	for m, e := range l.models {
		if e.known {
			out.Models = append(out.Models, Model{m, e.values(l.observed.kubeStateMetrics, l.observed.cAdvisor)})
		}
	}
	slices.SortFunc(out.Models, func(a, b Model) int { return a.Compare(b.Model) })
	return out
}

// values adds the containers up in their order, which is always the same, and divides by the
// milliseconds for which each kind of source was observed.
func (e *modelEvidence) values(kubeStateMetrics, cAdvisor int64) usage.Values {
	v := usage.Values{usage.Containers: {OK: true}}
	add := func(metric usage.Metric, sum float64, observed int64) {
		if observed > 0 {
			v[metric] = usage.Value{V: v[metric].V + sum/float64(observed), OK: true}
		}
	}
	for _, a := range e.containers {
		add(usage.Containers, a.running, kubeStateMetrics)
		if sum, ok := a.cpu.weighted(); ok {
			add(usage.CPUUsage, sum, cAdvisor)
		}
		if sum, ok := a.memory.weighted(); ok {
			add(usage.MemoryUsage, sum, cAdvisor)
		}
	}
	for metric, r := range e.requests {
		if r.life > 0 {
			add(usage.Metric(metric), r.integral, kubeStateMetrics)
		}
	}
	return v
}
