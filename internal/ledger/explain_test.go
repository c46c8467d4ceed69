package ledger

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// twoPods is the evidence on a container that was there throughout, and on one that began.
func twoPods() *Ledger {
	iris := model("iris")
	old := measure.Container{Pod: inventory.PodName{Namespace: "models", Name: "iris-0"}, UID: "u", Name: "server"}
	young := measure.Container{Pod: inventory.PodName{Namespace: "models", Name: "iris-1"}, UID: "v", Name: "server"}
	table := metric.Default()
	evidence := func(c measure.Container, name string, v, life, seen float64, changes int) measure.Evidence {
		return measure.Evidence{Model: iris, Container: c, Metric: table.Index(name), Life: life, Seen: seen, Integral: v * seen, Changes: changes, Interval: 30_000}
	}
	l := New(table, true)
	observed(l, hour, hour/2)
	l.Enter(measure.Result{
		Pod: &inventory.Pod{Name: old.Pod}, Models: []workload.Model{iris},
		Evidence: []measure.Evidence{evidence(old, containers, 1, hour, hour, 2), evidence(old, cpu, 0.5, hour/2, hour/4, 0), evidence(old, memory, 0, hour/2, 0, 0)},
		LeftOut: []measure.LeftOut{
			{Model: iris, Container: old, ID: "/x", Why: "of no use", Samples: 3}, {Model: iris, Container: old, ID: "/x", Why: "of no use", Samples: 4},
			{Model: model("wine"), Container: old, ID: "/x", Why: "of no use", Samples: 9},
		},
	})
	l.Enter(measure.Result{
		Pod: &inventory.Pod{Name: young.Pod}, Models: []workload.Model{iris},
		Evidence: []measure.Evidence{evidence(young, containers, 1, hour/4, hour/4, 1), evidence(young, cpu, 2, hour/8, hour/8, 1)},
	})
	return l
}

func TestExplain(t *testing.T) {
	l := twoPods()
	cost := fetch.Cost{Queries: 5}
	x, err := l.Explain(anHour(), model("iris"), cost)
	if err != nil {
		t.Fatal(err)
	}
	if x.Window != anHour() || x.Model != model("iris") || x.Cost != cost {
		t.Errorf("%s, %v, %+v", x.Window, x.Model, x.Cost)
	}
	want := []Source{{metric.KubeStateMetrics, 3600, 30}, {metric.CAdvisor, 1800, 30}}
	if diff := cmp.Diff(want, x.Sources); diff != "" {
		t.Error(diff)
	}
	server := func(pod, uid string) measure.Container {
		return measure.Container{Pod: inventory.PodName{Namespace: "models", Name: pod}, UID: uid, Name: "server"}
	}
	bounds := map[string]float64{containers: 30.0 / 3600 * (2 + 1), cpu: 30.0 / 1800 * 2}
	terms := map[string][]Term{
		containers: {{server("iris-0", "u"), 3600, 3600, 1, 1, 2}, {server("iris-1", "v"), 900, 900, 1, 0.25, 1}},
		cpu:        {{server("iris-0", "u"), 1800, 900, 0.5, 0.5, 0}, {server("iris-1", "v"), 450, 450, 2, 0.5, 1}},
		memory:     {{Container: server("iris-0", "u"), Lived: 1800}},
	}
	for _, v := range x.Values {
		if diff := cmp.Diff(terms[v.Name], v.Terms, cmpopts.EquateApprox(1e-12, 0)); diff != "" && v.Fold != metric.Level {
			t.Errorf("%s: %s", v.Name, diff)
		}
		if diff := cmp.Diff(bounds[v.Name], v.Bound, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
			t.Errorf("%s, bound: %s", v.Name, diff)
		}
		var sum float64
		for _, term := range v.Terms {
			sum += term.Share
		}
		if v.OK && sum != v.V {
			t.Errorf("%s: the terms add up to %v, and the value is %v", v.Name, sum, v.V)
		}
	}
	pods := []Pod{{PodName: server("iris-0", "").Pod, UID: "u"}, {PodName: server("iris-1", "").Pod, UID: "v"}}
	if diff := cmp.Diff(pods, x.Pods, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	leftOut := []measure.LeftOut{{Model: model("iris"), Container: server("iris-0", "u"), ID: "/x", Why: "of no use", Samples: 7}}
	if diff := cmp.Diff(leftOut, x.LeftOut); diff != "" {
		t.Error(diff)
	}
}

// TestExplainedIsServed: what is explained is what the averages hold, to the last bit.
func TestExplainedIsServed(t *testing.T) {
	l := twoPods()
	x, err := l.Explain(anHour(), model("iris"), fetch.Cost{})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range l.Averages(anHour(), fetch.Cost{}).Models[0].Values {
		if x.Values[i].Value != v {
			t.Errorf("%s is %v, and explained as %v", x.Values[i].Name, v, x.Values[i].Value)
		}
	}
}

func TestExplainWhich(t *testing.T) {
	l := New(metric.Default(), true)
	observed(l, hour, hour)
	for _, m := range []workload.Model{
		{Namespace: "a", Type: "SeldonDeployment", Name: "one"},
		{Namespace: "a", Type: "SeldonDeployment", Name: "two"}, {Namespace: "a", Type: "Server", Name: "two"},
		{Cluster: "east", Namespace: "b", Type: "Server", Name: "x"}, {Cluster: "west", Namespace: "b", Type: "Server", Name: "x"},
	} {
		l.Enter(measure.Result{Pod: &inventory.Pod{}, Models: []workload.Model{m}})
	}
	for _, c := range []struct {
		name  string
		asked workload.Model
		says  string // "" where it is found
	}{
		{"by its name", workload.Model{Namespace: "a", Name: "one"}, ""},
		{"by its type", workload.Model{Namespace: "a", Type: "Server", Name: "two"}, ""},
		{"in its cluster", workload.Model{Cluster: "west", Namespace: "b", Name: "x"}, ""},
		{"one of two types", workload.Model{Namespace: "a", Name: "two"}, "a/two is several models: SeldonDeployment, Server: say which of them"},
		{"in one of two clusters", workload.Model{Namespace: "b", Name: "x"}, "b/x is several models: Server east, Server west: say which of them"},
		{"of another type", workload.Model{Namespace: "a", Type: "Server", Name: "one"}, "the model a/one had no pod in [2026-03-01T12:00:00Z, 2026-03-01T13:00:00Z): check its name and its kind, or choose another window"},
		{"of another namespace", workload.Model{Namespace: "b", Name: "one"}, "the model b/one had no pod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, err := l.Explain(anHour(), c.asked, fetch.Cost{})
			if c.says == "" && (err != nil || !Matches(c.asked, x.Model)) {
				t.Errorf("got %+v, error %v", x, err)
			}
			if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error %v, want %s", err, c.says)
			}
		})
	}
}

// TestPodsOfAnExplanation: each target that showed a pod is named once, though it showed
// several of its spans.
func TestPodsOfAnExplanation(t *testing.T) {
	a, b := timeline.Target{Instance: "a"}, timeline.Target{Instance: "b"}
	t1 := &trace{map[inventory.PodName][]timeline.Target{}, map[measure.LeftOut]int{}}
	pod := inventory.PodName{Namespace: "models", Name: "iris-0"}
	t1.show(pod, []timeline.Target{b})
	t1.show(pod, []timeline.Target{a, b})
	if diff := cmp.Diff([]timeline.Target{a, b}, t1.shownBy[pod]); diff != "" {
		t.Error(diff)
	}
}
