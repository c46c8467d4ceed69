package downsample

import (
	"math"
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// TestRise: a counter read at a slice's edges only. A scrape interval is 10, the lead 25.
func TestRise(t *testing.T) {
	slice := span{0, 200}
	const cores = 0.5
	rising := func(times ...int64) []promapi.Sample { return counter(-900, cores/1000, times...) }
	start, end := every(10, -15, 15), every(10, 185, 195)
	for _, c := range []struct {
		name       string
		start, end []promapi.Sample
		since      int64
		seen       float64
		ok         bool
	}{
		{"from edge to edge", rising(start...), rising(end...), -100, 195, true},
		{"since the window's start, which is the slice's", rising(start...), rising(end...), 0, 190, true},
		{"since the window's start, long before the slice", rising(start...), rising(end...), -1_000_000, 195, true},
		{"nothing before the slice", rising(5, 15), rising(end...), -100, 190, true},
		{"a sample right at the edge", rising(-10, 0, 10), rising(end...), -100, 195, true},
		{"all in one piece, as in a short slice", rising(every(10, -15, 195)...), nil, -100, 195, true},
		{"nothing", nil, nil, -100, 0, false},
		{"begins too late", rising(35, 45), rising(end...), -100, 0, false},
		{"ends too early", rising(start...), rising(165, 174), -100, 0, false},
		{"gone before the end", rising(start...), nil, -100, 0, false},
		{"not there at the start", nil, rising(end...), -100, 0, false},
		{"reset between the edges", rising(start...), counter(100, cores/1000, end...), -100, 0, false},
		{"reset at an edge", rising(start...), slices.Concat(rising(175), counter(180, cores/1000, end...)), -100, 0, false},
		{"stands still: it used nothing", at(7, start...), at(7, end...), -100, 195, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := rise(slices.Concat(c.start, c.end), c.since, slice, 25)
			if ok != c.ok || got.seen != c.seen {
				t.Fatalf("got %+v, %t; want it seen for %v, %t", got, ok, c.seen, c.ok)
			}
			want := cores
			if ok && c.start[0].V == 7 {
				want = 0
			}
			if mean := got.integral / got.seen; ok && math.Abs(mean-want) > 1e-9 {
				t.Errorf("%v cores, want %v", mean, want)
			}
		})
	}
}

// TestRequestOf: the names that requests and limits had since kube-state-metrics 1.x.
func TestRequestOf(t *testing.T) {
	for _, c := range []struct {
		metric, resource string
		want             usage.Metric
		old, ok          bool
	}{
		{"kube_pod_container_resource_requests", "cpu", usage.CPURequests, false, true},
		{"kube_pod_container_resource_limits", "cpu", usage.CPULimits, false, true},
		{"kube_pod_container_resource_requests", "memory", usage.MemoryRequests, false, true},
		{"kube_pod_container_resource_limits", "memory", usage.MemoryLimits, false, true},
		{"kube_pod_init_container_resource_limits", "memory", usage.MemoryLimits, false, true},
		{"kube_pod_container_resource_requests_cpu_cores", "", usage.CPURequests, true, true},
		{"kube_pod_container_resource_limits_cpu_cores", "", usage.CPULimits, true, true},
		{"kube_pod_container_resource_requests_memory_bytes", "", usage.MemoryRequests, true, true},
		{"kube_pod_container_resource_limits_memory_bytes", "", usage.MemoryLimits, true, true},
		{"kube_pod_container_resource_limits", "nvidia_com_gpu", 0, false, false},
		{"kube_pod_container_resource_limits", "", 0, false, false},
	} {
		t.Run(c.metric+" "+c.resource, func(t *testing.T) {
			metric, old, ok := requestOf(labels("__name__", c.metric, "resource", c.resource))
			if metric != c.want || old != c.old || ok != c.ok {
				t.Errorf("got %v, %t, %t", metric, old, ok)
			}
		})
	}
}
