package downsample

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

func anHour() window.Window {
	return window.Containing(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC), time.Hour)
}

const hour = float64(3_600_000)

func TestAverages(t *testing.T) {
	iris := workload.Model{Namespace: "models", Type: "SeldonDeployment", Name: "iris"}
	wine := workload.Model{Namespace: "models", Type: "SeldonDeployment", Name: "wine"}
	const Gi = 1 << 30
	on := func(m workload.Model, pod, container string, a account) accountEntry {
		return accountEntry{model: m, containerKey: containerKey{podName{"", m.Namespace, pod}, "", container}, account: a}
	}
	constant := func(v, life float64) evidence { return evidence{life: life, seen: life, integral: v * life} }

	for _, c := range []struct {
		name          string
		ksm, cAdvisor float64 // observed
		entries       []*entries
		want          []Model
	}{
		{"nothing at all", hour, hour, nil, nil},
		{
			"a model whose pods never ran has no containers, and nothing else is known of it", hour, hour,
			[]*entries{{known: []workload.Model{iris}}},
			[]Model{{iris, usage.Values{usage.Containers: {V: 0, OK: true}}}},
		}, {
			"one container, there all the time", hour, hour,
			[]*entries{{
				known: []workload.Model{iris},
				accounts: []accountEntry{on(iris, "iris-0", "server", account{
					running: hour, cpu: constant(0.5, hour), memory: constant(Gi, hour),
				})},
				requests: []requestEntry{{model: iris, metric: usage.CPURequests, evidence: constant(1, hour)}},
			}},
			[]Model{{iris, usage.Values{
				usage.Containers: {V: 1, OK: true}, usage.CPUUsage: {V: 0.5, OK: true},
				usage.MemoryUsage: {V: Gi, OK: true}, usage.CPURequests: {V: 1, OK: true},
			}}},
		}, {
			"a request of zero is one", hour, hour,
			[]*entries{{known: []workload.Model{iris}, requests: []requestEntry{{model: iris, metric: usage.MemoryLimits, evidence: constant(0, hour)}}}},
			[]Model{{iris, usage.Values{usage.Containers: {OK: true}, usage.MemoryLimits: {V: 0, OK: true}}}},
		}, {
			"a request that held for no time is none", hour, hour,
			[]*entries{{known: []workload.Model{iris}, requests: []requestEntry{{model: iris, metric: usage.CPURequests, evidence: evidence{}}}}},
			[]Model{{iris, usage.Values{usage.Containers: {OK: true}}}},
		}, {
			"a quarter of the window counts a quarter", hour, hour,
			[]*entries{{
				known:    []workload.Model{iris},
				accounts: []accountEntry{on(iris, "iris-0", "server", account{running: hour / 4, cpu: constant(2, hour/4)})},
			}},
			[]Model{{iris, usage.Values{usage.Containers: {V: 0.25, OK: true}, usage.CPUUsage: {V: 0.5, OK: true}}}},
		}, {
			"the mean over what was seen, times the whole life", hour, hour,
			[]*entries{{
				known: []workload.Model{iris},
				accounts: []accountEntry{on(iris, "iris-0", "server", account{
					running: hour, cpu: evidence{life: hour, seen: hour / 2, integral: 3 * hour / 2},
				})},
			}},
			[]Model{{iris, usage.Values{usage.Containers: {V: 1, OK: true}, usage.CPUUsage: {V: 3, OK: true}}}},
		}, {
			"it ran, and nobody saw what it used", hour, hour,
			[]*entries{{
				known:    []workload.Model{iris},
				accounts: []accountEntry{on(iris, "iris-0", "server", account{running: hour, cpu: evidence{life: hour}})},
			}},
			[]Model{{iris, usage.Values{usage.Containers: {V: 1, OK: true}}}},
		}, {
			"what was not observed is left out, of each kind of source its own", hour / 2, hour,
			[]*entries{{
				known:    []workload.Model{iris},
				accounts: []accountEntry{on(iris, "iris-0", "server", account{running: hour / 2, cpu: constant(0.5, hour)})},
			}},
			[]Model{{iris, usage.Values{usage.Containers: {V: 1, OK: true}, usage.CPUUsage: {V: 0.5, OK: true}}}},
		}, {
			"kubelets observed for no time", hour, 0,
			[]*entries{{
				known:    []workload.Model{iris},
				accounts: []accountEntry{on(iris, "iris-0", "server", account{running: hour, cpu: constant(0.5, 1), memory: constant(1, 1)})},
			}},
			[]Model{{iris, usage.Values{usage.Containers: {V: 1, OK: true}}}},
		}, {
			"what is of no known model is nobody's", hour, hour,
			[]*entries{{
				known:    []workload.Model{iris},
				accounts: []accountEntry{on(wine, "wine-0", "server", account{running: hour})},
				requests: []requestEntry{{model: wine, metric: usage.CPURequests, evidence: constant(1, hour)}},
			}},
			[]Model{{iris, usage.Values{usage.Containers: {OK: true}}}},
		}, {
			"slices of one container add up before its mean is taken", hour, hour,
			[]*entries{
				{known: []workload.Model{iris}, accounts: []accountEntry{on(iris, "iris-0", "server", account{running: hour / 2, cpu: evidence{life: hour / 2, seen: hour / 4, integral: hour / 4}})}},
				{known: []workload.Model{iris}, accounts: []accountEntry{on(iris, "iris-0", "server", account{running: hour / 2, cpu: evidence{life: hour / 2}})}},
			},
			[]Model{{iris, usage.Values{usage.Containers: {V: 1, OK: true}, usage.CPUUsage: {V: 1, OK: true}}}},
		}, {
			"containers and pods add up, models do not", hour, hour,
			[]*entries{{
				known: []workload.Model{wine, iris},
				accounts: []accountEntry{
					on(iris, "iris-0", "server", account{running: hour}), on(iris, "iris-0", "agent", account{running: hour}),
					on(iris, "iris-1", "server", account{running: hour / 2}), on(wine, "wine-0", "server", account{running: hour}),
				},
			}},
			[]Model{
				{iris, usage.Values{usage.Containers: {V: 2.5, OK: true}}},
				{wine, usage.Values{usage.Containers: {V: 1, OK: true}}},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger()
			l.observed.kubeStateMetrics, l.observed.cAdvisor = int64(c.ksm), int64(c.cAdvisor)
			for _, e := range c.entries {
				l.enter(e)
			}
			got := l.averages(anHour())
			if diff := cmp.Diff(c.want, got.Models, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
				t.Errorf("models (-want +got):\n%s", diff)
			}
			if want := (Coverage{c.ksm / hour, c.cAdvisor / hour}); got.Coverage != want {
				t.Errorf("coverage %+v, want %+v", got.Coverage, want)
			}
			if got.Window != anHour() {
				t.Errorf("window %s", got.Window)
			}
		})
	}
}
