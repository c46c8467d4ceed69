package measure

import (
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi/promapitest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

const (
	begin  = int64(6_000_000) // of the span
	end    = begin + 600_000
	middle = begin + 300_000
	uid    = "0a1b2c3d-1111-2222-3333-0123456789ab"
	cgroup = "/kubepods/pod" + uid + "/4f5e"
)

// scraped are the times of scrapes, every 30 s; half-way between them is a half or full minute.
func scraped(from, to int64) []int64 { return every(30_000, from+15_000, to-1) }

// story is a Prometheus that has scraped one pod of a model.
type story struct {
	promapitest.Server
	longer int64 // than the span usually is
}

func (s *story) end() int64 { return end + s.longer }

func (s *story) ksm(name string, samples []promapi.Sample, labels ...string) {
	s.Add(name, samples, append([]string{"job", "ksm", "instance", "ksm:8080", "namespace", "models", "pod", "iris-0"}, labels...)...)
}

func (s *story) kubelet(name string, samples []promapi.Sample, labels ...string) {
	s.Add(name, samples, append([]string{"job", "kubelet", "instance", "n1", "metrics_path", "/metrics/cadvisor"}, labels...)...)
}

// targets has both scraped throughout.
func (s *story) targets() {
	s.Add("kube_node_info", at(1, scraped(begin-300_000, s.end())...), "job", "ksm", "instance", "ksm:8080", "node", "n1")
	s.kubelet("machine_cpu_cores", at(1, scraped(begin-300_000, s.end())...))
	s.Add("up", at(1, scraped(begin-300_000, s.end())...), "job", "ksm", "instance", "ksm:8080")
	s.kubelet("up", at(1, scraped(begin-300_000, s.end())...))
}

// anotherNode has a kubelet that is scraped throughout.
func (s *story) anotherNode() {
	for _, name := range []string{"machine_cpu_cores", "up"} {
		s.Add(name, at(1, scraped(begin-300_000, s.end())...), "job", "kubelet", "instance", "n2", "metrics_path", "/metrics/cadvisor")
	}
}

// pod is there from one moment to another, as a model's.
func (s *story) pod(from, to int64, model string) {
	s.ksm("kube_pod_labels", at(1, scraped(from, to)...), "uid", uid, "label_seldon_deployment_id", model)
}

// container runs from one moment to another, and uses a quarter of a core and 1000 bytes.
func (s *story) container(name string, from, to int64) {
	s.ksm("kube_pod_container_status_running", at(1, scraped(from, to)...), "uid", uid, "container", name)
	s.rows(name, cgroup+name, from, to)
}

func (s *story) rows(name, id string, from, to int64) {
	of := []string{"namespace", "models", "pod", "iris-0", "container", name, "id", id}
	s.kubelet("container_cpu_usage_seconds_total", counter(from-3_600_000, 0.25/1000, scraped(from, to)...), of...)
	s.kubelet("container_memory_usage_bytes", at(1000, scraped(from, to)...), of...)
}

func (s *story) request(v float64, from, to int64, labels ...string) {
	s.ksm("kube_pod_container_resource_requests", at(v, scraped(from, to)...), append([]string{"uid", uid, "resource", "cpu", "unit", "core"}, labels...)...)
}

// measured is what the pod comes to, and whether its phases are asked for.
func (s *story) measured(t *testing.T) (Measurer, Result, bool) {
	t.Helper()
	m, p, in := s.read(t)
	return m, m.Pod(p, in), in.Phases != nil
}

// read is what there is to measure the pod by.
func (s *story) read(t testing.TB) (Measurer, *inventory.Pod, Samples) {
	t.Helper()
	table, span := metric.Default(), timeline.Span{From: begin, To: s.end()}
	w := fetch.New(fetch.Config{API: s, Transport: fetch.RemoteRead, Now: time.Now, Log: slog.New(slog.DiscardHandler)}).Windows(1)
	inv, err := inventory.NewFinder(inventory.Config{Table: table, Kinds: workload.Kinds(), Log: slog.New(slog.DiscardHandler)}).Find(t.Context(), w, span, nil)
	if err != nil || len(inv.Pods) != 1 {
		t.Fatalf("%d pods, error %v", len(inv.Pods), err)
	}
	read := func(from int64, selectors []promapi.Selector) (all []promapi.Series) {
		err := s.Read(t.Context(), selectors, from, s.end(), func(_ int, s promapi.Series) error {
			all = append(all, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	m := Measurer{Table: table, Inventory: inv, Since: begin}
	in := Samples{Sources: [][]promapi.Series{read(begin, inv.Series(table, 0, inv.Pods)), read(begin-75_000, inv.Series(table, 1, inv.Pods))}}
	if m.NeedsPhases(inv.Pods[0], in.Sources[0]) {
		in.Phases = append([]promapi.Series{}, read(begin, inv.Phases(inv.Pods))...)
	}
	return m, inv.Pods[0], in
}

// values are the averages that evidence amounts to, by model and metric.
func values(m Measurer, r Result) map[string]float64 {
	out := map[string]float64{}
	for _, e := range r.Evidence {
		if e.Seen > 0 {
			of := m.Table.Metrics[e.Metric]
			observed := m.Inventory.Targets[m.Table.SourceIndex(of.Source)].Observed.Length()
			out[e.Model.Name+" "+of.Name] += e.Integral / e.Seen * e.Life / float64(observed)
		}
	}
	return out
}

func TestPod(t *testing.T) {
	const (
		containers = "iris model_containers_average"
		cpu        = "iris model_cpu_usage_seconds_total"
		memory     = "iris model_memory_usage_bytes"
		requests   = "iris model_cpu_requests"
	)
	for _, c := range []struct {
		name    string
		given   func(*story)
		want    map[string]float64
		phases  bool
		leftOut map[string]int
	}{
		{
			name: "quiet",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.container("server", begin, end)
				s.request(0.5, begin, end, "container", "server")
			},
			want: map[string]float64{containers: 1, cpu: 0.25, memory: 1000, requests: 0.5},
		}, {
			name: "a container that ran for half of the window",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.container("server", begin, end)
				s.container("agent", begin, middle)
			},
			want: map[string]float64{containers: 1.5, cpu: 0.375, memory: 1500},
		}, {
			name: "a pod that was there for half of it",
			given: func(s *story) {
				s.targets()
				s.pod(middle, end, "iris")
				s.container("server", middle, end)
				s.request(0.5, middle, end, "container", "server")
			},
			want: map[string]float64{containers: 0.5, cpu: 0.125, memory: 500, requests: 0.25},
		}, {
			name: "relabelled, and running on",
			given: func(s *story) {
				s.targets()
				s.pod(begin, middle, "iris")
				s.pod(middle, end, "wine")
				s.container("server", begin, end)
				s.request(0.5, begin, end, "container", "server")
			},
			want: map[string]float64{
				containers: 0.5, cpu: 0.125, memory: 500, requests: 0.25,
				"wine model_containers_average": 0.5, "wine model_cpu_usage_seconds_total": 0.125, "wine model_memory_usage_bytes": 500, "wine model_cpu_requests": 0.25,
			},
		}, {
			name: "pending, then running: its requests count from the start",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.container("server", middle, end)
				s.request(0.5, begin, end, "container", "server")
				s.ksm("kube_pod_status_phase", at(1, scraped(begin, middle)...), "uid", uid, "phase", "Pending")
				s.ksm("kube_pod_status_phase", at(1, scraped(middle, end)...), "uid", uid, "phase", "Running")
			},
			want: map[string]float64{containers: 0.5, cpu: 0.125, memory: 500, requests: 0.5}, phases: true,
		}, {
			name: "succeeded: its requests count until then",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.container("server", begin, middle)
				s.request(0.5, begin, end, "container", "server")
				s.ksm("kube_pod_status_phase", at(1, scraped(begin, middle)...), "uid", uid, "phase", "Running")
				s.ksm("kube_pod_status_phase", at(1, scraped(middle, end)...), "uid", uid, "phase", "Succeeded")
			},
			want: map[string]float64{containers: 0.5, cpu: 0.125, memory: 500, requests: 0.25}, phases: true,
		}, {
			name: "never ran, and nothing says in which phase it was",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.request(0.5, begin, end, "container", "server")
			},
			want: map[string]float64{requests: 0.5}, phases: true,
		}, {
			name: "a request that changed",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.container("server", begin, end)
				s.request(0.5, begin, middle, "container", "server")
				s.request(1.5, middle, end, "container", "server")
			},
			want: map[string]float64{containers: 1, cpu: 0.25, memory: 1000, requests: 1},
		}, {
			name: "a request in both forms of kube-state-metrics 1.9: the new one alone counts",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.container("server", begin, end)
				s.request(0.5, begin, end, "container", "server")
				s.ksm("kube_pod_container_resource_requests_cpu_cores", at(0.75, scraped(begin, end)...), "container", "server")
			},
			want: map[string]float64{containers: 1, cpu: 0.25, memory: 1000, requests: 0.5},
		}, {
			name: "a request in the old form alone",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.container("server", begin, end)
				s.ksm("kube_pod_container_resource_requests_cpu_cores", at(0.5, scraped(begin, end)...), "container", "server")
			},
			want: map[string]float64{containers: 1, cpu: 0.25, memory: 1000, requests: 0.5},
		}, {
			name: "an init container never counts",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.container("server", begin, end)
				s.ksm("kube_pod_init_container_info", at(1, scraped(begin, end)...), "uid", uid, "container", "setup")
				s.ksm("kube_pod_init_container_status_running", at(1, scraped(begin, middle)...), "uid", uid, "container", "setup")
				s.ksm("kube_pod_init_container_resource_requests", at(8, scraped(begin, end)...), "uid", uid, "container", "setup", "resource", "cpu")
				s.rows("setup", cgroup+"setup", begin, middle)
			},
			want:    map[string]float64{containers: 1, cpu: 0.25, memory: 1000},
			leftOut: map[string]int{"setup: " + unlistedRow: 20},
		}, {
			name: "a native sidecar counts like any container",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.container("server", begin, end)
				s.ksm("kube_pod_init_container_info", at(1, scraped(begin, end)...), "uid", uid, "container", "proxy", "restart_policy", "Always")
				s.ksm("kube_pod_init_container_status_running", at(1, scraped(begin, end)...), "uid", uid, "container", "proxy")
				s.ksm("kube_pod_init_container_resource_requests", at(0.25, scraped(begin, end)...), "uid", uid, "container", "proxy", "resource", "cpu")
				s.rows("proxy", cgroup+"proxy", begin, end)
			},
			want: map[string]float64{containers: 2, cpu: 0.5, memory: 2000, requests: 0.25},
		}, {
			name: "what is not a number is left out",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.ksm("kube_pod_container_status_running", at(1, scraped(begin, end)...), "uid", uid, "container", "server")
				s.kubelet("container_memory_usage_bytes", append(at(1000, scraped(begin, middle)...), at(math.Inf(1), scraped(middle, end)...)...),
					"namespace", "models", "pod", "iris-0", "container", "server", "id", cgroup)
			},
			want:    map[string]float64{containers: 1},
			leftOut: map[string]int{"server: " + notANumber: 20},
		}, {
			name: "rows of the pod that had the name before",
			given: func(s *story) {
				s.targets()
				s.pod(middle, end, "iris")
				s.container("server", middle, end)
				s.rows("server", "/kubepods/podffffffff-1111-2222-3333-0123456789ab/77", begin, middle+60_000)
			},
			want:    map[string]float64{containers: 0.5, cpu: 0.125, memory: 500},
			leftOut: map[string]int{"server: " + otherPodRow: 2 * 12},
		}, {
			name: "two cAdvisor jobs and two kube-state-metrics show it once",
			given: func(s *story) {
				s.targets()
				s.pod(begin, end, "iris")
				s.container("server", begin, end)
				s.request(0.5, begin, end, "container", "server")
				for _, series := range slices.Clone(s.Series) {
					again := promapi.Series{Samples: series.Samples}
					for _, l := range series.Labels {
						if l.Name == "job" {
							l.Value += "-too"
						}
						again.Labels = append(again.Labels, l)
					}
					s.Series = append(s.Series, again)
				}
			},
			want:    map[string]float64{containers: 1, cpu: 0.25, memory: 1000, requests: 0.5},
			leftOut: map[string]int{"server: " + repeatedRow: 2 * 20},
		}, {
			name: "kube-state-metrics out for half of the window: CPU and memory are of all of it",
			given: func(s *story) {
				s.Add("kube_node_info", at(1, scraped(begin, middle)...), "job", "ksm", "instance", "ksm:8080", "node", "n1")
				s.Add("up", append(at(1, scraped(begin-300_000, middle)...), at(0, scraped(middle, end)...)...), "job", "ksm", "instance", "ksm:8080")
				s.kubelet("machine_cpu_cores", at(1, scraped(begin-300_000, end)...))
				s.kubelet("up", at(1, scraped(begin-300_000, end)...))
				s.pod(begin, middle, "iris")
				s.ksm("kube_pod_container_status_running", at(1, scraped(begin, middle)...), "uid", uid, "container", "server")
				s.rows("server", cgroup, begin, end)
				s.request(0.5, begin, middle, "container", "server")
			},
			want: map[string]float64{containers: 1, cpu: 0.25, memory: 1000, requests: 0.5},
		}, {
			name: "relabelled while kube-state-metrics was out: each has half of that time",
			given: func(s *story) {
				up := append(at(1, scraped(begin-300_000, middle-60_000)...), at(0, scraped(middle-60_000, middle+60_000)...)...)
				s.Add("up", append(up, at(1, scraped(middle+60_000, end)...)...), "job", "ksm", "instance", "ksm:8080")
				s.kubelet("machine_cpu_cores", at(1, scraped(begin-300_000, end)...))
				s.kubelet("up", at(1, scraped(begin-300_000, end)...))
				s.pod(begin, middle-60_000, "iris")
				s.pod(middle+60_000, end, "wine")
				ran := slices.Concat(scraped(begin, middle-60_000), scraped(middle+60_000, end))
				s.ksm("kube_pod_container_status_running", at(1, ran...), "uid", uid, "container", "server")
				s.rows("server", cgroup, begin, end)
			},
			want: map[string]float64{
				containers: 0.5, cpu: 0.125, memory: 500,
				"wine model_containers_average": 0.5, "wine model_cpu_usage_seconds_total": 0.125, "wine model_memory_usage_bytes": 500,
			},
		}, {
			name: "the kubelets out for half of it: the mean is of what was seen",
			given: func(s *story) {
				s.Add("kube_node_info", at(1, scraped(begin, end)...), "job", "ksm", "instance", "ksm:8080", "node", "n1")
				s.Add("up", at(1, scraped(begin-300_000, end)...), "job", "ksm", "instance", "ksm:8080")
				s.kubelet("machine_cpu_cores", at(1, scraped(begin, middle)...))
				s.kubelet("up", append(at(1, scraped(begin-300_000, middle)...), at(0, scraped(middle, end)...)...))
				s.pod(begin, end, "iris")
				s.ksm("kube_pod_container_status_running", at(1, scraped(begin, end)...), "uid", uid, "container", "server")
				s.rows("server", cgroup, begin, middle)
			},
			want: map[string]float64{containers: 1, cpu: 0.25, memory: 1000},
		}, {
			name: "a node that left took its containers with it",
			given: func(s *story) {
				s.Add("kube_node_info", at(1, scraped(begin, end)...), "job", "ksm", "instance", "ksm:8080", "node", "n1")
				s.Add("up", at(1, scraped(begin-300_000, end)...), "job", "ksm", "instance", "ksm:8080")
				s.kubelet("machine_cpu_cores", at(1, scraped(begin, middle)...))
				s.kubelet("up", at(1, scraped(begin-300_000, middle)...))
				s.anotherNode()
				s.pod(begin, end, "iris")
				s.ksm("kube_pod_container_status_running", at(1, scraped(begin, end)...), "uid", uid, "container", "server")
				s.rows("server", cgroup, begin, middle)
			},
			want: map[string]float64{containers: 1, cpu: 0.125, memory: 500},
		}, {
			name: "a node whose target came late",
			given: func(s *story) {
				s.Add("kube_node_info", at(1, scraped(begin, end)...), "job", "ksm", "instance", "ksm:8080", "node", "n1")
				s.Add("up", at(1, scraped(begin-300_000, end)...), "job", "ksm", "instance", "ksm:8080")
				s.kubelet("machine_cpu_cores", at(1, scraped(middle, end)...))
				s.kubelet("up", at(1, scraped(middle, end)...))
				s.anotherNode()
				s.pod(begin, end, "iris")
				s.ksm("kube_pod_container_status_running", at(1, scraped(begin, end)...), "uid", uid, "container", "server")
				s.rows("server", cgroup, middle, end)
			},
			want: map[string]float64{containers: 1, cpu: 0.25, memory: 1000},
		}, {
			name: "gone soon after the window began: of one sample, the one before it says more",
			given: func(s *story) {
				s.targets()
				s.pod(begin, begin+30_000, "iris")
				s.ksm("kube_pod_container_status_running", at(1, begin+15_000), "uid", uid, "container", "server")
				s.rows("server", cgroup, begin-300_000, begin+30_000)
			},
			want: map[string]float64{containers: 0.05, cpu: 0.0125, memory: 50},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &story{}
			c.given(s)
			m, r, phases := s.measured(t)
			if diff := cmp.Diff(c.want, values(m, r), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
				t.Error(diff)
			}
			if phases != c.phases {
				t.Errorf("phases are asked for: %t", phases)
			}
			leftOut := map[string]int{}
			for _, o := range r.LeftOut {
				leftOut[o.Name+": "+o.Why] += o.Samples
			}
			if !maps.Equal(leftOut, c.leftOut) {
				t.Errorf("left out %v, want %v", leftOut, c.leftOut)
			}
			for _, e := range r.Evidence {
				if e.Seen > e.Life+1e-9 || e.Life > 600_000 || e.Life < 0 || e.Pod != (inventory.PodName{Namespace: "models", Name: "iris-0"}) || e.UID != uid {
					t.Errorf("%+v", e)
				}
			}
		})
	}
}

// TestChanges: each start and stop of a container within the window is known to within a
// scrape interval, and an edge of the window is none.
func TestChanges(t *testing.T) {
	for _, c := range []struct {
		from, to int64
		want     int
	}{{begin, end, 0}, {begin, middle, 1}, {middle, end, 1}, {begin + 60_000, middle, 2}} {
		t.Run(fmt.Sprint(c.from-begin, " to ", c.to-begin), func(t *testing.T) {
			s := &story{}
			s.targets()
			s.pod(begin, end, "iris")
			s.container("server", c.from, c.to)
			_, r, _ := s.measured(t)
			if len(r.Evidence) != 3 {
				t.Errorf("evidence on %d metrics", len(r.Evidence))
			}
			for _, e := range r.Evidence {
				if e.Changes != c.want || e.Interval != 30_000 {
					t.Errorf("%d changes, want %d, known to within %d ms", e.Changes, c.want, e.Interval)
				}
			}
		})
	}
}
