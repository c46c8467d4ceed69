package downsample

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi/promapitest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

func TestCompute(t *testing.T) {
	everyWay(t, func(t *testing.T, over fetch.Transport) {
		c := newCluster(anHour(), "iris", "wine")
		d, log := newDownsampler(c, over)
		got, err := d.Compute(t.Context(), anHour())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]map[string]float64{"iris": quiet(), "wine": quiet()}
		if diff := cmp.Diff(want, known(got), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
			t.Errorf("models (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]ledger.Coverage{{Source: metric.KubeStateMetrics, Ratio: 1}, {Source: metric.CAdvisor, Ratio: 1}}, got.Coverage); diff != "" {
			t.Error(diff)
		}
		if got.Window != anHour() || got.Models[0].Model != (workload.Model{Namespace: "models", Type: "SeldonDeployment", Name: "iris"}) {
			t.Errorf("window %s, first model %+v", got.Window, got.Models[0].Model)
		}
		if n := len(c.Asked()); got.Cost.Queries != n || got.Cost.SamplesRead == 0 || got.Cost.Series == 0 || got.Cost.LargestSamples == 0 {
			t.Errorf("%d requests came, and the cost is %+v", n, got.Cost)
		}
		if log.Len() > 0 {
			t.Errorf("logged %s", log)
		}
	})
}

// TestRequestsGrowWithBatchesOnly: one more pod is no request more.
func TestRequestsGrowWithBatchesOnly(t *testing.T) {
	asked := func(models ...string) int {
		c := newCluster(anHour(), models...)
		d, _ := newDownsampler(c, fetch.RemoteRead)
		if _, err := d.Compute(t.Context(), anHour()); err != nil {
			t.Fatal(err)
		}
		return len(c.Asked())
	}
	if one, many := asked("iris"), asked("iris", "wine", "beer", "tea"); one != many || one > 12 {
		t.Errorf("%d requests for one pod, %d for four", one, many)
	}
}

// TestAnyFailedRequestFailsTheWindow: there are no averages of part of the data.
func TestAnyFailedRequestFailsTheWindow(t *testing.T) {
	everyWay(t, func(t *testing.T, over fetch.Transport) {
		whole := newCluster(anHour(), "iris")
		whole.ksm("kube_pod_labels", 1, "namespace", "models", "pod", "idle-0", "uid", "x", "label_seldon_deployment_id", "idle") // of which phases are asked for
		d, _ := newDownsampler(whole, over)
		if _, err := d.Compute(t.Context(), anHour()); err != nil {
			t.Fatal(err)
		}
		for _, failing := range whole.Asked() {
			s := &promapitest.Server{Series: whole.Series, Refuse: func(r promapitest.Request) error {
				if fmt.Sprint(r) == fmt.Sprint(failing) {
					return &promapi.Error{Kind: promapi.Unavailable, Err: errors.New("down")}
				}
				return nil
			}}
			d, log := newDownsampler(s, over)
			got, err := d.Compute(t.Context(), anHour())
			if got != nil || promapi.KindOf(err) != promapi.Unavailable {
				t.Errorf("failing %v: got %+v, %v", failing, got, err)
			}
			if log.Len() > 0 {
				t.Errorf("failing %v: the error is returned, and logged as well: %s", failing, log)
			}
		}
	})
}

// TestServerLacksSomething: a window fails whose samples a part of the server may have kept back.
func TestServerLacksSomething(t *testing.T) {
	everyWay(t, func(t *testing.T, over fetch.Transport) {
		s := newCluster(anHour(), "iris")
		d, _ := newDownsampler(s, over)
		if _, err := d.Compute(t.Context(), anHour()); err != nil {
			t.Fatal(err)
		}
		s.Lacks = &promapi.Error{Kind: promapi.Partial, Err: errors.New("a store is gone")}
		if _, err := d.Compute(t.Context(), anHour()); promapi.KindOf(err) != promapi.Partial {
			t.Errorf("error %v", err)
		}
	})
}

