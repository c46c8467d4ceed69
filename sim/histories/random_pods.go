package histories

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// people decides on models and pods.
func (r *dice) people() {
	r.namespaces = []string{"red", "white", "rose"}[:1+r.IntN(3)]
	for _, name := range []string{"wine", "beer", "tea.v1.2", "tea-v1-2"}[:2+r.IntN(3)] {
		kind := pick(r, cluster.SeldonLabel, cluster.SeldonLabel, cluster.KServeLabel, cluster.KubeflowLabel)
		r.models = append(r.models, label(kind, name))
	}
	r.models = append(r.models, func(p *cluster.Pod) { seldon("wine")(p); kserve("beer")(p) })
	for i := range 3 + r.IntN(8) {
		r.slot(fmt.Sprintf("serving-%d", i/2), r.namespaces[i%len(r.namespaces)], i)
	}
}

// slot fills a pod name with one pod after the other.
func (r *dice) slot(name, namespace string, i int) {
	if len(r.namespaces) == 1 {
		name += fmt.Sprintf(".%d", i)
	}
	owner := pick(r, r.models...)
	from := begin
	if r.oneIn(3) {
		from = r.second(span(0, r.window))
	}
	for from < r.window+1*m {
		to := end
		switch r.IntN(6) {
		case 0, 1:
			to = max(from, 0) + r.second(span(1*m, r.window))
		case 2:
			if from >= 0 { // a few scrapes, or none
				to = from + r.second(span(5*s, 3*m))
			}
		}
		life, node := r.place(span(from, to))
		if life.Length() > boot+s {
			// Without uids nobody can tell, within a scrape interval, what was the one
			// pod's and what its successor's.
			if r.uids && r.oneIn(4) {
				owner = pick(r, append(r.models, func(*cluster.Pod) {})...)
			}
			r.somePod(name, namespace, owner, life, node)
		}
		if life.To >= end {
			return
		}
		from = max(life.To, from) + pick(r, 1*s, 2*s, 20*s, r.second(span(1*s, 5*m)))
	}
}

// place chooses a node, and cuts a life to what that node lived.
func (r *dice) place(life cluster.Span) (cluster.Span, string) {
	n := pick(r, r.Nodes...)
	if in := life.And(n.Life); in.Length() > 0 {
		return in, n.Name
	}
	return life, r.Nodes[0].Name // it is always there
}

func (r *dice) somePod(name, namespace string, owner podPart, life cluster.Span, node string) {
	parts := []podPart{in(namespace), on(node), lives(life.From, life.To), owner}
	alive := span(life.From+boot, life.To) // its containers' time
	now := alive.And(span(0, r.window))    // and the part where something may happen

	started := alive.From
	if r.oneIn(6) { // it is slow to start
		started = min(r.second(span(alive.From, alive.From+3*m)), max(alive.From, alive.To-2*s))
	}
	parts = append(parts, phase(life.From, cluster.Pending), phase(started, cluster.Running))
	alive.From = started
	if r.oneIn(5) && now.Length() > 1*m && life.To == end { // it ends, and stays
		if ended := r.second(now); ended > started {
			alive.To = ended
			parts = append(parts, phase(ended, pick(r, cluster.Succeeded, cluster.Failed)))
		}
	}
	if started > life.From+boot && r.oneIn(2) {
		parts = append(parts, container("storage-initializer", role(cluster.Init), uses(2, 1*Gi), requests(4, 8*Gi),
			runs(span(life.From+1*s, started))))
	}
	if r.oneIn(6) && now.Length() > 1*m && (r.uids || life.To == end) {
		parts = append(parts, r.relabel(r.second(now)))
	}
	for i := range 1 + r.IntN(3) {
		parts = append(parts, r.someContainer(fmt.Sprintf("container-%d", i), alive))
	}
	if r.sidecars && r.oneIn(5) {
		parts = append(parts, plain("istio-proxy", role(cluster.Sidecar), runs(alive)))
	}
	p := r.pod(name, parts...)
	if now.Length() > 2*m && r.oneIn(6) {
		resized(span(r.second(now), pick(r, end, now.To-1*s)), pick(r, 0.5, 2, 3))(p)
	}
}

// relabel gives the pod to another model, or to nobody.
func (r *dice) relabel(at time.Duration) podPart {
	to := pick(r, "beer", "wine", "")
	return func(p *cluster.Pod) {
		key := cluster.SeldonLabel
		if p.Labels == nil || at <= p.Life.From {
			return
		}
		labelFrom(at, key, to)(p)
	}
}

func (r *dice) someContainer(name string, alive cluster.Span) podPart {
	cores, bytes := math.Round(r.Float64()*200)/100, math.Round(1+r.Float64()*500)*Mi
	cpu, memory := r.curve(cores, alive), r.curve(bytes, alive)
	parts := []containerPart{moves(cpu, memory), runs(r.someRuns(alive)...)}
	if !r.oneIn(5) {
		parts = append(parts, requests(cores+0.1, bytes*1.5))
	}
	if r.oneIn(2) {
		parts = append(parts, limits(cores+1, bytes*2))
	}
	if r.oneIn(10) {
		parts = append(parts, func(c *cluster.Container) { c.Nested = true })
	}
	return container(name, parts...)
}

// curve returns a value that mostly stays where it is.
func (r *dice) curve(v float64, alive cluster.Span) cluster.Curve {
	now := alive.And(span(0, r.window))
	if now.Length() < 1*m {
		return cluster.Flat(v)
	}
	switch r.IntN(8) {
	case 0:
		return cluster.Flat(v).Then(r.second(now), v*r.Float64()*3)
	case 1:
		return cluster.Curve{{At: alive.From, Level: v, Swing: v * r.Float64(), Period: r.second(span(2*m, 20*m))}}
	case 2:
		rise := v * r.Float64() / now.Length().Seconds()
		return cluster.Curve{{At: cluster.Beginning, Level: v}, {At: now.From, Level: v, Slope: rise}, {At: now.To, Level: v}}
	}
	return cluster.Flat(v)
}

// someRuns returns when a container runs: mostly all the time.
func (r *dice) someRuns(alive cluster.Span) []cluster.Span {
	now := alive.And(span(0, r.window))
	if now.Length() < 20*s {
		return []cluster.Span{alive}
	}
	switch r.IntN(10) {
	case 0, 1: // it restarts, once or a few times
		cuts := []time.Duration{r.second(now), r.second(now), r.second(now)}[:1+r.IntN(3)]
		slices.Sort(cuts)
		var out []cluster.Span
		from := alive.From
		for _, cut := range cuts {
			if cut > from+1*s {
				out = append(out, span(from, cut))
				from = min(cut+pick(r, 0, 1*s, 10*s, 1*m), alive.To-1*s)
			}
		}
		return append(out, span(from, alive.To))
	case 2: // it crashes again and again
		return crashes(now.From, now.To, r.second(span(10*s, 4*m)), r.second(span(1*s, 2*m)))
	case 3: // it ends
		if cut := r.second(now); cut > alive.From {
			return []cluster.Span{span(alive.From, cut)}
		}
	case 4:
		if r.oneIn(3) {
			return []cluster.Span{} // it never starts
		}
	}
	return []cluster.Span{alive}
}
