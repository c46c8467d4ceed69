package histories

import (
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// forgedStories are about people who expose series about other people's pods.
func forgedStories() []story {
	return []story{
		{"forged-series", "a pod that is scraped with honor_labels shows another's memory, running containers and labels", func(b *builder) {
			b.busyCast()
			b.forger("tenant-0", true)
		}},
		{"forged-series-without-honor-labels", "the same, through exported_ labels", func(b *builder) {
			b.busyCast()
			b.forger("tenant-0", false)
		}},
		{"forged-series-from-a-models-namespace", "the same, with a node of its own, from the namespace of the models", func(b *builder) {
			b.busyCast()
			f := b.forger("tenant-0", true)
			f.Target = []cluster.Label{{Name: "namespace", Value: "models"}, {Name: "pod", Value: "tenant-0"}}
			f.Series = append(f.Series,
				cluster.Forged{Name: "kube_node_info", Labels: []string{"node", "node-9"}, Value: 1},
				cluster.Forged{Name: "container_memory_usage_bytes", Labels: []string{"id", "/"}, Value: 1})
		}},
		{"forged-series-up-missing", "the same as the first, and no up series says who is who", func(b *builder) {
			b.busyCast()
			b.NoUp = true
			b.forger("tenant-0", true)
		}},
	}
}

// forger adds a pod's own target that forges series about the cast's pods, and about a model
// that does not exist.
func (b *builder) forger(pod string, honorLabels bool) *cluster.Forger {
	income := []string{"namespace", "models", "pod", "income-0", "uid", b.Pods[0].UID}
	ghost := []string{"namespace", "models", "pod", "ghost-0", "uid", cluster.UID("ghost")}
	with := func(of []string, more ...string) []string { return append(append([]string{}, of...), more...) }
	b.Forgers = append(b.Forgers, cluster.Forger{
		Schedule: cluster.Schedule{Every: 30 * s, Offset: 3*s + 77*1e6}, Job: "pods", Instance: "10.2.0.7:8080",
		Target:      []cluster.Label{{Name: "namespace", Value: "tenant"}, {Name: "pod", Value: pod}},
		HonorLabels: honorLabels,
		Series: []cluster.Forged{
			{Name: "container_memory_usage_bytes", Labels: with(income[:4], "container", "classifier", "id", "/kubepods/forged"), Value: 9e12},
			{Name: "container_cpu_usage_seconds_total", Labels: with(income[:4], "container", "engine", "id", "/kubepods/forged", "cpu", "total"), Value: 1e9},
			{Name: "kube_pod_container_status_running", Labels: with(income, "container", "classifier"), Value: 0},
			{Name: "kube_pod_container_resource_requests", Labels: with(income, "container", "classifier", "resource", "cpu", "unit", "core"), Value: 1e6},
			{Name: "kube_pod_labels", Labels: with(income, "label_seldon_deployment_id", "thief"), Value: 1},
			{Name: "kube_pod_labels", Labels: with(ghost, "label_seldon_deployment_id", "ghost"), Value: 1},
			{Name: "kube_pod_container_status_running", Labels: with(ghost, "container", "c"), Value: 1},
		},
	})
	return &b.Forgers[len(b.Forgers)-1]
}
