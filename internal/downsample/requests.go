package downsample

import (
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// requestNames are the metrics that hold requests and limits: since kube-state-metrics
// 1.8 one for all resources, before 2.0 one for each. 1.8 and 1.9 have both.
func requestNames(what string) []string {
	return []string{
		"kube_pod_container_resource_" + what,
		"kube_pod_container_resource_" + what + "_cpu_cores",
		"kube_pod_container_resource_" + what + "_memory_bytes",
	}
}

// initRequestNames are those of init containers, among them native sidecars.
func initRequestNames(what string) []string {
	return []string{"kube_pod_init_container_resource_" + what}
}

// named selects series by their names, and of resources the two that are averaged.
func named(names []string, selector string) string {
	return "{" + matcher("__name__", names) + `,resource=~"cpu|memory|",` + selector + "}"
}

// requestOf says which of the seven metrics a series of requests or limits is for, and
// whether it has the form of kube-state-metrics 1.x, which a newer one overrules.
func requestOf(l promapi.Labels) (metric usage.Metric, old, ok bool) {
	name, resource := l.Get("__name__"), l.Get("resource")
	switch {
	case strings.HasSuffix(name, "_cpu_cores"):
		resource, old = "cpu", true
	case strings.HasSuffix(name, "_memory_bytes"):
		resource, old = "memory", true
	}
	limits := strings.Contains(name, "_resource_limits")
	switch {
	case resource == "cpu" && limits:
		return usage.CPULimits, old, true
	case resource == "cpu":
		return usage.CPURequests, old, true
	case resource == "memory" && limits:
		return usage.MemoryLimits, old, true
	case resource == "memory":
		return usage.MemoryRequests, old, true
	}
	return 0, false, false
}
