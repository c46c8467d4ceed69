package accuracy

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// watched counts what becomes of an exporter's queries.
type watched struct {
	downsample.Upstream
	queries, tooMuch atomic.Int64
	peak             atomic.Int64 // the most samples that one held
}

func (w *watched) Instant(ctx context.Context, expr string, at time.Time) (*promapi.Answer, error) {
	return w.note(w.Upstream.Instant(ctx, expr, at))
}

func (w *watched) Range(ctx context.Context, expr string, start, end time.Time, step time.Duration) (*promapi.Answer, error) {
	return w.note(w.Upstream.Range(ctx, expr, start, end, step))
}

func (w *watched) note(a *promapi.Answer, err error) (*promapi.Answer, error) {
	w.queries.Add(1)
	switch promapi.KindOf(err) {
	case promapi.TooExpensive, promapi.TooLarge, promapi.Timeout:
		w.tooMuch.Add(1)
	}
	if a != nil {
		for {
			most := w.peak.Load()
			if a.Stats.PeakSamples <= most || w.peak.CompareAndSwap(most, a.Stats.PeakSamples) {
				break
			}
		}
	}
	return a, err
}

// watch returns the product's way of reading a Prometheus with settings of its own.
func watch(t *testing.T, base *url.URL, cfg downsample.Config, change func(*promapi.Config)) (Exporter, *watched) {
	t.Helper()
	reads := reading(base)
	change(&reads)
	client, err := promapi.New(reads, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{Upstream: client}
	cfg.Upstream = w
	return exporterOf("exporter", cfg), w
}

func unchanged(*promapi.Config) {}

// tight is so few samples in one query that even one pod has to be read piece by piece.
const tight = 150

// TestHistoriesWithinLimits computes every history on servers that hold next to no samples
// for a query, and by exporters that are told to ask for no more.
func TestHistoriesWithinLimits(t *testing.T) {
	all := histories.All()
	for i := range setting(t, "SIM_RANDOM", 200) / 20 {
		all = append(all, histories.Random(setting(t, "SIM_SEED", presetSeed)+i))
	}
	placed := Lay(all)
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	unlimited := promtest.Start(t, prom.Options{Dir: dir}).URL()
	linked := t.TempDir()
	if err := prom.LinkBlocks(linked, dir); err != nil {
		t.Fatal(err)
	}
	own := func(c *promapi.Config) { c.MaxSamples = tight }
	for _, c := range []struct {
		name   string
		server func(t *testing.T) *url.URL
		change func(*promapi.Config)
	}{
		{"a server's own, Prometheus " + prom.Version, func(t *testing.T) *url.URL {
			return promtest.Start(t, prom.Options{Dir: linked, MaxSamples: tight}).URL()
		}, unchanged},
		{"a server's own, Prometheus 2 of Debian", func(t *testing.T) *url.URL {
			return promtest.StartDebian(t, dir, "--query.max-samples="+strconv.Itoa(tight))
		}, unchanged},
		{"the exporter's", func(*testing.T) *url.URL { return unlimited }, own},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := c.server(t)
			for _, closeLook := range []bool{false, true} {
				free, err := NewExporter(unlimited, closeLook)
				if err != nil {
					t.Fatal(err)
				}
				bound, seen := watch(t, server, downsample.Config{CloseLook: closeLook}, c.change)
				for _, p := range placed {
					got, verdict, err := Try(t.Context(), p, bound)
					if err != nil {
						t.Fatal(err)
					}
					complain(t, p, free.Name()+" within limits", verdict)
					want, _, err := Try(t.Context(), p, free)
					if err != nil {
						t.Fatal(err)
					}
					complain(t, p, free.Name()+" within limits, beside one without", Agree(p, got, want))
				}
				if seen.peak.Load() > tight {
					t.Errorf("a query held %d samples", seen.peak.Load())
				}
				t.Logf("%s: %d queries, %d of them too much", free.Name(), seen.queries.Load(), seen.tooMuch.Load())
			}
		})
	}
}

// crowd is many models' pods in one window, one pod in ten replaced within it.
func crowd(models int, window, every time.Duration, suffix string) Placed {
	h := cluster.History{
		KSMs: []cluster.KSM{{
			Schedule: cluster.Schedule{Every: every, Offset: 7 * time.Second},
			Job:      "kube-state-metrics", Instance: "10.1.0.1:8080", Life: cluster.Always(), HonorLabels: true,
		}},
		Kubelets: []cluster.Kubelet{{
			Schedule: cluster.Schedule{Every: every, Offset: 9 * time.Second},
			Job:      "kubelet", Spread: 130 * time.Millisecond, Life: cluster.Always(), HonorLabels: true, PathLabel: true,
		}},
		Nodes: []cluster.Node{{Name: "node", Address: "10.0.0.1:10250", Life: cluster.Always()}},
	}
	pod := func(model, name string, life cluster.Span) {
		h.Pods = append(h.Pods, cluster.Pod{
			Namespace: "ml", Name: name, UID: cluster.UID("ml", name), Node: "node", Life: life,
			Labels: []cluster.Labels{{At: life.From, Set: map[string]string{cluster.SeldonLabel: model}}},
			Phases: []cluster.Phase{{At: life.From, Name: cluster.Running}},
			Containers: []cluster.Container{{
				Name: "server", Runs: []cluster.Run{{Span: life}},
				CPU: cluster.Flat(0.1), Memory: cluster.Flat(float64(len(h.Pods)+1) * 1e6), CPURequest: cluster.Flat(0.5), MemoryLimit: cluster.Flat(1 << 29),
			}},
		})
	}
	for i := range models {
		model := fmt.Sprintf("model-%d", i)
		name := model + suffix
		if i%10 > 0 {
			pod(model, name, cluster.Always())
			continue
		}
		at := window/3 + time.Duration(i)*time.Second
		pod(model, name+"-a", cluster.Span{From: cluster.Beginning, To: at})
		pod(model, name+"-b", cluster.Span{From: at, To: cluster.Forever})
	}
	return Lay([]histories.Named{{Name: "crowd", History: h, Window: cluster.Span{To: window}}})[0]
}

