package downsample

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// TestQuietRequests reads requests at some moments, and holds what a quiet pod's come to.
func TestQuietRequests(t *testing.T) {
	a, b := target{instance: "a"}, target{instance: "b"}
	moments := every(10, 0, 10*(requestPoints-1))
	always := func(v float64) []promapi.Sample { return at(v, moments...) }
	with := func(v float64, from, to int) []promapi.Sample { // another value for a while
		samples := always(0.5)
		for i := from; i < to; i++ {
			samples[i].V = v
		}
		return samples
	}
	without := func(from, to int) []promapi.Sample { return slices.Delete(always(0.5), from, to) }
	row := func(who target, name, resource string, samples []promapi.Sample) promapi.Series {
		return promapi.Series{Labels: labels("__name__", name, "resource", resource, "instance", who.instance), Samples: samples}
	}
	of := func(who target, samples []promapi.Sample) promapi.Series {
		return row(who, "kube_pod_container_resource_requests", "cpu", samples)
	}
	limits := func(samples []promapi.Sample) promapi.Series {
		return row(a, "kube_pod_container_resource_limits", "cpu", samples)
	}
	old := func(samples []promapi.Sample) promapi.Series {
		return row(a, "kube_pod_container_resource_requests_cpu_cores", "", samples)
	}
	sidecars := func(samples []promapi.Sample) promapi.Series {
		return row(a, "kube_pod_init_container_resource_requests", "cpu", samples)
	}

	for _, c := range []struct {
		name     string
		rows     []promapi.Series
		constant bool
		want     map[usage.Metric]float64 // its averages over an hour, where it is constant
	}{
		{"none at all", nil, true, nil},
		{"the same all the time", []promapi.Series{of(a, always(0.5))}, true, map[usage.Metric]float64{usage.CPURequests: 0.5}},
		{"the last bit does not matter", []promapi.Series{of(a, with(0.5+1e-16, 3, 7))}, true, map[usage.Metric]float64{usage.CPURequests: 0.5}},
		{"resized", []promapi.Series{of(a, with(1, 6, requestPoints))}, false, nil},
		{"resized at the very end", []promapi.Series{of(a, with(1, requestPoints-1, requestPoints))}, false, nil},
		{"resized and back", []promapi.Series{of(a, with(1, 5, 6))}, false, nil},
		{"one of two resized", []promapi.Series{of(a, always(0.5)), limits(with(1, 5, 6))}, false, nil},
		{"one of two taken away", []promapi.Series{of(a, always(0.5)), limits(without(6, requestPoints))}, false, nil},
		{"a failed scrape hides them all", []promapi.Series{of(a, without(4, 5)), limits(without(4, 5))}, true,
			map[usage.Metric]float64{usage.CPURequests: 0.5, usage.CPULimits: 0.5}},
		{"seen too seldom to tell", []promapi.Series{of(a, always(0.5)[:2])}, false, nil},
		{"two instances agree, and count once", []promapi.Series{of(a, always(0.5)), of(b, always(0.5))}, true,
			map[usage.Metric]float64{usage.CPURequests: 0.5}},
		{"two instances differ", []promapi.Series{of(a, always(0.5)), of(b, always(1))}, false, nil},
		{"both forms of kube-state-metrics 1.9 count once", []promapi.Series{of(a, always(0.5)), old(always(0.5))}, true,
			map[usage.Metric]float64{usage.CPURequests: 0.5}},
		{"the old form alone", []promapi.Series{old(always(0.5))}, true, map[usage.Metric]float64{usage.CPURequests: 0.5}},
		{"one instance has the old form, the other the new", []promapi.Series{old(always(0.5)), of(b, always(0.5))}, true,
			map[usage.Metric]float64{usage.CPURequests: 0.5}},
		{"native sidecars' are added", []promapi.Series{of(a, always(0.5)), sidecars(always(0.25))}, true,
			map[usage.Metric]float64{usage.CPURequests: 0.75}},
	} {
		t.Run(c.name, func(t *testing.T) {
			iris := workload.Model{Namespace: "models", Type: "SeldonDeployment", Name: "iris"}
			p := &quietPod{
				pod:   &pod{podName: podName{"", "models", "iris-0"}, knowing: []target{a, b}},
				owner: claimant{model: iris},
			}
			z := &quiet{querier: &querier{slice: span{0, int64(hour)}}}
			if got := z.requestsConstant(p, c.rows); got != c.constant {
				t.Fatalf("constant: %t", got)
			}
			if !c.constant {
				return
			}
			l := newLedger()
			l.observed.kubeStateMetrics = int64(hour)
			l.enter(z.evidence(p))
			want := usage.Values{usage.Containers: {OK: true}}
			for metric, v := range c.want {
				want[metric] = usage.Value{V: v, OK: true}
			}
			if diff := cmp.Diff([]Model{{iris, want}}, l.averages(anHour()).Models, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
				t.Errorf("models (-want +got):\n%s", diff)
			}
		})
	}
}
