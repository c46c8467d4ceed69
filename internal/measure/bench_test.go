package measure

import (
	"fmt"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// BenchmarkPod measures one pod name under which there were many containers: what a tenant can
// have who restarts one again and again. Time is to grow with their number, not with its square.
func BenchmarkPod(b *testing.B) {
	for _, c := range []struct {
		name string
		tell func(s *story, n int)
	}{
		{"ids", func(s *story, n int) {
			s.pod(begin, end, "iris")
			s.container("c", begin, end)
			for i := range n {
				s.rows("c", fmt.Sprintf("%s%d", cgroup, i), someTime(i), someTime(i)+60_000)
			}
		}},
		{"names, without ids", func(s *story, n int) {
			s.pod(begin, end, "iris")
			s.ksm("kube_pod_container_status_running", at(1, scraped(begin, end)...), "uid", uid, "container", "c")
			for i := range n {
				s.kubelet("container_cpu_usage_seconds_total", counter(someTime(i), 0.25/1000, scraped(someTime(i), someTime(i)+60_000)...),
					"namespace", "models", "pod", "iris-0", "container", "c", "name", fmt.Sprint("k8s_c_", i))
			}
		}},
		{"uids", func(s *story, n int) {
			for i := range n {
				of := fmt.Sprintf("0a1b2c3d-1111-2222-3333-%012x", i)
				times := scraped(someTime(i), someTime(i)+60_000)
				s.ksm("kube_pod_labels", at(1, times...), "uid", of, "label_seldon_deployment_id", "iris")
				s.ksm("kube_pod_container_status_running", at(1, times...), "uid", of, "container", "c")
				s.rows("c", "/kubepods/pod"+of+"/4f5e", someTime(i), someTime(i)+60_000)
			}
		}},
		{"uids, one row without an id", func(s *story, n int) {
			s.follow(n, func(int) (node, name string) { return "n1", "" })
		}},
		{"uids, rows without ids", func(s *story, n int) {
			s.follow(n, func(i int) (node, name string) { return "n1", fmt.Sprint("k8s_c_", i) })
		}},
		{"uids, rows without ids of two nodes", func(s *story, n int) {
			s.anotherNode()
			s.follow(n, func(i int) (node, name string) { return fmt.Sprint("n", 1+i%2), "" })
		}},
	} {
		for _, n := range []int{100, 1000, 4000} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				var s story
				s.longer = int64(n) * 60_000
				s.targets()
				c.tell(&s, n)
				m, pod, in := s.read(b)
				for b.Loop() {
					m.Pod(pod, in)
				}
			})
		}
	}
}

// someTime is when the i-th of many begins, somewhere in the span.
func someTime(i int) int64 { return begin + int64(i%18)*30_000 }

// follow has pods follow each other under one name, each for a minute, and a row of each on some
// node, with some name of the runtime's.
func (s *story) follow(n int, row func(i int) (node, name string)) {
	type labels struct{ node, name string }
	rows := map[labels][]promapi.Sample{}
	for i := range n {
		from := begin + int64(i)*60_000
		times := scraped(from, from+60_000)
		of := fmt.Sprintf("0a1b2c3d-1111-2222-3333-%012x", i)
		s.ksm("kube_pod_labels", at(1, times...), "uid", of, "label_seldon_deployment_id", "iris")
		s.ksm("kube_pod_container_status_running", at(1, times...), "uid", of, "container", "c")
		node, name := row(i)
		rows[labels{node, name}] = append(rows[labels{node, name}], counter(from, 0.25/1000, times...)...)
	}
	for of, samples := range rows {
		s.Add("container_cpu_usage_seconds_total", samples, "job", "kubelet", "instance", of.node, "metrics_path", "/metrics/cadvisor",
			"namespace", "models", "pod", "iris-0", "container", "c", "name", of.name)
	}
}
