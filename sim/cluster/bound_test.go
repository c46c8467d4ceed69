package cluster_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// TestBoundOfOneEvent works out by hand what one event in an hour may cost: the 30 s
// around it, times what starts or stops.
func TestBoundOfOneEvent(t *testing.T) {
	const share = 30.0 / 3600
	window := cluster.Span{To: time.Hour}
	for _, c := range []struct {
		name   string
		change func(*cluster.History)
		want   [4]float64 // containers, CPU, memory, CPU request, but for rounding
	}{
		{"nothing happens", func(*cluster.History) {}, [4]float64{}},
		{"the pod stops", func(h *cluster.History) {
			h.Pods[0].Life.To, h.Pods[0].Containers[0].Runs[0].To = 31*minute, 31*minute
		}, [4]float64{share, 2 * share, 7 * share, share}},
		{"the container restarts at once", func(h *cluster.History) {
			h.Pods[0].Containers[0].Runs = []cluster.Run{
				{Span: cluster.Span{From: -minute, To: 31 * minute}}, {Span: cluster.Span{From: 31 * minute, To: 2 * time.Hour}},
			}
		}, [4]float64{0, 4 * share, 14 * share, 0}},
		{"the request doubles", func(h *cluster.History) {
			h.Pods[0].Containers[0].CPURequest = cluster.Flat(1).Then(31*minute, 2)
		}, [4]float64{0, 0, 0, share}},
		{"the request is raised threefold while a scrape fails", func(h *cluster.History) {
			h.Pods[0].Containers[0].CPURequest = cluster.Flat(1).Then(31*minute+5*second, 3)
			h.KSMs[0].Holes = cluster.Spans{{From: 31*minute + 20*second, To: 31*minute + 40*second}}
		}, [4]float64{0, 0, 0, 2 * 2 * share}},
		{"memory jumps", func(h *cluster.History) {
			h.Pods[0].Containers[0].Memory = cluster.Flat(7).Then(31*minute, 9)
		}, [4]float64{0, 0, 2 * share, 0}},
		{"Prometheus is down while nothing happens", func(h *cluster.History) {
			h.Outages = cluster.Spans{{From: 20 * minute, To: 30 * minute}}
		}, [4]float64{}},
	} {
		h := small()
		h.Pods[0].Life = cluster.Span{From: -minute, To: 2 * time.Hour}
		h.Pods[0].Phases[0].At = -minute
		h.Pods[0].Labels[0].At = -minute
		h.Pods[0].Containers[0].Runs[0].Span = h.Pods[0].Life
		c.change(&h)
		if err := h.Check(); err != nil {
			t.Fatal(err)
		}
		model := cluster.Model{Namespace: "ns", Type: "SeldonDeployment", Name: "m"}
		got := cluster.Bound(&h, window)[model]
		for m, want := range c.want {
			if math.Abs(got[m].Max-want) > 1e-6 || got[m].Optional {
				t.Errorf("%s: %v: bound %v, want %g", c.name, cluster.Metric(m), got[m], want)
			}
		}
	}
}

// TestBoundsAreBounds says what must hold of any bound: finite, never below zero, there for
// every model of the truth, and nothing but rounding where nothing happens.
func TestBoundsAreBounds(t *testing.T) {
	all := histories.All()
	for seed := range uint64(500) {
		all = append(all, histories.Random(seed))
	}
	// In these kube-state-metrics comes late, or too few scrapes of its node are left.
	happens := map[string]bool{
		"node-joins-and-the-slower-job-sees-it-first": true, "node-joins-ksm-comes-late-resource-rows-only": true,
		"old-samples-of-both-endpoints-before-an-outage": true, "outage-ends-with-another-node-up-missing": true,
	}
	for _, n := range all {
		truth, bound := n.Truth(), n.Bound()
		if len(truth) != len(bound) {
			t.Errorf("%s: %d models, %d bounds", n.Name, len(truth), len(bound))
		}
		for model, values := range truth {
			for m, v := range values {
				b := bound[model][m]
				if !(b.Max >= 0) || math.IsInf(b.Max, 0) || b.Max < 1e-9*math.Abs(v.V) {
					t.Errorf("%s: %v %v: bound %v of %v", n.Name, model, cluster.Metric(m), b, v)
				}
				if model.Name == "iris" && !happens[n.Name] && v.OK && (b.Max > 1.0001e-9*v.V || b.Optional) {
					t.Errorf("%s: nothing happens to iris, yet its %v may be off by %v", n.Name, cluster.Metric(m), b)
				}
			}
		}
	}
}

