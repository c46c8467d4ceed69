package inventory

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi/promapitest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// tenMinutes is the span of this file's inventories. A scrape interval is 30 s.
func tenMinutes() timeline.Span { return timeline.Span{From: 6_000_000, To: 6_600_000} }

// scrapes are the times of a target's scrapes in the span and before it.
func scrapes(offset int64) []int64 { return every(30_000, 5_400_000+offset, 6_599_999) }

func finder() *Finder {
	return NewFinder(Config{Table: metric.Default(), Kinds: workload.Kinds(), Log: slog.New(slog.DiscardHandler)})
}

// find takes an inventory over one of the transports.
func find(t *testing.T, f *Finder, s *promapitest.Server, over fetch.Transport, more Shown) *Inventory {
	t.Helper()
	w := fetch.New(fetch.Config{API: s, Transport: over, Concurrency: 2, Now: time.Now, Log: slog.New(slog.DiscardHandler)}).Windows(1)
	inv, err := f.Find(t.Context(), w, tenMinutes(), more)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// names lists the targets of a source.
func names(s *timeline.Targets) string {
	var all []string
	for _, target := range slices.SortedFunc(maps.Keys(s.Scrapes), timeline.Target.Compare) {
		name := target.String()
		if s.Scrapes[target].Indirect {
			name += " (indirect)"
		}
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}

func TestFindPods(t *testing.T) {
	ksm := []string{"job", "ksm", "instance", "ksm:8080"}
	with := func(pairs ...string) []string { return slices.Concat(ksm, pairs) }
	s := &promapitest.Server{}
	s.Add("kube_pod_labels", at(1, scrapes(7_000)...), with("namespace", "models", "pod", "iris-0", "uid", "a-0", "label_seldon_deployment_id", "iris")...)
	s.Add("kube_pod_labels", at(1, scrapes(7_000)...), with("namespace", "models", "pod", "shop-0", "uid", "a-1", "label_app", "shop")...)
	s.Add("kube_pod_labels", at(1, scrapes(7_000)...), with("namespace", "models", "pod", "llm-0", "uid", "a-2", "label_app_kubernetes_io_name", "llm", "label_app_kubernetes_io_part_of", "llminferenceservice")...)
	s.Add("kube_pod_labels", at(1, scrapes(7_000)...), with("namespace", "models", "pod", "blog-0", "uid", "a-3", "label_app_kubernetes_io_name", "blog")...)
	// One that is named in two forms, was another's before, and has a sidecar.
	s.Add("kube_pod_labels", at(1, every(30_000, 6_007_000, 6_299_999)...), with("namespace", "models", "pod", "wine-0", "uid", "a-4", "label_seldon_deployment_id", "iris")...)
	s.Add("kube_pod_labels", at(1, every(30_000, 6_307_000, 6_599_999)...), with("namespace", "monitoring", "exported_namespace", "models", "pod", "ksm-0", "exported_pod", "wine-0", "uid", "a-4", "label_seldon_deployment_id", "wine")...)
	s.Add("kube_pod_init_container_info", at(1, scrapes(7_000)...), with("namespace", "models", "pod", "wine-0", "container", "proxy", "restart_policy", "Always")...)
	s.Add("kube_pod_init_container_info", at(1, scrapes(7_000)...), with("namespace", "models", "pod", "wine-0", "container", "setup")...)
	// One that is gone, and one of the same name elsewhere.
	s.Add("kube_pod_labels", at(1, every(30_000, 5_407_000, 5_999_999)...), with("namespace", "models", "pod", "gone-0", "uid", "a-5", "label_seldon_deployment_id", "gone")...)
	s.Add("kube_pod_labels", at(1, scrapes(7_000)...), with("namespace", "others", "pod", "iris-0", "uid", "a-6", "label_app", "shop")...)

	// One whose series only ended in the span.
	s.Series = append(s.Series, promapi.Series{Labels: promapitest.Labels(with("__name__", "kube_pod_labels", "namespace", "models", "pod", "wine-0", "uid", "a-7", "label_seldon_deployment_id", "wine")...), Ends: []int64{6_007_000}})

	type pod struct {
		Name     string
		Forms    int
		Sidecars []string
		Models   []string
		UIDs     []string
	}
	want := []pod{
		{"models/iris-0", 1, nil, []string{"SeldonDeployment iris"}, []string{"a-0"}},
		{"models/llm-0", 1, nil, []string{"LLMInferenceService llm"}, []string{"a-2"}},
		{"models/wine-0", 2, []string{"proxy"}, []string{"SeldonDeployment iris", "SeldonDeployment wine"}, []string{"a-4"}},
	}
	for _, over := range []fetch.Transport{fetch.RemoteRead, fetch.PromQL} {
		var got []pod
		for _, p := range find(t, finder(), s, over, nil).Pods {
			x := pod{Name: p.Name.Namespace + "/" + p.Name.Name, Forms: len(p.Forms), Sidecars: p.Sidecars}
			for _, s := range p.shown {
				x.Models = append(x.Models, s.owner.Type+" "+s.owner.Name)
				x.UIDs = append(x.UIDs, s.uid)
			}
			slices.Sort(x.Models)
			x.UIDs = slices.Compact(x.UIDs)
			got = append(got, x)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", over, diff)
		}
	}
}

// TestFindIsAskedLittle: no more is asked about pods that are no models' than who they are.
func TestFindIsAskedLittle(t *testing.T) {
	s := &promapitest.Server{}
	s.Add("kube_pod_labels", at(1, scrapes(7_000)...), "namespace", "models", "pod", "iris-0", "uid", "a", "label_seldon_deployment_id", "iris")
	find(t, finder(), s, fetch.RemoteRead, nil)
	for _, r := range s.Asked() {
		for _, selector := range r.Selectors {
			text := selector.String()
			if strings.Contains(text, "kube_pod") && !strings.Contains(text, `!=""`) && !strings.Contains(text, "iris-0") {
				t.Errorf("all pods are asked for: %s", text)
			}
		}
	}
}

func TestFindTargets(t *testing.T) {
	kubelet := func(node, path string, more ...string) []string {
		return append([]string{"job", "kubelet", "instance", node, "metrics_path", path}, more...)
	}
	up := func(s *promapitest.Server, v float64, labels ...string) {
		s.Add("up", at(v, scrapes(11_000)...), labels...)
	}
	const path = "/metrics/cadvisor"
	for _, c := range []struct {
		name          string
		make          func(*promapitest.Server)
		ksm, cAdvisor string
	}{
		{"nothing", func(*promapitest.Server) {}, "", ""},
		{"by what each has for itself", func(s *promapitest.Server) {
			s.Add("kube_node_info", at(1, scrapes(7_000)...), "job", "ksm", "instance", "a", "node", "n1")
			s.Add("container_memory_usage_bytes", at(1, scrapes(11_000)...), kubelet("n1", path, "id", "/")...)
			up(s, 1, "job", "ksm", "instance", "a")
			up(s, 1, kubelet("n1", path)...)
			up(s, 1, kubelet("n1", "/metrics")...)
			up(s, 1, "job", "blog", "instance", "b")
		}, "ksm a", "kubelet n1 " + path},
		{"without up", func(s *promapitest.Server) {
			s.Add("kube_node_info", at(1, scrapes(7_000)...), "job", "ksm", "instance", "a", "node", "n1")
			s.Add("machine_cpu_cores", at(1, scrapes(11_000)...), kubelet("n1", path)...)
		}, "ksm a (indirect)", "kubelet n1 " + path + " (indirect)"},
		{"up without a path", func(s *promapitest.Server) {
			s.Add("machine_cpu_cores", at(1, scrapes(11_000)...), kubelet("n1", path)...)
			up(s, 1, "job", "kubelet", "instance", "n1")
		}, "", "kubelet n1 " + path},
		{"kubelets of which ids are dropped", func(s *promapitest.Server) {
			s.Add("container_memory_usage_bytes", at(1, scrapes(11_000)...), kubelet("n1", path)...)
			s.Add("container_memory_usage_bytes", at(1, scrapes(11_000)...), kubelet("n2", path, "container", "server", "pod", "p")...)
		}, "", "kubelet n1 " + path + " (indirect)"},
		{"where some have ids, rows of no pod are no proof", func(s *promapitest.Server) {
			s.Add("container_memory_usage_bytes", at(1, scrapes(11_000)...), kubelet("n1", path, "id", "/")...)
			s.Add("container_memory_usage_bytes", at(1, scrapes(11_000)...), kubelet("n2", path)...)
		}, "", "kubelet n1 " + path + " (indirect)"},
		{"kube-state-metrics by the pods that it shows", func(s *promapitest.Server) {
			s.Add("kube_pod_labels", at(1, scrapes(7_000)...), "job", "ksm", "instance", "b", "namespace", "models", "pod", "iris-0", "label_seldon_deployment_id", "iris")
			up(s, 1, "job", "ksm", "instance", "b")
		}, "ksm b", ""},
		{"before the span only", func(s *promapitest.Server) {
			s.Add("kube_node_info", at(1, 5_950_000, 5_980_000), "job", "ksm", "instance", "a", "node", "n1")
		}, "ksm a (indirect)", ""},
		{"long before the span", func(s *promapitest.Server) {
			s.Add("kube_node_info", at(1, 5_600_000), "job", "ksm", "instance", "a", "node", "n1")
		}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &promapitest.Server{}
			c.make(s)
			for _, over := range []fetch.Transport{fetch.RemoteRead, fetch.PromQL} {
				inv := find(t, finder(), s, over, nil)
				if got := names(inv.Targets[0]); got != c.ksm {
					t.Errorf("%s: kube-state-metrics %q, want %q", over, got, c.ksm)
				}
				if got := names(inv.Targets[1]); got != c.cAdvisor {
					t.Errorf("%s: cAdvisor %q, want %q", over, got, c.cAdvisor)
				}
			}
		})
	}
}

// TestMarkedBefore: where what a target has for itself is seen before the span only, the pods
// that it shows are what is known of its scrapes.
func TestMarkedBefore(t *testing.T) {
	s := &promapitest.Server{}
	s.Add("kube_node_info", at(1, 5_950_000, 5_980_000), "job", "ksm", "instance", "a", "node", "n1")
	s.Add("kube_pod_labels", at(1, every(30_000, 6_007_000, 6_599_999)...), "job", "ksm", "instance", "a", "namespace", "models", "pod", "iris-0", "uid", "u", "label_seldon_deployment_id", "iris")
	got := find(t, finder(), s, fetch.RemoteRead, nil).Targets[0].Scrapes[timeline.Target{Job: "ksm", Instance: "a"}]
	if len(got.OK) != 20 || len(got.Before) != 2 {
		t.Errorf("%d scrapes in the span, %d before it", len(got.OK), len(got.Before))
	}
}

// TestTwoPrometheusServers: up is there twice, half a second apart, and a target is one.
func TestTwoPrometheusServers(t *testing.T) {
	s := &promapitest.Server{}
	s.Add("kube_node_info", at(1, scrapes(7_000)...), "job", "ksm", "instance", "a", "node", "n1")
	s.Add("up", at(1, scrapes(7_000)...), "job", "ksm", "instance", "a", "replica", "0")
	s.Add("up", at(0, scrapes(7_500)...), "job", "ksm", "instance", "a", "replica", "1")
	got := find(t, finder(), s, fetch.RemoteRead, nil).Targets[0].Scrapes[timeline.Target{Job: "ksm", Instance: "a"}]
	if len(got.OK) != 20 || len(got.Tried) != 2*(20+10) || got.Interval != 30_000 {
		t.Errorf("%d scrapes succeeded of %d, every %d ms", len(got.OK), len(got.Tried), got.Interval)
	}
}

// TestTargetsThatOnlyPodsShow: once found, they are looked for in every span.
func TestTargetsThatOnlyPodsShow(t *testing.T) {
	kubelet := timeline.Target{Job: "kubelet", Instance: "n1", Path: "/metrics/cadvisor"}
	row := promapi.Series{Samples: at(1, scrapes(11_000)...)}
	s := &promapitest.Server{}
	f := finder()
	inv := find(t, f, s, fetch.RemoteRead, nil)
	more := make(Shown, 2)
	first, second := more.Add(inv, 1, kubelet, row), more.Add(inv, 1, kubelet, row)
	if !first || !second {
		t.Fatal("a target that the inventory lacks is not lacking")
	}
	inv = find(t, f, s, fetch.RemoteRead, more)
	if got := names(inv.Targets[1]); got != kubelet.String()+" (indirect)" {
		t.Errorf("found %q", got)
	}
	if more.Add(inv, 1, kubelet, row) {
		t.Error("a target that the inventory has is lacking")
	}
	s.Add("up", at(1, scrapes(11_000)...), "job", "kubelet", "instance", "n1")
	inv = find(t, f, s, fetch.RemoteRead, nil)
	if got := names(inv.Targets[1]); got != kubelet.String() {
		t.Errorf("in the next span, %q is found", got)
	}
}

// TestFindFails: a failed request is no empty answer.
func TestFindFails(t *testing.T) {
	whole := &promapitest.Server{}
	whole.Add("kube_pod_labels", at(1, scrapes(7_000)...), "job", "ksm", "instance", "b", "namespace", "models", "pod", "iris-0", "label_seldon_deployment_id", "iris")
	find(t, finder(), whole, fetch.RemoteRead, nil)
	for n := range whole.Asked() {
		asked := 0
		s := &promapitest.Server{Series: whole.Series, Refuse: func(promapitest.Request) error {
			if asked++; asked == n+1 {
				return &promapi.Error{Kind: promapi.Unavailable, Err: errors.New("down")}
			}
			return nil
		}}
		w := fetch.New(fetch.Config{API: s, Transport: fetch.RemoteRead, Concurrency: 1, Now: time.Now, Log: slog.New(slog.DiscardHandler)}).Windows(1)
		if inv, err := finder().Find(t.Context(), w, tenMinutes(), nil); promapi.KindOf(err) != promapi.Unavailable || inv != nil {
			t.Errorf("request %d failed: inventory %v, error %v", n, inv, err)
		}
	}
}
