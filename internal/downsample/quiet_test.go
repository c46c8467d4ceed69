package downsample

import (
	"math"
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// TestRise: a counter read at a slice's edges only. A scrape interval is 10, the lead 25.
func TestRise(t *testing.T) {
	slice := span{0, 200}
	const cores = 0.5
	rising := func(times ...int64) []upstream.Sample { return counter(-900, cores/1000, times...) }
	start, end := every(10, -15, 15), every(10, 185, 195)
	for _, c := range []struct {
		name       string
		start, end []upstream.Sample
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
			got, ok := (&edges{c.start, c.end}).rise(c.since, slice, 25)
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

// TestRequestsConstant reads a request at the start (0), the end (1), and its mean (2).
func TestRequestsConstant(t *testing.T) {
	type reading struct {
		metric string
		at     int
		value  float64
	}
	const requests, old = "kube_pod_container_resource_requests", "kube_pod_container_resource_requests_cpu_cores"
	for _, c := range []struct {
		name     string
		readings []reading
		want     bool
	}{
		{"none at all", nil, true},
		{"the same all the time", []reading{{requests, 0, 0.5}, {requests, 1, 0.5}, {requests, 2, 0.5}}, true},
		{"a mean that is not quite the same is", []reading{{requests, 0, 0.1}, {requests, 1, 0.1}, {requests, 2, 0.1 + 1e-17}}, true},
		{"resized", []reading{{requests, 0, 0.5}, {requests, 1, 1}, {requests, 2, 0.75}}, false},
		{"resized and back", []reading{{requests, 0, 0.5}, {requests, 1, 0.5}, {requests, 2, 0.55}}, false},
		{"added", []reading{{requests, 1, 0.5}, {requests, 2, 0.5}}, false},
		{"removed", []reading{{requests, 0, 0.5}, {requests, 2, 0.5}}, false},
		{"for a while in between", []reading{{requests, 2, 0.5}}, false},
		{"two instances agree", []reading{{requests, 0, 0.5}, {requests, 0, 0.5}, {requests, 1, 0.5}, {requests, 1, 0.5}, {requests, 2, 0.5}, {requests, 2, 0.5}}, true},
		{"two instances differ", []reading{{requests, 0, 0.5}, {requests, 0, 1}, {requests, 1, 0.5}, {requests, 2, 0.5}}, false},
		{"two instances differ, then agree with the first", []reading{{requests, 0, 0.5}, {requests, 0, 1}, {requests, 0, 0.5}, {requests, 1, 0.5}, {requests, 2, 0.5}}, false},
		{"in both forms of kube-state-metrics 1.9", []reading{
			{requests, 0, 0.5}, {requests, 1, 0.5}, {requests, 2, 0.5}, {old, 0, 0.5}, {old, 1, 0.5}, {old, 2, 0.5},
		}, true},
		{"an upgrade took the old form away", []reading{
			{requests, 0, 0.5}, {requests, 1, 0.5}, {requests, 2, 0.5}, {old, 0, 0.5}, {old, 2, 0.5},
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &quietPod{pod: &pod{podName: podName{"", "models", "iris-0"}}, requests: map[requestKey]*request{}}
			z := &quiet{querier: &querier{}, pods: map[podName]*quietPod{p.podName: p}}
			for _, r := range c.readings {
				z.noteRequest(upstream.Series{
					Labels:  labels("__name__", r.metric, "namespace", "models", "pod", "iris-0", "container", "server", "resource", "cpu"),
					Samples: at(r.value, 0),
				}, r.at)
			}
			if got := p.requestsConstant(); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// TestNoteRequest: of whom a request is noted.
func TestNoteRequest(t *testing.T) {
	for _, c := range []struct {
		name   string
		labels upstream.Labels
		want   bool
	}{
		{"a container's", labels("__name__", "kube_pod_container_resource_limits", "pod", "iris-0", "container", "server", "resource", "memory"), true},
		{"another pod's", labels("__name__", "kube_pod_container_resource_limits", "pod", "iris-1", "container", "server", "resource", "memory"), false},
		{"of another resource", labels("__name__", "kube_pod_container_resource_limits", "pod", "iris-0", "container", "server", "resource", "nvidia_com_gpu"), false},
		{"an init container's", labels("__name__", "kube_pod_init_container_resource_limits", "pod", "iris-0", "container", "storage-initializer", "resource", "memory"), false},
		{"a native sidecar's", labels("__name__", "kube_pod_init_container_resource_limits", "pod", "iris-0", "container", "proxy", "resource", "memory"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &quietPod{pod: &pod{podName: podName{"", "models", "iris-0"}, sidecars: []string{"proxy"}}, requests: map[requestKey]*request{}}
			z := &quiet{querier: &querier{}, pods: map[podName]*quietPod{p.podName: p}}
			z.noteRequest(upstream.Series{Labels: append(labels("namespace", "models"), c.labels...), Samples: at(1, 0)}, 0)
			if got := len(p.requests) == 1; got != c.want {
				t.Errorf("noted: %t", got)
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