// TestSamplesAreEnoughToTellTheTruth integrates kube-state-metrics' samples in the plainest
// way, and holds what comes of it against truth and bound: they speak of the same thing.
func TestSamplesAreEnoughToTellTheTruth(t *testing.T) {
	for seed := range uint64(300) {
		n := histories.Random(seed)
		h := &n.History
		if k := h.KSMs; len(k) > 1 || len(h.Outages)+len(k[0].Holes) > 0 {
			continue // plain needs one that is always there
		}
		got := plain(h, n.Window)
		truth, bound := n.Truth(), n.Bound()
		for model, values := range truth {
			v, b := values[cluster.Containers], bound[model][cluster.Containers]
			if math.Abs(got[model]-v.V) > b.Max {
				t.Errorf("seed %d: %v: %g containers by samples, %g by truth, bound %g", seed, model, got[model], v.V, b.Max)
			}
		}
	}
}

// plain counts running samples of pods whose label is there at the same time.
func plain(h *cluster.History, window cluster.Span) map[cluster.Model]float64 {
	type moment struct {
		pod string
		at  int64
	}
	owner := make(map[moment]cluster.Model)
	running := make(map[moment]float64)
	scrapes := 0.0
	for _, s := range cluster.Samples(h, origin, window.From, window.To) {
		l := make(map[string]string)
		for _, label := range s.Labels {
			l[label.Name] = label.Value
		}
		ns, pod := l["namespace"], l["pod"]
		if l["exported_namespace"] != "" {
			ns, pod = l["exported_namespace"], l["exported_pod"]
		}
		for _, sample := range s.Samples {
			at := moment{fmt.Sprint(ns, "/", pod), sample.T}
			if isStale(sample.V) {
				continue
			}
			switch l["__name__"] {
			case "kube_node_info":
				if l["node"] == "node-1" { // which is always there
					scrapes++
				}
			case "kube_pod_labels":
				switch {
				case l["label_seldon_deployment_id"] != "":
					owner[at] = cluster.Model{Namespace: ns, Type: "SeldonDeployment", Name: l["label_seldon_deployment_id"]}
				case l["label_serving_kserve_io_inferenceservice"] != "":
					owner[at] = cluster.Model{Namespace: ns, Type: "InferenceService", Name: l["label_serving_kserve_io_inferenceservice"]}
				case l["label_serving_kubeflow_org_inferenceservice"] != "":
					owner[at] = cluster.Model{Namespace: ns, Type: "InferenceService", Name: l["label_serving_kubeflow_org_inferenceservice"]}
				case l["label_app_kubernetes_io_part_of"] == "llminferenceservice":
					owner[at] = cluster.Model{Namespace: ns, Type: "LLMInferenceService", Name: l["label_app_kubernetes_io_name"]}
				case l["label_serving_kserve_io_inferencegraph"] != "":
					owner[at] = cluster.Model{Namespace: ns, Type: "InferenceGraph", Name: l["label_serving_kserve_io_inferencegraph"]}
				case l["label_app_kubernetes_io_name"] == "seldon-server" && l["label_seldon_server_name"] != "":
					owner[at] = cluster.Model{Namespace: ns, Type: "Server", Name: l["label_seldon_server_name"]}
				}
			case "kube_pod_container_status_running":
				running[at] += sample.V
			case "kube_pod_init_container_status_running":
				if l["container"] == "istio-proxy" && l["exported_container"] == "" || l["exported_container"] == "istio-proxy" {
					running[at] += sample.V
				}
			}
		}
	}
	out := make(map[cluster.Model]float64)
	for at, n := range running {
		if model, ok := owner[at]; ok {
			out[model] += n / scrapes
		}
	}
	return out
}
