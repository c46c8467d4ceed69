package cluster_test

import (
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// TestBoundWhereNobodyCanKnow has histories whose samples leave open more than an edge: what
// could be answered as well must be within the bound.
func TestBoundWhereNobodyCanKnow(t *testing.T) {
	const window = 10 * time.Minute
	for _, c := range []struct {
		name   string
		change func(*cluster.History)
		metric cluster.Metric
		answer float64 // which nobody could call wrong
	}{
		{"a counter that is read before and after the pod was the model's", func(h *cluster.History) {
			h.Nodes[0].Holes = cluster.Spans{{From: 1 * minute, To: 6 * minute}}
			h.Pods[0].Labels = []cluster.Labels{
				{At: -minute, Set: map[string]string{"app": "p"}},
				{At: 2 * minute, Set: map[string]string{cluster.SeldonLabel: "m"}},
				{At: 5 * minute, Set: map[string]string{"app": "p"}},
			}
		}, cluster.CPUUsage, 2 * 3. / 10},
		{"a pod that is the model's until just before its container is seen", func(h *cluster.History) {
			h.Nodes[0].Holes = cluster.Spans{{From: 1 * minute, To: 4*minute + 5*second}}
			h.Pods[0].Labels = []cluster.Labels{
				{At: -minute, Set: map[string]string{"app": "p"}},
				{At: 2 * minute, Set: map[string]string{cluster.SeldonLabel: "m"}},
				{At: 4*minute + 2*second, Set: map[string]string{"app": "p"}},
			}
		}, cluster.MemoryUsage, 7 * 20. / 600},
		{"a second pod of a name, where nobody tells uids, that no kubelet saw", func(h *cluster.History) {
			h.KSMs[0].NoUID = true
			follow(h, 5*minute, 5*minute, "m")
			h.Nodes = append(h.Nodes, cluster.Node{Name: "n3", Address: "n3:10250", Life: cluster.Always(), Holes: cluster.Spans{{From: -10 * minute, To: window}}})
			h.Pods[1].Node = "n3"
		}, cluster.MemoryUsage, 7},
		{"a stranger that takes the name while no kube-state-metrics is there", func(h *cluster.History) {
			h.KSMs[0].NoUID = true
			h.KSMs[0].Life.To = 4 * minute
			follow(h, 5*minute, 5*minute, "")
		}, cluster.CPUUsage, 2},
		{"the same with uids, where no row tells one", func(h *cluster.History) {
			h.Kubelets[0].DropID = true
			h.KSMs[0].Life.To = 4 * minute
			follow(h, 5*minute, 5*minute, "")
		}, cluster.CPUUsage, 2},
		{"a sidecar of a pod that found no node", func(h *cluster.History) {
			p := &h.Pods[0]
			p.Unscheduled, p.Containers[0].Runs, p.Containers[0].Role = 30*minute, nil, cluster.Sidecar
		}, cluster.CPURequests, 0},
		{"a container whose one sample is of one of two jobs", func(h *cluster.History) {
			h.Kubelets = append(h.Kubelets, h.Kubelets[0])
			h.Kubelets[1].Job, h.Kubelets[1].Schedule = "other", cluster.Schedule{Every: minute, Offset: 55 * second}
			h.Pods[0].Containers[0].Runs = []cluster.Run{{Span: cluster.Span{From: 4*minute + 57*second, To: 5*minute + 37*second}}}
		}, cluster.MemoryUsage, 0},
		{"a request that one of two kube-state-metrics was in time to see", func(h *cluster.History) {
			h.KSMs = append(h.KSMs, h.KSMs[0])
			h.KSMs[1].Instance, h.KSMs[1].Offset = "k2", 7*second
			h.Pods[0].Labels = []cluster.Labels{{At: -minute, Set: map[string]string{"app": "p"}}, {At: 5*minute - 2*second, Set: map[string]string{cluster.SeldonLabel: "m"}}}
			h.Pods[0].Phases = []cluster.Phase{{At: -minute, Name: cluster.Running}, {At: 5*minute + 5*second, Name: cluster.Succeeded}}
			h.Pods[0].Containers[0].Runs[0].To = 5*minute + 5*second
		}, cluster.CPURequests, 0},
		{"a pod that ends in an outage in which its kube-state-metrics leaves, soon before the window ends", func(h *cluster.History) {
			h.Outages = cluster.Spans{{From: 5 * minute, To: 8*minute + 30*second}}
			h.KSMs = append(h.KSMs, h.KSMs[0])
			h.KSMs[0].Life.To = 5*minute + 10*second
			h.KSMs[1].Instance, h.KSMs[1].Offset, h.KSMs[1].Life.From = "k2", 5*second, 6*minute
			h.Pods[0].Life.To, h.Pods[0].Containers[0].Runs[0].To = 5*minute+20*second, 5*minute+20*second
		}, cluster.Containers, 1},
		{"an outage that may as well have begun after the window did, before a container starts", func(h *cluster.History) {
			h.Kubelets[0].Holes = cluster.Spans{{From: 0, To: 3 * minute}}
			h.Pods[0].Containers[0].Runs[0].From = 2 * minute
		}, cluster.CPUUsage, 2 * 420. / 429},
		{"a container that starts while no kube-state-metrics is there, of a pod that changes hands meanwhile", func(h *cluster.History) {
			h.KSMs[0].Holes = cluster.Spans{{From: 1 * minute, To: 6 * minute}}
			h.Pods[0].Labels = []cluster.Labels{
				{At: -minute, Set: map[string]string{"app": "p"}},
				{At: 2 * minute, Set: map[string]string{cluster.SeldonLabel: "m"}},
			}
			h.Pods[0].Containers[0].Runs[0].From = 3 * minute
		}, cluster.CPUUsage, 2 * 5. / 10},
		{"a pod that takes the name after the last scrapes of kube-state-metrics, where no row tells a uid", func(h *cluster.History) {
			h.Kubelets[0].DropID = true
			follow(h, 9*minute+50*second, 9*minute+50*second, "other")
			h.Pods[1].Containers[0].Memory = cluster.Flat(200)
		}, cluster.MemoryUsage, 7*590./600 + 200*10./600},
		{"a counter that begins again while its kubelet is out of reach, and is higher when it is back", func(h *cluster.History) {
			h.Kubelets[0].Endpoint = cluster.ResourceAPI
			h.Nodes[0].Holes = cluster.Spans{{From: 2 * minute, To: 7 * minute}}
			h.Pods[0].Containers[0].Runs = []cluster.Run{{Span: cluster.Span{From: minute, To: 4 * minute}}, {Span: cluster.Span{From: 4 * minute, To: 20 * minute}}}
		}, cluster.CPUUsage, 2 * 6. / 10},
		{"a pod whose kube-state-metrics left, and of which a shard that came does not know", func(h *cluster.History) {
			h.KSMs = append(h.KSMs, h.KSMs[0])
			h.KSMs[0].Life.To = 5 * minute
			h.KSMs[1].Instance, h.KSMs[1].Life.From, h.KSMs[1].Shards = "k2", 5*minute, 2
			if h.KSMs[1].Knows(&h.Pods[0]) {
				h.KSMs[1].Shard = 1
			}
		}, cluster.Containers, 5. / 10},
		{"a container that lives in a silence in which the pod changes hands, known to an interval of the rows", func(h *cluster.History) {
			h.KSMs[0].Holes = cluster.Spans{{From: 5 * minute, To: 10 * minute}}
			h.Pods[0].Labels = append(h.Pods[0].Labels, cluster.Labels{At: 5 * minute, Set: map[string]string{"app": "p"}})
			h.Pods[0].Containers[0].Runs[0].Span = cluster.Span{From: 5 * minute, To: 10 * minute}
		}, cluster.CPUUsage, 2 * 305. / 600},
		{"a container that ends in an outage, after which its row is still there", func(h *cluster.History) {
			h.Outages = cluster.Spans{{From: 2 * minute, To: 8 * minute}}
			h.Nodes[0].Linger = 4 * minute
			h.Pods[0].Containers[0].Runs[0].Span = cluster.Span{From: 5 * minute, To: 6 * minute}
		}, cluster.MemoryUsage, 7 * 30. / 265},
		{"a pod that a shard does not show after an outage, before the kube-state-metrics that does takes over", func(h *cluster.History) {
			h.Outages = cluster.Spans{{From: 0, To: 8*minute + 50*second}}
			h.KSMs = append(h.KSMs, h.KSMs[0])
			h.KSMs[0].Life.To, h.KSMs[0].Offset, h.KSMs[0].Shards = 9*minute, 20*second, 2
			if h.KSMs[0].Knows(&h.Pods[0]) {
				h.KSMs[0].Shard = 1
			}
			h.KSMs[1].Instance, h.KSMs[1].Life.From = "k2", 9*minute
		}, cluster.Containers, 45. / 70},
	} {
		h := small()
		h.Nodes = append(h.Nodes, cluster.Node{Name: "n2", Address: "n2:10250", Life: cluster.Always()}) // is never out
		h.Pods[0].Life = cluster.Span{From: -minute, To: 20 * minute}
		h.Pods[0].Phases[0].At, h.Pods[0].Labels[0].At = -minute, -minute
		h.Pods[0].Containers[0].Runs[0].Span = h.Pods[0].Life
		c.change(&h)
		if err := h.Check(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		span := cluster.Span{To: window}
		model := cluster.Model{Namespace: "ns", Type: "SeldonDeployment", Name: "m"}
		truth, bound := cluster.Truth(&h, span)[model][c.metric], cluster.Bound(&h, span)[model][c.metric]
		off := max(c.answer-truth.V, truth.V-c.answer)
		if absent := c.answer == 0; off == 0 || off > bound.Max || absent != bound.Optional && absent {
			t.Errorf("%s: %v for %v, but the bound is %v", c.name, c.answer, truth, bound)
		}
	}
}

// follow cuts the pod's life, and adds one of its name that uses as much, a model's or nobody's.
func follow(h *cluster.History, until, from time.Duration, model string) {
	p := &h.Pods[0]
	p.Life.To, p.Containers[0].Runs[0].To = until, until
	o := *p
	o.UID, o.Life = "u-2", cluster.Span{From: from, To: 20 * minute}
	o.Labels = []cluster.Labels{{At: from, Set: map[string]string{"app": "p", cluster.SeldonLabel: model}}}
	o.Phases = []cluster.Phase{{At: from, Name: cluster.Running}}
	o.Containers = []cluster.Container{p.Containers[0]}
	o.Containers[0].Runs = []cluster.Run{{Span: o.Life}}
	h.Pods = append(h.Pods, o)
}
