package cluster_test

import (
	"math"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// TestTruthIsWhatASlowTwinSays holds the integration against one that looks at every
// second on its own. Everything in these histories happens on whole seconds, so the twin
// is exact, but for curves that swing.
func TestTruthIsWhatASlowTwinSays(t *testing.T) {
	all := histories.All()
	for seed := range uint64(300) {
		all = append(all, histories.Random(seed))
	}
	for _, n := range all {
		twin := newTwin(&n.History, n.Window)
		got, want := n.Truth(), twin.truth()
		for model := range got {
			if _, ok := want[model]; !ok {
				t.Errorf("%s: %v: the twin knows of no such model", n.Name, model)
			}
		}
		for model, values := range want {
			for m := range cluster.NumMetrics {
				w, g := values[m], got[model][m]
				if w.OK != g.OK || math.Abs(w.V-g.V) > twin.tolerance*math.Abs(w.V) {
					t.Errorf("%s: %v %v: got %v, want %v", n.Name, model, m, g, w)
				}
			}
		}
	}
}

type twin struct {
	h         *cluster.History
	seconds   []time.Duration // the middle of each
	ksm, cad  []bool          // observed
	tolerance float64
}

func newTwin(h *cluster.History, window cluster.Span) *twin {
	w := &twin{h: h, tolerance: 1e-9}
	for _, p := range h.Pods {
		for _, c := range p.Containers {
			for _, piece := range append(c.CPU[:len(c.CPU):len(c.CPU)], c.Memory...) {
				if piece.Swing != 0 {
					w.tolerance = 1e-3
				}
			}
		}
	}
	for at := window.From + time.Second/2; at < window.To; at += time.Second {
		w.seconds = append(w.seconds, at)
	}
	w.ksm = w.observed(window, len(h.KSMs), func(i int) (cluster.Schedule, func(time.Duration) bool) {
		return h.KSMs[i].Schedule, func(t time.Duration) bool { return w.answers(i, t) }
	})
	n := len(h.Nodes)
	w.cad = w.observed(window, n*len(h.Kubelets), func(i int) (cluster.Schedule, func(time.Duration) bool) {
		k := &h.Kubelets[i/n]
		s := k.Schedule
		s.Offset += time.Duration(i%n) * k.Spread
		return s, func(t time.Duration) bool { return w.reached(k, &h.Nodes[i%n], t) }
	})
	return w
}

// answers says whether a scrape of a kube-state-metrics at t works.
func (w *twin) answers(i int, t time.Duration) bool {
	k := &w.h.KSMs[i]
	return k.Life.Holds(t) && !k.Holes.Hold(t) && !w.h.Outages.Hold(t)
}

// reached says whether a job's scrape of a node at t works.
func (w *twin) reached(k *cluster.Kubelet, n *cluster.Node, t time.Duration) bool {
	return k.Life.Holds(t) && n.Life.Holds(t) && !k.Holes.Hold(t) && !n.Holes.Hold(t) && !w.h.Outages.Hold(t)
}

// observed makes all scrapes of all targets, and calls what lies in too wide a gap between
// two of them, or after the last one in the window, unobserved, from where the last target ceased to answer.
func (w *twin) observed(window cluster.Span, n int, target func(int) (cluster.Schedule, func(time.Duration) bool)) []bool {
	const far = 3 * time.Hour
	scrapes := make(map[time.Duration]bool)
	var longest time.Duration
	for i := range n {
		s, works := target(i)
		longest = max(longest, s.Every)
		first := s.Offset - s.Offset/s.Every*s.Every
		for at := first - far/s.Every*s.Every; at < far; at += s.Every {
			if works(at) {
				scrapes[at] = true
			}
		}
	}
	out := make([]bool, len(w.seconds))
	for i, t := range w.seconds {
		for j := range n {
			if _, works := target(j); works(t) {
				out[i] = true
			}
		}
		if out[i] {
			continue
		}
		last, next := -far, window.To
		for at := range scrapes {
			if at <= t {
				last = max(last, at)
			} else {
				next = min(next, at)
			}
		}
		out[i] = float64(next-last) <= 2.5*float64(longest)
	}
	return out
}

func (w *twin) owner(p *cluster.Pod, t time.Duration) (cluster.Model, bool) {
	var set map[string]string
	for _, l := range p.Labels {
		if l.At <= t {
			set = l.Set
		}
	}
	for _, kind := range [][2]string{
		{"SeldonDeployment", cluster.SeldonLabel},
		{"InferenceService", cluster.KServeLabel},
		{"InferenceService", cluster.KubeflowLabel},
		{"LLMInferenceService", cluster.AppLabel},
		{"InferenceGraph", cluster.GraphLabel},
		{"Server", cluster.ServerLabel},
	} {
		switch {
		case kind[0] == "LLMInferenceService" && set[cluster.PartOfLabel] != "llminferenceservice":
			continue
		case kind[0] == "Server" && set[cluster.AppLabel] != "seldon-server":
			continue
		}
		if name := set[kind[1]]; name != "" && p.Life.Holds(t) {
			m := cluster.Model{Namespace: p.Namespace, Type: kind[0], Name: name}
			if w.h.Clusters() > 1 {
				m.Cluster = p.Cluster
			}
			return m, true
		}
	}
	return cluster.Model{}, false
}

func (w *twin) phase(p *cluster.Pod, t time.Duration) string {
	var name string
	for _, ph := range p.Phases {
		if ph.At <= t {
			name = ph.Name
		}
	}
	return name
}

func (w *twin) known(p *cluster.Pod, t time.Duration) bool {
	for i := range w.h.KSMs {
		if w.h.KSMs[i].Knows(p) && w.answers(i, t) {
			return true
		}
	}
	return false
}

// looks says whether any job sees the pod's node at t, and with it its memory.
func (w *twin) looks(p *cluster.Pod, t time.Duration) (cpu, memory bool) {
	for i := range w.h.Nodes {
		n := &w.h.Nodes[i]
		if n.Name != p.Node || n.Cluster != p.Cluster {
			continue
		}
		for j := range w.h.Kubelets {
			if k := &w.h.Kubelets[j]; w.reached(k, n, t) {
				cpu, memory = true, memory || k.Endpoint == cluster.CAdvisor && !k.DropMemory
			}
		}
	}
	return cpu, memory
}

func (w *twin) truth() map[cluster.Model]cluster.Values {
	sums := make(map[cluster.Model]*cluster.Values)
	for i := range w.h.Pods {
		p := &w.h.Pods[i]
		known := make(map[cluster.Model]bool)
		for _, t := range w.seconds {
			if m, ok := w.owner(p, t); ok && w.known(p, t) {
				known[m] = true
			}
		}
		for m := range known {
			if sums[m] == nil {
				sums[m] = &cluster.Values{}
			}
			sums[m][cluster.Containers].OK = true
			for j := range p.Containers {
				if c := &p.Containers[j]; c.Role != cluster.Init {
					w.settings(sums[m], m, p, c)
					w.usage(&sums[m][cluster.CPUUsage], m, p, c, c.CPU, true)
					w.usage(&sums[m][cluster.MemoryUsage], m, p, c, c.Memory, false)
				}
			}
		}
	}
	out := make(map[cluster.Model]cluster.Values)
	for m, values := range sums {
		for i := range values {
			length := count(w.ksm)
			if i == int(cluster.CPUUsage) || i == int(cluster.MemoryUsage) {
				length = count(w.cad)
			}
			if values[i].OK {
				values[i].V /= length
			}
		}
		out[m] = *values
	}
	return out
}

func count(seconds []bool) float64 {
	n := 0.0
	for _, yes := range seconds {
		if yes {
			n++
		}
	}
	return n
}

// settings adds up the second by second of what kube-state-metrics tells.
func (w *twin) settings(sum *cluster.Values, m cluster.Model, p *cluster.Pod, c *cluster.Container) {
	for i, t := range w.seconds {
		if owner, ok := w.owner(p, t); !w.ksm[i] || !ok || owner != m {
			continue
		}
		for _, r := range c.Runs {
			if r.From <= t && t < r.To+r.Ghost {
				sum[cluster.Containers].V++
			}
		}
		if ph := w.phase(p, t); ph != cluster.Pending && ph != cluster.Running {
			continue
		}
		for metric, curve := range map[cluster.Metric]cluster.Curve{
			cluster.CPURequests: c.CPURequest, cluster.CPULimits: c.CPULimit,
			cluster.MemoryRequests: c.MemoryRequest, cluster.MemoryLimits: c.MemoryLimit,
		} {
			if curve != nil {
				sum[metric].V += curve.At(t)
				sum[metric].OK = true
			}
		}
	}
}

// usage adds the mean of what was seen of a container, times its life. A counter also
// shows what was used in seconds that nobody saw, between two that somebody did, or since
// it began.
func (w *twin) usage(sum *cluster.Value, m cluster.Model, p *cluster.Pod, c *cluster.Container, curve cluster.Curve, counter bool) {
	var life, seen, used float64
	for _, r := range c.Runs {
		var unseen, unseenUsed float64 // since the last second that was seen
		fresh := true                  // nothing of this stretch was seen yet
		began := false                 // it began with the run: the counter shows all of it
		for i, t := range w.seconds {
			owner, ok := w.owner(p, t)
			if !w.cad[i] || !ok || owner != m || !r.Holds(t) {
				fresh, began, unseen, unseenUsed = true, false, 0, 0
				continue
			}
			life++
			began = began || t-r.From < time.Second && r.From >= w.seconds[0]-time.Second/2
			cpu, memory := w.looks(p, t)
			switch {
			case counter && cpu || !counter && memory:
				if counter && (!fresh || began) {
					seen, used = seen+unseen, used+unseenUsed
				}
				seen, used = seen+1, used+curve.At(t)
				fresh, unseen, unseenUsed = false, 0, 0
			default:
				unseen, unseenUsed = unseen+1, unseenUsed+curve.At(t)
			}
		}
	}
	if seen > 0 {
		sum.V += used / seen * life
		sum.OK = true
	}
}
