package inventory

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi/promapitest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// check tries a property on random input. What fails is printed, and can be made a case.
func check(t *testing.T, name string, property any) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		seed := time.Now().UnixNano()
		if err := quick.Check(property, &quick.Config{MaxCount: 100, Rand: rand.New(rand.NewSource(seed))}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	})
}

// TestWhoseSeries: what honor_labels made of the labels that say whose a series is. Where
// the target has such a label itself, the pod's arrives as exported_*.
func TestWhoseSeries(t *testing.T) {
	for _, c := range []struct {
		name      string
		labels    []string
		pod       PodName
		container string
		form      Form
	}{
		{
			"honored",
			[]string{"namespace", "models", "pod", "iris-0", "container", "server"},
			PodName{"", "models", "iris-0"}, "server", Form{"namespace", "pod"},
		}, {
			"all three exported",
			[]string{"namespace", "monitoring", "pod", "ksm-0", "container", "ksm", "exported_namespace", "models", "exported_pod", "iris-0", "exported_container", "server"},
			PodName{"", "models", "iris-0"}, "server", Form{"exported_namespace", "exported_pod"},
		}, {
			"the target has a namespace only",
			[]string{"namespace", "monitoring", "exported_namespace", "models", "pod", "iris-0", "container", "server"},
			PodName{"", "models", "iris-0"}, "server", Form{"exported_namespace", "pod"},
		}, {
			"the target has a pod only",
			[]string{"namespace", "models", "pod", "ksm-0", "exported_pod", "iris-0", "container", "server"},
			PodName{"", "models", "iris-0"}, "server", Form{"namespace", "exported_pod"},
		}, {
			"the target has a container only",
			[]string{"namespace", "models", "pod", "iris-0", "container", "ksm", "exported_container", "server"},
			PodName{"", "models", "iris-0"}, "server", Form{"namespace", "pod"},
		}, {
			"a series of no container",
			[]string{"namespace", "models", "pod", "iris-0"},
			PodName{"", "models", "iris-0"}, "", Form{"namespace", "pod"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			labels := promapitest.Labels(c.labels...)
			if got := (Naming{}).Pod(labels); got != c.pod {
				t.Errorf("pod %+v", got)
			}
			if got := Label(labels, "container"); got != c.container {
				t.Errorf("container %q", got)
			}
			if got := formOf(labels); got != c.form {
				t.Errorf("form %+v", got)
			}
			if !slices.Contains(forms(), c.form) {
				t.Errorf("the form %v is never asked for", c.form)
			}
		})
	}
}

func TestClusterLabel(t *testing.T) {
	kubelet := metric.Default().Sources[1]
	of := func(cluster string) promapi.Labels {
		return promapitest.Labels("region", cluster, "namespace", "models", "pod", "iris-0", "job", "kubelet", "instance", "n1", "metrics_path", "/metrics/cadvisor")
	}
	n, one := Naming{ClusterLabel: "region"}, Naming{}
	if n.Pod(of("eu")) == n.Pod(of("us")) || n.Target(of("eu"), kubelet) == n.Target(of("us"), kubelet) {
		t.Error("two clusters' are taken for one")
	}
	if one.Pod(of("eu")) != one.Pod(of("us")) || one.Target(of("eu"), kubelet) != one.Target(of("us"), kubelet) {
		t.Error("where there is one cluster, a label that nobody asked for distinguishes two")
	}
	if named := (Naming{Cluster: "eu"}); named.Pod(of("us")).Cluster != "eu" || named.Target(of("us"), kubelet).Cluster != "eu" {
		t.Error("the only cluster does not have its name")
	}
	if both := (Naming{ClusterLabel: "region", Cluster: "eu"}); both.Pod(of("us")).Cluster != "us" {
		t.Error("the label does not win over the name")
	}
}

