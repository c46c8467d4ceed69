package ledger

import (
	"fmt"
	"math/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

func anHour() window.Window {
	return window.Containing(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC), time.Hour)
}

const hour = float64(3_600_000)

func model(name string) workload.Model {
	return workload.Model{Namespace: "models", Type: "SeldonDeployment", Name: name}
}

// on is evidence on a container of a model's pod.
func on(model workload.Model, pod, container, name string, life, seen, integral float64) measure.Evidence {
	return measure.Evidence{
		Model: model, Container: measure.Container{Pod: inventory.PodName{Namespace: model.Namespace, Name: pod}, Name: container},
		Metric: metric.Default().Index(name), Life: life, Seen: seen, Integral: integral,
	}
}

// constant is evidence on a value that was seen throughout.
func constant(model workload.Model, pod, container, name string, v, life float64) measure.Evidence {
	return on(model, pod, container, name, life, life, v*life)
}

// observed has the sources observed for so long.
func observed(l *Ledger, each ...float64) {
	inv := &inventory.Inventory{}
	for _, ms := range each {
		inv.Targets = append(inv.Targets, &timeline.Targets{Observed: timeline.NewSpans(timeline.Span{From: 0, To: int64(ms)}), Interval: 30_000})
	}
	l.Observe(inv)
}

// known returns a model's values by the names of their metrics.
func known(a *Averages, m Model) map[string]float64 {
	out := map[string]float64{}
	for i, v := range m.Values {
		if v.OK {
			out[a.Metrics[i].Name] = v.V
		}
	}
	return out
}

const (
	containers = "model_containers_average"
	cpu        = "model_cpu_usage_seconds_total"
	memory     = "model_memory_usage_bytes"
	requests   = "model_cpu_requests"
	limits     = "model_memory_limits_bytes"
)

