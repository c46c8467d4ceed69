package measure

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestAnotherPodTakesTheName while kube-state-metrics is out: rows say which pod was there when.
func TestAnotherPodTakesTheName(t *testing.T) {
	const (
		out, back = middle - 60_000, middle + 120_000
		other     = "/kubepods/podffffffff-1111-2222-3333-0123456789ab/77"
	)
	ksmOut := func(s *story, until int64) {
		up := append(at(1, scraped(begin-300_000, out)...), at(0, scraped(out, until)...)...)
		s.Add("up", append(up, at(1, scraped(until, end)...)...), "job", "ksm", "instance", "ksm:8080")
		s.kubelet("machine_cpu_cores", at(1, scraped(begin-300_000, end)...))
		s.kubelet("up", at(1, scraped(begin-300_000, end)...))
	}
	changesHands := func(s *story) { // without uids
		ksmOut(s, back)
		s.ksm("kube_pod_labels", at(1, scraped(begin, out)...), "label_seldon_deployment_id", "wine")
		s.ksm("kube_pod_labels", at(1, scraped(back, end)...), "label_seldon_deployment_id", "iris")
		s.ksm("kube_pod_container_status_running", at(1, slices.Concat(scraped(begin, out), scraped(back, end))...), "container", "server")
	}
	for _, c := range []struct {
		name  string
		given func(*story)
		want  map[string]float64
	}{
		{
			name: "another model's, without uids: each pod's rows are its model's",
			given: func(s *story) {
				changesHands(s)
				s.rows("server", cgroup, begin, middle)
				s.rows("server", other, middle, end)
			},
			want: map[string]float64{
				"iris model_cpu_usage_seconds_total": 0.125, "iris model_memory_usage_bytes": 500,
				"wine model_cpu_usage_seconds_total": 0.125, "wine model_memory_usage_bytes": 500,
			},
		}, {
			name: "one pod, relabelled, without uids: each model has half of that time",
			given: func(s *story) {
				changesHands(s)
				s.rows("server", cgroup, begin, end)
			},
			want: map[string]float64{
				"iris model_cpu_usage_seconds_total": 0.1125, "iris model_memory_usage_bytes": 450,
				"wine model_cpu_usage_seconds_total": 0.1375, "wine model_memory_usage_bytes": 550,
			},
		}, {
			name: "a pod that only rows show: rows without a uid are its own from then on",
			given: func(s *story) {
				ksmOut(s, end)
				s.pod(begin, out, "iris")
				s.ksm("kube_pod_container_status_running", at(1, scraped(begin, out)...), "uid", uid, "container", "server")
				s.rows("server", cgroup, begin, middle)
				s.rows("server", other, middle+60_000, back)
				for _, series := range s.Series { // /metrics/cadvisor goes out of reach
					if series.Labels.Get("job") == "kubelet" && series.Labels.Get("__name__") == "up" {
						copy(series.Samples[len(scraped(begin-300_000, back)):], at(0, scraped(back, end)...))
					}
				}
				too := []string{"job", "kubelet-too", "instance", "n1", "metrics_path", "/metrics/resource"}
				s.Add("up", at(1, scraped(begin-300_000, end)...), too...)
				s.Add("node_cpu_usage_seconds_total", at(1, scraped(begin-300_000, end)...), too...)
				used := append(counter(begin-3_600_000, 0.25/1000, scraped(begin, middle)...), counter(middle+60_000, 0.25/1000, scraped(middle+60_000, end)...)...)
				s.Add("container_cpu_usage_seconds_total", used, append(too, "namespace", "models", "pod", "iris-0", "container", "server")...)
			},
			want: map[string]float64{"iris model_cpu_usage_seconds_total": 0.125, "iris model_memory_usage_bytes": 500},
		}, {
			name: "rows without an id: one that goes on until the second pod is shown is all that pod's",
			given: func(s *story) {
				ksmOut(s, back)
				s.pod(begin, out, "iris")
				of := []string{"uid", "ffffffff-1111-2222-3333-0123456789ab"}
				s.ksm("kube_pod_labels", at(1, scraped(back, end)...), append(of, "label_seldon_deployment_id", "wine")...)
				s.ksm("kube_pod_container_status_running", at(1, scraped(back, end)...), append(of, "container", "server")...)
				s.ksm("kube_pod_container_status_running", at(1, scraped(begin, out)...), "uid", uid, "container", "server")
				rows := []string{"namespace", "models", "pod", "iris-0", "container", "server"}
				used := append(counter(begin-3_600_000, 0.25/1000, scraped(begin, middle)...), counter(middle, 0.5/1000, scraped(middle, end)...)...)
				s.kubelet("container_cpu_usage_seconds_total", used, rows...)
				s.kubelet("container_memory_usage_bytes", append(at(1000, scraped(begin, middle)...), at(2000, scraped(middle, end)...)...), rows...)
			},
			want: map[string]float64{
				"iris model_cpu_usage_seconds_total": 0.125, "iris model_memory_usage_bytes": 500,
				"wine model_cpu_usage_seconds_total": 0.25, "wine model_memory_usage_bytes": 1000,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &story{}
			c.given(s)
			m, r, _ := s.measured(t)
			got := values(m, r)
			for name := range got {
				if !strings.Contains(name, "usage") {
					delete(got, name)
				}
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
