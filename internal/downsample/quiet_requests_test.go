package downsample

import (
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// TestRequestsConstant: only what never changed, and was always there, needs no close look.
func TestRequestsConstant(t *testing.T) {
	a, b := target{job: "ksm", instance: "a"}, target{job: "ksm", instance: "b"}
	steady := func(n int, v float64) []upstream.Sample { return slices.Repeat(at(v, 0), n) }
	cpu := func(who target) requestKey { return requestKey{metric: usage.CPURequests, who: who} }
	memory := func(who target) requestKey { return requestKey{metric: usage.MemoryRequests, who: who} }
	old := func(who target) requestKey { return requestKey{metric: usage.CPURequests, old: true, who: who} }
	for _, c := range []struct {
		name   string
		points map[requestKey][]upstream.Sample
		want   bool
	}{
		{"none at all", nil, true},
		{"the same all the time", map[requestKey][]upstream.Sample{cpu(a): steady(12, 0.5)}, true},
		{"the last bit differs", map[requestKey][]upstream.Sample{cpu(a): slices.Concat(steady(6, 0.3), steady(6, 0.3+1e-16))}, true},
		{"resized", map[requestKey][]upstream.Sample{cpu(a): slices.Concat(steady(6, 0.5), steady(6, 1))}, false},
		{"resized and back", map[requestKey][]upstream.Sample{cpu(a): slices.Concat(steady(6, 0.5), steady(1, 1), steady(5, 0.5))}, false},
		{"added", map[requestKey][]upstream.Sample{cpu(a): steady(7, 0.5), memory(a): steady(12, 100)}, false},
		{"hidden by a failed scrape, like all else", map[requestKey][]upstream.Sample{cpu(a): steady(11, 0.5), memory(a): steady(11, 100)}, true},
		{"hidden most of the time", map[requestKey][]upstream.Sample{cpu(a): steady(3, 0.5)}, false},
		{"two instances agree", map[requestKey][]upstream.Sample{cpu(a): steady(12, 0.5), cpu(b): steady(12, 0.5)}, true},
		{"two instances differ", map[requestKey][]upstream.Sample{cpu(a): steady(12, 0.5), cpu(b): steady(12, 1)}, false},
		{"both forms of kube-state-metrics 1.9", map[requestKey][]upstream.Sample{cpu(a): steady(12, 0.5), old(a): steady(12, 0.5)}, true},
		{"resized between two instances of other versions", map[requestKey][]upstream.Sample{old(a): steady(6, 0.5), cpu(b): steady(6, 1)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &quietPod{pod: &pod{}, requests: c.points}
			if got := p.requestsConstant(); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
