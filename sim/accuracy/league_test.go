package accuracy

import (
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// TestLeague holds the emulated systems against what is known of the real ones.
func TestLeague(t *testing.T) {
	type want struct {
		cpu, memory, requests bool // right for all models
		missing               bool // nothing is known of any model
	}
	right := want{cpu: true, memory: true, requests: true}
	known := map[string]map[string]want{
		"OpenCost": {
			"quiet":              right,
			"container-restarts": {memory: true, requests: true}, // an average over the container's series
			"ksm-rescheduled":    {memory: true},                 // a pod's life in steps of 5 minutes
		},
		"koku-metrics-operator": {
			"quiet":              right,
			"container-restarts": {cpu: true, requests: true}, // a dead row counts for 5 minutes more
			"two-cadvisor-jobs":  {requests: true},            // a sum over both
			"two-ksm-replicas":   {cpu: true},
		},
		"Seldon's usage rules": {
			"quiet":            {requests: true},
			"two-ksm-replicas": {missing: true},
		},
	}
	var chosen []histories.Named
	for _, h := range histories.All() {
		for _, of := range known {
			if _, ok := of[h.Name]; ok {
				chosen = append(chosen, h)
				break
			}
		}
	}
	placed := Lay(chosen)
	ways := []Way{NewOpenCost(served(t, placed).URL()), NewKoku(served(t, placed).URL()), NewSeldonRules(served(t, InTheirDays(placed)).URL())}
	for _, way := range ways {
		for name, want := range known[way.Name()] {
			t.Run(way.Name()+"/"+name, func(t *testing.T) {
				i := slices.IndexFunc(placed, func(p Placed) bool { return p.Name == name })
				if i < 0 {
					t.Fatal("there is no such history")
				}
				got, verdict, err := Try(t.Context(), placed[i], way)
				if err != nil {
					t.Fatal(err)
				}
				if want.missing != (len(got.Values) == 0) {
					t.Errorf("it knows %d models", len(got.Values))
				}
				for metric, right := range map[cluster.Metric]bool{
					cluster.CPUUsage: want.cpu, cluster.MemoryUsage: want.memory,
					cluster.CPURequests: want.requests, cluster.CPULimits: want.requests,
					cluster.MemoryRequests: want.requests, cluster.MemoryLimits: want.requests,
				} {
					if verdict.RightOn(metric) != right {
						t.Errorf("%s is right: %t, want %t: %v", metric, !right, right, verdict.Deviations)
					}
				}
			})
		}
	}
}

// served returns a Prometheus that holds the histories.
func served(t *testing.T, placed []Placed) *prom.Server {
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	return promtest.Start(t, prom.Options{Dir: dir})
}