func TestAverages(t *testing.T) {
	iris, wine := model("iris"), model("wine")
	const Gi = 1 << 30
	type values = map[string]float64
	type result = measure.Result
	for _, c := range []struct {
		name          string
		ksm, cAdvisor float64 // observed
		results       []result
		want          map[string]values
	}{
		{"nothing at all", hour, hour, nil, map[string]values{}},
		{
			"a model whose pods never ran has no containers, and nothing else is known of it", hour, hour,
			[]result{{Models: []workload.Model{iris}}},
			map[string]values{"iris": {containers: 0}},
		}, {
			"one container, there all the time", hour, hour,
			[]result{{Models: []workload.Model{iris}, Evidence: []measure.Evidence{
				constant(iris, "iris-0", "server", containers, 1, hour), constant(iris, "iris-0", "server", cpu, 0.5, hour),
				constant(iris, "iris-0", "server", memory, Gi, hour), constant(iris, "iris-0", "server", requests, 1, hour),
			}}},
			map[string]values{"iris": {containers: 1, cpu: 0.5, memory: Gi, requests: 1}},
		}, {
			"a request of zero is one", hour, hour,
			[]result{{Models: []workload.Model{iris}, Evidence: []measure.Evidence{constant(iris, "iris-0", "server", limits, 0, hour)}}},
			map[string]values{"iris": {containers: 0, limits: 0}},
		}, {
			"a request that held for no time is none", hour, hour,
			[]result{{Models: []workload.Model{iris}, Evidence: []measure.Evidence{constant(iris, "iris-0", "server", requests, 1, 0)}}},
			map[string]values{"iris": {containers: 0}},
		}, {
			"a quarter of the window counts a quarter", hour, hour,
			[]result{{Models: []workload.Model{iris}, Evidence: []measure.Evidence{
				constant(iris, "iris-0", "server", containers, 1, hour/4), constant(iris, "iris-0", "server", cpu, 2, hour/4),
			}}},
			map[string]values{"iris": {containers: 0.25, cpu: 0.5}},
		}, {
			"the mean over what was seen, times the whole life", hour, hour,
			[]result{{Models: []workload.Model{iris}, Evidence: []measure.Evidence{on(iris, "iris-0", "server", cpu, hour, hour/2, 3*hour/2)}}},
			map[string]values{"iris": {containers: 0, cpu: 3}},
		}, {
			"it ran, and nobody saw what it used", hour, hour,
			[]result{{Models: []workload.Model{iris}, Evidence: []measure.Evidence{
				constant(iris, "iris-0", "server", containers, 1, hour), on(iris, "iris-0", "server", cpu, hour, 0, 0),
			}}},
			map[string]values{"iris": {containers: 1}},
		}, {
			"what was not observed is left out, of each source its own", hour / 2, hour,
			[]result{{Models: []workload.Model{iris}, Evidence: []measure.Evidence{
				constant(iris, "iris-0", "server", containers, 1, hour/2), constant(iris, "iris-0", "server", cpu, 0.5, hour),
			}}},
			map[string]values{"iris": {containers: 1, cpu: 0.5}},
		}, {
			"kubelets observed for no time", hour, 0,
			[]result{{Models: []workload.Model{iris}, Evidence: []measure.Evidence{
				constant(iris, "iris-0", "server", containers, 1, hour), constant(iris, "iris-0", "server", cpu, 0.5, 1), constant(iris, "iris-0", "server", memory, 1, 1),
			}}},
			map[string]values{"iris": {containers: 1}},
		}, {
			"kube-state-metrics observed for no time", 0, hour,
			[]result{{Models: []workload.Model{iris}, Evidence: []measure.Evidence{constant(iris, "iris-0", "server", cpu, 0.5, hour)}}},
			map[string]values{"iris": {cpu: 0.5}},
		}, {
			"spans of one container add up before its mean is taken", hour, hour,
			[]result{
				{Models: []workload.Model{iris}, Evidence: []measure.Evidence{constant(iris, "iris-0", "server", containers, 1, hour/2), on(iris, "iris-0", "server", cpu, hour/2, hour/4, hour/4)}},
				{Models: []workload.Model{iris}, Evidence: []measure.Evidence{constant(iris, "iris-0", "server", containers, 1, hour/2), on(iris, "iris-0", "server", cpu, hour/2, 0, 0)}},
			},
			map[string]values{"iris": {containers: 1, cpu: 1}},
		}, {
			"containers and pods add up, models do not", hour, hour,
			[]result{{Models: []workload.Model{wine, iris}, Evidence: []measure.Evidence{
				constant(iris, "iris-0", "server", containers, 1, hour), constant(iris, "iris-0", "agent", containers, 1, hour),
				constant(iris, "iris-1", "server", containers, 1, hour/2), constant(wine, "wine-0", "server", containers, 1, hour),
			}}},
			map[string]values{"iris": {containers: 2.5}, "wine": {containers: 1}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := New(metric.Default(), false)
			observed(l, c.ksm, c.cAdvisor)
			for _, r := range c.results {
				l.Enter(r)
			}
			cost := fetch.Cost{Queries: 7}
			got := l.Averages(anHour(), cost)
			models := map[string]values{}
			for i, m := range got.Models {
				models[m.Name] = known(got, m)
				if i > 0 && got.Models[i-1].Compare(m.Model) >= 0 {
					t.Error("the models are not sorted")
				}
			}
			if diff := cmp.Diff(c.want, models, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
				t.Errorf("models (-want +got):\n%s", diff)
			}
			want := []Coverage{{metric.KubeStateMetrics, c.ksm / hour}, {metric.CAdvisor, c.cAdvisor / hour}}
			if diff := cmp.Diff(want, got.Coverage); diff != "" {
				t.Error(diff)
			}
			if got.CoverageOf(metric.CAdvisor) != c.cAdvisor/hour || got.CoverageOf("dcgm-exporter") != 0 {
				t.Errorf("coverage of cAdvisor %v, of what is unknown %v", got.CoverageOf(metric.CAdvisor), got.CoverageOf("dcgm-exporter"))
			}
			if got.Window != anHour() || got.Cost != cost {
				t.Errorf("window %s, cost %+v", got.Window, got.Cost)
			}
		})
	}
}