// TestLimits: any limit of the Prometheus, or of what is before it, is met by asking for
// less, and what is learnt is kept for the next window.
func TestLimits(t *testing.T) {
	p := crowd(150, time.Hour, 30*time.Second, strings.Repeat(".long", 45)) // each dot takes seven bytes of a request
	dir := t.TempDir()
	if err := Store(t.Context(), dir, []Placed{p}); err != nil {
		t.Fatal(err)
	}
	server := promtest.Start(t, prom.Options{Dir: dir}).URL()
	free, err := NewExporter(server, false)
	if err != nil {
		t.Fatal(err)
	}
	needed, err := free.Averages(t.Context(), p.Span())
	if err != nil {
		t.Fatal(err)
	}
	part := int(needed.Cost.SamplesRead / 20)
	limited := func(t *testing.T) *url.URL {
		linked := t.TempDir()
		if err := prom.LinkBlocks(linked, dir); err != nil {
			t.Fatal(err)
		}
		return promtest.Start(t, prom.Options{Dir: linked, MaxSamples: tight}).URL()
	}
	behind := func(before func(http.Handler) http.Handler) func(t *testing.T) *url.URL {
		return func(t *testing.T) *url.URL { return proxy(t, server, before) }
	}
	for _, c := range []struct {
		name    string
		server  func(t *testing.T) *url.URL
		change  func(*promapi.Config)
		refused bool // something is, in the first window
	}{
		{"a twentieth of the samples in one query", func(*testing.T) *url.URL { return server }, func(c *promapi.Config) { c.MaxSamples = part }, false},
		{"a server that holds fewer samples than there are pods", limited, unchanged, true},
		{"a proxy that refuses bodies over 64 KiB", behind(refuseBodies(http.StatusRequestEntityTooLarge)), unchanged, true},
		{"a proxy that refuses URLs over 64 KiB", behind(refuseURLs(http.StatusRequestURITooLong)), unchanged, true},
		{"a proxy that refuses URLs over 64 KiB as bad", behind(refuseURLs(http.StatusBadRequest)), unchanged, true},
		{"answers of 64 KiB at most", func(*testing.T) *url.URL { return server }, func(c *promapi.Config) { c.MaxAnswerBytes = 64 << 10 }, true},
		{"a slow server", behind(slow), func(c *promapi.Config) { c.Timeout = 400 * time.Millisecond }, true},
		{"a proxy that cuts what takes long", behind(cut), unchanged, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			way, seen := watch(t, c.server(t), downsample.Config{}, c.change)
			var tooMuch []int64
			for range 2 {
				before := seen.tooMuch.Load()
				_, verdict, err := Try(t.Context(), p, way)
				if err != nil {
					t.Fatal(err)
				}
				complain(t, p, c.name, verdict)
				tooMuch = append(tooMuch, seen.tooMuch.Load()-before)
			}
			t.Logf("%d queries; too much were first %d, then %d; the largest held %d samples", seen.queries.Load(), tooMuch[0], tooMuch[1], seen.peak.Load())
			if most := int64(seen.MaxSamples()); seen.peak.Load() > most {
				t.Errorf("a query held more than %d samples", most)
			}
			if c.refused != (tooMuch[0] > 0) || c.refused && tooMuch[1] >= tooMuch[0] {
				t.Errorf("in two windows, %v queries were too much", tooMuch)
			}
		})
	}
	t.Run("budget", func(t *testing.T) {
		for _, budget := range []int64{needed.Cost.SamplesRead, needed.Cost.SamplesRead / 2} {
			way, _ := watch(t, server, downsample.Config{MaxSamples: budget}, unchanged)
			a, err := way.Averages(t.Context(), p.Span())
			if enough := budget == needed.Cost.SamplesRead; enough != (err == nil) || !enough && promapi.KindOf(err) != promapi.OverBudget {
				t.Errorf("with %d samples, of which %d are needed: %v, %v", budget, needed.Cost.SamplesRead, a, err)
			}
		}
	})
}

// TestOnePodOverSixHours: a slice of one pod that is over the limit by itself is read in
// pieces.
func TestOnePodOverSixHours(t *testing.T) {
	p := crowd(1, 6*time.Hour, 10*time.Second, "")
	dir := t.TempDir()
	if err := Store(t.Context(), dir, []Placed{p}); err != nil {
		t.Fatal(err)
	}
	const most = 1000
	server := promtest.Start(t, prom.Options{Dir: dir, MaxSamples: most}).URL()
	for _, closeLook := range []bool{false, true} {
		way, seen := watch(t, server, downsample.Config{CloseLook: closeLook}, func(c *promapi.Config) { c.MaxSamples = most })
		_, verdict, err := Try(t.Context(), p, way)
		if err != nil {
			t.Fatal(err)
		}
		complain(t, p, "one pod", verdict)
		if seen.tooMuch.Load() > 0 || seen.peak.Load() > most {
			t.Errorf("%d of %d queries were refused, one held %d samples", seen.tooMuch.Load(), seen.queries.Load(), seen.peak.Load())
		}
	}
}