func TestCancelled(t *testing.T) {
	everyWay(t, func(t *testing.T, over fetch.Transport) {
		c := newCluster(anHour(), "iris", "wine")
		ctx, cancel := context.WithCancel(t.Context())
		after := 0
		c.Refuse = func(r promapitest.Request) error {
			if r.Names(func(name string) bool { return name == metric.ContainerRunning }) {
				cancel()
			}
			if ctx.Err() != nil {
				after++
				return &promapi.Error{Kind: promapi.Timeout, Err: context.Cause(ctx)}
			}
			return nil
		}
		d, _ := newDownsampler(c, over)
		got, err := d.Compute(ctx, anHour())
		if got != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("got %+v, %v", got, err)
		}
		if after > 1 {
			t.Errorf("%d requests when nobody waited for an answer", after)
		}
	})
}

// TestNoModels: the commonest reason why a user sees nothing, and what helps.
func TestNoModels(t *testing.T) {
	preset := func(cfg *Config) {
		cfg.Kinds = slices.DeleteFunc(workload.Kinds(), func(k workload.Kind) bool { return !k.Default })
	}
	oneKind := func(cfg *Config) { cfg.Kinds = workload.Kinds()[:1] }
	const flag = `"--metric-labels-allowlist=pods=[seldon-deployment-id,serving.kserve.io/inferenceservice,serving.kubeflow.org/inferenceservice]"`
	for _, c := range []struct {
		name   string
		make   func(*cluster)
		change func(*Config)
		says   []string // in the log
		fails  bool
	}{
		{"no pods' labels", func(c *cluster) { c.addTo() }, preset, []string{"No models", flag}, false},
		{"none of a model", func(c *cluster) { c.addTo(); c.pod("shop", "label_app", "shop") }, preset, []string{"No models", flag}, false},
		{"one kind is asked for", func(c *cluster) { c.addTo() }, oneKind, []string{`"--metric-labels-allowlist=pods=[seldon-deployment-id]"`}, false},
		{"nothing at all", func(*cluster) {}, preset, nil, true},
		{"no kube-state-metrics, but kubelets", func(c *cluster) { c.kubelet("machine_cpu_cores", promapitest.At(8, c.scrapes(11_000)...)) }, preset, nil, true},
		{"kube_node_info is dropped, and pods have labels", func(c *cluster) { c.pod("shop", "label_app", "shop") }, preset, []string{"No models"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, over fetch.Transport) {
				s := newClusterless()
				c.make(s)
				d, log := newDownsampler(s, over, c.change)
				got, err := d.Compute(t.Context(), anHour())
				if c.fails {
					if !errors.Is(err, ErrNoSources) || !strings.Contains(err.Error(), "--metric-labels-allowlist=pods=[") || log.Len() > 0 {
						t.Errorf("got %+v, %v; logged %s", got, err, log)
					}
					return
				}
				if err != nil || len(got.Models) != 0 {
					t.Fatalf("got %+v, %v", got, err)
				}
				line := log.String()
				if strings.Count(line, "\n") != 1 || !strings.Contains(line, "level=WARN") {
					t.Errorf("logged %s", line)
				}
				for _, part := range c.says {
					if !strings.Contains(line, part) {
						t.Errorf("logged %s, which lacks %s", line, part)
					}
				}
			})
		})
	}
}

// newClusterless is a Prometheus that has scraped nothing.
func newClusterless() *cluster {
	return &cluster{from: anHour().Start.UnixMilli(), to: anHour().End.UnixMilli()}
}

// TestShardWithoutModels: another shard has the models. This one has nothing to complain of,
// and reads no pod's values.
func TestShardWithoutModels(t *testing.T) {
	for text, models := range map[string]int{"2/5": 2, "0/5": 0} { // of the namespace "models"
		t.Run(text, func(t *testing.T) {
			shard, err := workload.ParseShard(text)
			if err != nil {
				t.Fatal(err)
			}
			c := newCluster(anHour(), "iris", "wine")
			d, log := newDownsampler(c, fetch.RemoteRead, func(cfg *Config) { cfg.Shard = shard })
			got, err := d.Compute(t.Context(), anHour())
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Models) != models || got.CoverageOf(metric.CAdvisor) != 1 || log.Len() > 0 {
				t.Errorf("%d models, want %d; coverage %+v; log %q", len(got.Models), models, got.Coverage, log.String())
			}
			asked := slices.ContainsFunc(c.Asked(), func(r promapitest.Request) bool {
				return r.Names(func(name string) bool { return name == metric.ContainerRunning })
			})
			if asked != (models > 0) {
				t.Errorf("asked when containers ran: %t", asked)
			}
		})
	}
}