func TestTarget(t *testing.T) {
	labels := promapitest.Labels("job", "kubelet", "instance", "n1:10250", "metrics_path", "/metrics/cadvisor")
	for name, want := range map[string]timeline.Target{
		metric.KubeStateMetrics: {Job: "kubelet", Instance: "n1:10250"},
		metric.CAdvisor:         {Job: "kubelet", Instance: "n1:10250", Path: "/metrics/cadvisor"},
	} {
		table := metric.Default()
		if got := (Naming{}).Target(labels, table.Sources[table.SourceIndex(name)]); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestMatchers(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []string
		want   string
	}{
		{"one", []string{"iris.v1-0"}, `{pod="iris.v1-0"}`},
		{"one, twice", []string{"iris-0", "iris-0"}, `{pod="iris-0"}`},
		{"several, sorted, each once", []string{"b", "a", "b"}, `{pod=~"a|b"}`},
		{"dots are dots", []string{"a.b", "c"}, `{pod=~"a\\.b|c"}`},
		{"whatever is special is not", []string{`a|b`, `c"d\e`}, `{pod=~"a\\|b|c\"d\\\\e"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := slices.Clone(c.values)
			if got := (promapi.Selector{oneOf("pod", c.values)}).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if diff := cmp.Diff(before, c.values); diff != "" {
				t.Errorf("the values were changed: %s", diff)
			}
		})
	}
	check(t, "match their values only", func(values []string, other string) bool {
		values = append(values, "iris.v1-0")
		one, none := promapi.Selector{oneOf("pod", values)}, promapi.Selector{noneOf("pod", values)}
		selected := func(s promapi.Selector, v string) bool { return promapitest.Selects(s, promapitest.Labels("pod", v)) }
		for _, v := range append(values, other, "irisxv1-0", "") {
			in := slices.Contains(values, v)
			if selected(one, v) != in || selected(none, v) == in {
				return false
			}
		}
		return true
	})
}

// TestSelectors: each form asks about its own pods, not about the others'.
func TestSelectors(t *testing.T) {
	plain, exported := Form{"namespace", "pod"}, Form{"exported_namespace", "exported_pod"}
	pods := []*Pod{
		{Name: PodName{"", "models", "iris.v1-0"}, Forms: []Form{plain}},
		{Name: PodName{"", "models", "income-0"}, Forms: []Form{plain, exported}},
		{Name: PodName{"", "staging", "income-0"}, Forms: []Form{exported}},
	}
	of := promapi.Selector{{Name: "__name__", Value: "x"}}
	var got []string
	for _, s := range selectors(pods, of) {
		got = append(got, s.String())
	}
	want := []string{
		`{__name__="x",namespace="models",pod=~"income-0|iris\\.v1-0"}`,
		`{__name__="x",exported_namespace=~"models|staging",exported_pod="income-0"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := selectors(nil, of); len(got) != 0 {
		t.Errorf("no pods, yet %v is asked", got)
	}
}

// TestSeriesSelectEachPod: whatever a metric is read from, and however a target names the pod,
// what is asked for some pods selects it.
func TestSeriesSelectEachPod(t *testing.T) {
	table := metric.Default()
	inv := &Inventory{}
	pods := []*Pod{{Name: PodName{"", "models", "iris.v1-0"}, Forms: forms(), Sidecars: []string{"agent"}}, {Name: PodName{"", "staging", "wine-0"}, Forms: forms()[:1]}}
	values := func(m metric.Match) string {
		if m.Not {
			return "server"
		}
		return m.Values[0]
	}
	for source, s := range table.Sources {
		asked := inv.Series(table, source, pods)
		for _, init := range []bool{false, true} {
			for _, series := range table.Reads(s.Name, init) {
				for _, f := range forms() {
					pairs := []string{"__name__", series.Name, f.Namespace, "models", f.Pod, "iris.v1-0", "container", "agent"}
					for _, m := range series.Match {
						if m.Label != "container" {
							pairs = append(pairs, m.Label, values(m))
						}
					}
					labels := promapitest.Labels(pairs...)
					if !slices.ContainsFunc(asked, func(s promapi.Selector) bool { return promapitest.Selects(s, labels) }) {
						t.Errorf("%v is not selected by any of %v", labels, asked)
					}
				}
			}
		}
	}
	for _, s := range inv.Series(table, 0, pods[1:]) {
		if strings.Contains(s.String(), "init") {
			t.Errorf("of pods without sidecars, %s is asked", s)
		}
	}
}

// TestCells: whatever cells are asked about at once, each pod is in one of them.
func TestCells(t *testing.T) {
	all := cells()
	uids := []string{"", "a", "0a1b2c3d-1111-2222-3333-0123456789ab", "0a1b2c3d-1111-2222-3333-012345678900", "UPPER-FF", "0123456789abcdef0123456789abcdff"}
	if got := ofCells(all); got != nil {
		t.Errorf("all cells are asked about with %s", got)
	}
	check(t, "each in one", func(size uint8, seed int64) bool {
		shuffled := slices.Clone(all)
		rand.New(rand.NewSource(seed)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for _, uid := range uids {
			in := 0
			for batch := range slices.Chunk(shuffled, 1+int(size)%len(all)) {
				if promapitest.Selects(ofCells(batch), promapitest.Labels("uid", uid)) {
					in++
				}
			}
			if in != 1 {
				return false
			}
		}
		return true
	})
}

// FuzzLabelValues: a pod's name, of whatever characters a label may hold, is selected, and no
// other one is.
func FuzzLabelValues(f *testing.F) {
	for _, s := range []string{"iris-0", "iris.v1-0", "a|b", `a\b`, "a\nb", "ü", "", "(?i)x"} {
		f.Add(s, "wine-0")
		f.Add("wine-0", s)
	}
	f.Fuzz(func(t *testing.T, name, other string) {
		if !utf8.ValidString(name + "|" + other) {
			return // Prometheus takes no such label
		}
		pods := []*Pod{{Name: PodName{"", "models", name}}, {Name: PodName{"", "models", "beer-0"}}}
		s := Form{"namespace", "pod"}.Select(pods)
		for _, pod := range []string{name, other, "beer-0", "beerx0"} {
			got := promapitest.Selects(s, promapitest.Labels("namespace", "models", "pod", pod))
			if want := pod == name || pod == "beer-0"; got != want {
				t.Errorf("%q selected by %s: %t", pod, s, got)
			}
		}
	})
}
