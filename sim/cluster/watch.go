package cluster

import (
	"math"
	"time"
)

// target is one scrape target, and when scraping it works.
type target struct {
	Schedule
	life    Span
	scraped Spans // it lives, answers, and Prometheus is there to ask
}

func newTarget(s Schedule, life Span, down ...Spans) target {
	var holes []Span
	for _, d := range down {
		holes = append(holes, d...)
	}
	return target{Schedule: s, life: life, scraped: Spans{life}.Without(Union(holes...))}
}

// tick returns the last scheduled scrape before t.
func (s Schedule) tick(t time.Duration) time.Duration {
	n := math.Ceil(float64(t-s.Offset)/float64(s.Every)) - 1
	at := s.Offset + time.Duration(n)*s.Every
	for at >= t { // a float64 holds an offset of years only to the microsecond
		at -= s.Every
	}
	for at+s.Every < t {
		at += s.Every
	}
	return at
}

// before returns the last scrape before t that worked.
func (g target) before(t time.Duration) time.Duration {
	for i := len(g.scraped) - 1; i >= 0; i-- {
		s := g.scraped[i]
		if s.From >= t {
			continue
		}
		if at := g.tick(min(t, s.To)); at >= s.From {
			return at
		}
	}
	return Beginning
}

// after returns the first scrape at t or later that works.
func (g target) after(t time.Duration) time.Duration {
	for _, s := range g.scraped {
		if s.To <= t {
			continue
		}
		if at := g.tick(max(t, s.From)) + g.Every; at < s.To {
			return at
		}
	}
	return Forever
}

// count returns how many scrapes of a span work, counting no further than limit.
func (g target) count(s Span, limit int) int {
	n := 0
	for at := g.after(s.From); at < s.To && n < limit; at = g.after(at + 1) {
		n++
	}
	return n
}

// targets are the targets of one kind, or those of them that see one thing.
type targets []target

// silence returns the time around t in which no target is scraped: an event at t can
// have happened anywhere in it.
func (gs targets) silence(t time.Duration) Span {
	if t >= Forever {
		return Span{} // what never happens is in no doubt
	}
	out := Span{Beginning, Forever}
	for _, g := range gs {
		out.From, out.To = max(out.From, g.before(t)), min(out.To, g.after(t))
	}
	return out
}

// longest returns the longest scrape interval.
func (gs targets) longest() time.Duration {
	var every time.Duration
	for _, g := range gs {
		every = max(every, g.Every)
	}
	return every
}

// outage is the number of scrape intervals of silence from which on the time of silence
// is not observed. Less is a failed scrape, and changes nothing.
const outage = 2.5

func regular(silence Span, every time.Duration) bool {
	return float64(silence.Length()) <= outage*float64(every)
}

// scraped returns when any of the targets is scraped.
func (gs targets) scraped() Spans {
	var all []Span
	for _, g := range gs {
		all = append(all, g.scraped...)
	}
	return Union(all...)
}

// observed returns the time of a window that the targets observed: all but their outages. A
// silence at its end counts up to there: a window has the same values whenever it is computed, and nothing
// after it is read.
func (gs targets) observed(window Span) Spans {
	scraped := gs.scraped()
	var outages Spans
	for _, hole := range scraped.Not() {
		last, next := Beginning, window.To
		for _, g := range gs {
			last, next = max(last, g.before(hole.From)), min(next, g.after(hole.To))
		}
		if !regular(Span{last, next}, gs.longest()) {
			outages = append(outages, hole)
		}
	}
	return outages.Not().And(Spans{window})
}

// watch is who sees what in a history.
type watch struct {
	h *History
	watchers
	// kubelets are by node name; a node is seen by each of the jobs.
	kubelets map[nodeKey]kubeletTargets
	beside   watchers // of another Prometheus: it is an outage if neither sees anything
}

// watchers are all targets of each kind that one Prometheus scrapes.
type watchers struct {
	ksms targets // beside the history's KSMs
	all  targets // every kubelet's
}

type nodeKey struct{ cluster, name string }

type kubeletTargets struct {
	node  *Node
	usage targets // what shows CPU
	full  targets // what shows memory as well
}

func newWatch(h *History) *watch {
	w := &watch{h: h, kubelets: make(map[nodeKey]kubeletTargets, len(h.Nodes))}
	for i := range h.KSMs {
		k := &h.KSMs[i]
		w.ksms = append(w.ksms, newTarget(k.Schedule, k.Life, k.Holes, h.Outages))
	}
	for i := range h.Nodes {
		n := &h.Nodes[i]
		kt := kubeletTargets{node: n}
		for j := range h.Kubelets {
			k := &h.Kubelets[j]
			g := newTarget(k.at(i), k.Life.And(n.Life), k.Holes, n.Holes, h.Outages)
			kt.usage = append(kt.usage, g)
			if k.Endpoint == CAdvisor && !k.DropMemory {
				kt.full = append(kt.full, g)
			}
			w.all = append(w.all, g)
		}
		w.kubelets[nodeKey{n.Cluster, n.Name}] = kt
	}
	if h.Beside != nil {
		w.beside = newWatch(h.Beside).watchers
	}
	return w
}

// at returns the schedule of the job's scrapes of the i-th node.
func (k *Kubelet) at(i int) Schedule {
	s := k.Schedule
	s.Offset += time.Duration(i) * k.Spread % k.Every
	return s
}

// Knows says whether a kube-state-metrics exports a pod.
func (k *KSM) Knows(p *Pod) bool {
	return k.Cluster == p.Cluster && (k.Shards == 0 || int(hash(p.UID)%uint64(k.Shards)) == k.Shard)
}

// knowing returns the kube-state-metrics targets that export a pod.
func (w *watch) knowing(p *Pod) targets {
	var out targets
	for i := range w.h.KSMs {
		if w.h.KSMs[i].Knows(p) {
			out = append(out, w.ksms[i])
		}
	}
	return out
}

// of returns the kubelet targets of a pod's node.
func (w *watch) of(p *Pod) kubeletTargets { return w.kubelets[nodeKey{p.Cluster, p.Node}] }