// TestSeveralClusters: with the label that distinguishes them they are kept apart; without it
// they are taken for one, and the log says so once.
func TestSeveralClusters(t *testing.T) {
	c := newClusterless()
	for _, of := range []string{"east", "west"} {
		c.more = []string{"region", of, "k8s_cluster", of}
		c.addTo("iris")
	}
	t.Run("kept apart", func(t *testing.T) {
		d, log := newDownsampler(c, fetch.RemoteRead, func(cfg *Config) { cfg.ClusterLabel = "region" })
		got, err := d.Compute(t.Context(), anHour())
		if err != nil || len(got.Models) != 2 || log.Len() > 0 {
			t.Fatalf("got %+v, %v, log %s", got, err, log)
		}
		for i, of := range []string{"east", "west"} {
			if got.Models[i].Cluster != of {
				t.Errorf("model %d is of the cluster %q", i, got.Models[i].Cluster)
			}
			if v := got.Models[i].Values[0]; v != (metric.Value{V: 1, OK: true}) {
				t.Errorf("%s: containers %+v", of, v)
			}
		}
	})
	t.Run("taken for one", func(t *testing.T) {
		d, log := newDownsampler(c, fetch.RemoteRead)
		for range 2 {
			if got, err := d.Compute(t.Context(), anHour()); err != nil || len(got.Models) != 1 {
				t.Fatalf("got %+v, %v", got, err)
			}
		}
		if line := log.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "label=k8s_cluster") {
			t.Errorf("logged %s", line)
		}
	})
}

// TestLongWindowsAreCut: no request reaches further than a span, and a little.
func TestLongWindowsAreCut(t *testing.T) {
	days := window.Containing(anHour().Start, 72*time.Hour)
	c := newCluster(days, "iris")
	d, _ := newDownsampler(c, fetch.RemoteRead)
	got, err := d.Compute(t.Context(), days)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]map[string]float64{"iris": quiet()}, known(got), cmpopts.EquateApprox(1e-9, 0)); diff != "" || got.CoverageOf(metric.KubeStateMetrics) != 1 {
		t.Errorf("coverage %+v, models (-want +got):\n%s", got.Coverage, diff)
	}
	for _, r := range c.Asked() {
		day := (r.To - 1 - c.from) / longestSpan.Milliseconds()
		if r.From < c.from+day*longestSpan.Milliseconds()-timeline.Preroll {
			t.Errorf("asked from %d ms to %d ms of the window at once", r.From-c.from, r.To-c.from)
		}
	}
}

// TestSeveralAtOnce: windows that are computed at the same time do not disturb each other.
func TestSeveralAtOnce(t *testing.T) {
	day := window.Containing(anHour().Start, 24*time.Hour)
	c := newCluster(day, "iris", "wine")
	d, _ := newDownsampler(c, fetch.Auto, func(cfg *Config) {
		cfg.Fetcher = fetch.New(fetch.Config{API: c, Transport: fetch.Auto, Concurrency: 3, Now: time.Now, Log: cfg.Log})
	})
	var windows sync.WaitGroup
	for w := range window.SpanOf(day.Start, day.End, time.Hour).All() {
		windows.Go(func() {
			got, err := d.Compute(t.Context(), w)
			if err != nil {
				t.Error(err)
				return
			}
			if diff := cmp.Diff(map[string]map[string]float64{"iris": quiet(), "wine": quiet()}, known(got), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
				t.Errorf("%s: %s", w, diff)
			}
		})
	}
	windows.Wait()
}