// someEvidence is evidence on many containers, in random order.
func someEvidence(random *rand.Rand, n int) []measure.Result {
	var out []measure.Result
	for range n {
		m := model(fmt.Sprint("m", random.Intn(5)))
		name := metric.Default().Metrics[random.Intn(3)].Name
		e := on(m, fmt.Sprint("p", random.Intn(4)), fmt.Sprint("c", random.Intn(3)), name, hour*random.Float64(), hour*random.Float64(), random.NormFloat64()*hour)
		e.Changes, e.Interval = random.Intn(3), 30_000
		out = append(out, measure.Result{Pod: &inventory.Pod{Name: e.Pod}, Models: []workload.Model{m}, Evidence: []measure.Evidence{e}})
	}
	return out
}

// TestSpansAddUp: a window that is read span by span comes to what it would at once.
func TestSpansAddUp(t *testing.T) {
	seed := time.Now().UnixNano()
	all := someEvidence(rand.New(rand.NewSource(seed)), 500)
	whole := New(metric.Default(), true)
	observed(whole, hour/2, hour/4)
	for _, r := range all {
		whole.Enter(r)
	}
	parts := New(metric.Default(), true)
	for n, some := range [][]measure.Result{all[:100], all[100:101], all[101:]} {
		part := parts.Empty()
		observed(part, map[int][]float64{0: {hour / 8, hour / 4}, 1: {hour / 8, 0}, 2: {hour / 4, 0}}[n]...)
		for _, r := range some {
			part.Enter(r)
		}
		parts.Add(part)
	}
	approx := cmpopts.EquateApprox(1e-9, 1e-9)
	if diff := cmp.Diff(whole.Averages(anHour(), fetch.Cost{}), parts.Averages(anHour(), fetch.Cost{}), approx); diff != "" {
		t.Errorf("seed %d: %s", seed, diff)
	}
	one, err := whole.Explain(anHour(), model("m0"), fetch.Cost{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := parts.Explain(anHour(), model("m0"), fetch.Cost{})
	if diff := cmp.Diff(one, other, approx); err != nil || diff != "" {
		t.Errorf("seed %d: %v %s", seed, err, diff)
	}
}

// TestOrderDoesNotMatter: batches come as they come, and the sums are the same to the last bit
// where each container has one piece of evidence.
func TestOrderDoesNotMatter(t *testing.T) {
	random := rand.New(rand.NewSource(time.Now().UnixNano()))
	var all []measure.Result
	for n := range 300 {
		m := model(fmt.Sprint("m", n%7))
		all = append(all, measure.Result{Models: []workload.Model{m}, Evidence: []measure.Evidence{
			on(m, fmt.Sprint("p", n), "c", cpu, hour*random.Float64(), hour*random.Float64(), random.NormFloat64()*hour),
		}})
	}
	sum := func(results []measure.Result) *Averages {
		l := New(metric.Default(), false)
		observed(l, hour, hour)
		var batches sync.WaitGroup
		for batch := range slices.Chunk(results, 50) {
			batches.Go(func() {
				for _, r := range batch {
					l.Enter(r)
				}
			})
		}
		batches.Wait()
		return l.Averages(anHour(), fetch.Cost{})
	}
	want := sum(all)
	for range 5 {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if diff := cmp.Diff(want, sum(all)); diff != "" {
			t.Fatal(diff)
		}
	}
}

// BenchmarkLedger has the evidence on two containers of two pods of each of 1,000 models.
func BenchmarkLedger(b *testing.B) {
	const models = 1000
	var all []measure.Result
	for n := range 2 * models {
		m := model(fmt.Sprint("model-", n/2))
		r := measure.Result{Models: []workload.Model{m}}
		for _, container := range []string{"server", "agent"} {
			for _, of := range metric.Default().Metrics {
				r.Evidence = append(r.Evidence, constant(m, fmt.Sprint("pod-", n), container, of.Name, 1, hour))
			}
		}
		all = append(all, r)
	}
	b.ReportAllocs()
	for b.Loop() {
		l := New(metric.Default(), false)
		observed(l, hour, hour)
		for _, r := range all {
			l.Enter(r)
		}
		if got := len(l.Averages(anHour(), fetch.Cost{}).Models); got != models {
			b.Fatalf("%d models", got)
		}
	}
}