// TestSpansTileTheWindow: nothing of a window of any length is read twice, or not at all.
func TestSpansTileTheWindow(t *testing.T) {
	tiles := func(at int64, minutes uint16) bool {
		period := time.Duration(1+int(minutes)%(31*24*60)) * time.Minute
		w := window.Containing(time.UnixMilli(at%4_000_000_000_000), period)
		from := w.Start.UnixMilli()
		for _, s := range (timeline.Span{From: w.Start.UnixMilli(), To: w.End.UnixMilli()}).Cut(longestSpan.Milliseconds()) {
			if s.From != from || s.Length() <= 0 || s.Length() > longestSpan.Milliseconds() {
				return false
			}
			from = s.To
		}
		return from == w.End.UnixMilli()
	}
	seed := time.Now().UnixNano()
	if err := quick.Check(tiles, &quick.Config{MaxCount: 3000, Rand: rand.New(rand.NewSource(seed))}); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
}

// TestTargetsThatOnlyPodsShow: a kubelet that shows nothing of itself is found by its containers'
// rows, and the window is computed again, with it. If it has an up series, that is once.
func TestTargetsThatOnlyPodsShow(t *testing.T) {
	everyWay(t, func(t *testing.T, over fetch.Transport) {
		for _, hasUp := range []bool{true, false} {
			c := newCluster(anHour(), "iris")
			c.Series = slices.DeleteFunc(c.Series, func(s promapi.Series) bool {
				name := s.Labels.Get("__name__")
				return name == "machine_cpu_cores" || name == "up" && s.Labels.Get("job") == "kubelet" && !hasUp
			})
			d, _ := newDownsampler(c, over)
			var read []int // how often the containers' series were read, in each window
			for range 2 {
				before := len(c.Asked())
				got, err := d.Compute(t.Context(), anHour())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(map[string]map[string]float64{"iris": quiet()}, known(got), cmpopts.EquateApprox(1e-9, 0)); diff != "" || got.CoverageOf(metric.CAdvisor) != 1 {
					t.Errorf("coverage %+v, models (-want +got):\n%s", got.Coverage, diff)
				}
				n := 0
				for _, r := range c.Asked()[before:] {
					if r.Names(func(name string) bool { return name == metric.ContainerRunning }) {
						n++
					}
				}
				read = append(read, n)
			}
			want := []int{2, 2}
			if hasUp {
				want = []int{2, 1}
			}
			if !slices.Equal(read, want) {
				t.Errorf("up %t: in the first window they were read %d times, in the next %d times", hasUp, read[0], read[1])
			}
		}
	})
}

// TestExplain: a model's explanation ends with the values that are served.
func TestExplain(t *testing.T) {
	everyWay(t, func(t *testing.T, over fetch.Transport) {
		c := newCluster(anHour(), "iris", "wine")
		d, _ := newDownsampler(c, over)
		served, err := d.Compute(t.Context(), anHour())
		if err != nil {
			t.Fatal(err)
		}
		x, err := d.Explain(t.Context(), anHour(), workload.Model{Namespace: "models", Name: "wine"})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range x.Values {
			if v.Value != served.Models[1].Values[i] {
				t.Errorf("%s is served as %+v, and explained as %+v", v.Name, served.Models[1].Values[i], v.Value)
			}
		}
		if len(x.Pods) != 1 || x.Pods[0].Name != "wine-0" || len(x.Pods[0].ShownBy) != 1 || x.Pods[0].ShownBy[0].Job != "ksm" {
			t.Errorf("pods %+v", x.Pods)
		}
		if _, err := d.Explain(t.Context(), anHour(), workload.Model{Namespace: "models", Name: "beer"}); err == nil || !strings.Contains(err.Error(), "had no pod") {
			t.Errorf("of a model that is not there: %v", err)
		}
	})
}

// BenchmarkCompute computes an hour of 100 models of one pod.
func BenchmarkCompute(b *testing.B) {
	var models []string
	for n := range 100 {
		models = append(models, fmt.Sprint("model-", n))
	}
	c := newCluster(anHour(), models...)
	d, _ := newDownsampler(c, fetch.RemoteRead)
	b.ReportAllocs()
	for b.Loop() {
		if got, err := d.Compute(b.Context(), anHour()); err != nil || len(got.Models) != len(models) {
			b.Fatal(err)
		}
	}
}
