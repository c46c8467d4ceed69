package downsample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

func TestSlicesOf(t *testing.T) {
	tiles := func(at int64, minutes uint16) bool {
		period := time.Duration(1+int(minutes)%(31*24*60)) * time.Minute
		w := window.Containing(time.UnixMilli(at%4_000_000_000_000), period)
		from := w.Start.UnixMilli()
		for _, s := range slicesOf(w) {
			whole := s.from/longestSlice.Milliseconds() == (s.to-1)/longestSlice.Milliseconds()
			if s.from != from || s.length() <= 0 || s.from >= 0 && !whole {
				return false
			}
			from = s.to
		}
		return from == w.End.UnixMilli()
	}
	seed := time.Now().UnixNano()
	if err := quick.Check(tiles, &quick.Config{MaxCount: 3000, Rand: rand.New(rand.NewSource(seed))}); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
	if got := slicesOf(anHour()); len(got) != 1 {
		t.Errorf("an hour is cut into %v", got)
	}
}

// downsampler is one of every kind, which logs to the buffer.
func downsampler(u Upstream, closeLook bool) (*Downsampler, *bytes.Buffer) {
	var log bytes.Buffer
	return New(Config{Upstream: u, Kinds: workload.Kinds(), Log: slog.New(slog.NewTextHandler(&log, nil)), CloseLook: closeLook}), &log
}

// ways runs a test by the shortcut, and by the close look alone.
func ways(t *testing.T, test func(t *testing.T, closeLook bool)) {
	t.Run("shortcut", func(t *testing.T) { test(t, false) })
	t.Run("close look", func(t *testing.T) { test(t, true) })
}

func TestCompute(t *testing.T) {
	ways(t, func(t *testing.T, closeLook bool) {
		u := &fake{answer: cluster{anHour(), []string{"iris", "wine"}}.answer, stats: promapi.Stats{Known: true, SamplesRead: 10, PeakSamples: 3}}
		d, log := downsampler(u, closeLook)
		got, err := d.Compute(t.Context(), anHour())
		if err != nil {
			t.Fatal(err)
		}
		values := usage.Values{
			usage.Containers: {V: 1, OK: true}, usage.CPUUsage: {V: 0.25, OK: true},
			usage.MemoryUsage: {V: 1000, OK: true}, usage.CPURequests: {V: 0.5, OK: true},
		}
		var want []Model
		for _, name := range []string{"iris", "wine"} {
			want = append(want, Model{workload.Model{Namespace: "models", Type: "SeldonDeployment", Name: name}, values})
		}
		if diff := cmp.Diff(want, got.Models, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
			t.Errorf("models (-want +got):\n%s", diff)
		}
		if got.Coverage != (Coverage{1, 1}) {
			t.Errorf("coverage %+v", got.Coverage)
		}
		n := len(u.asked)
		if c := got.Cost; c.Queries != n || c.SamplesRead != int64(10*n) || c.PeakSamples != 3 || !c.HasSamples || c.Series == 0 {
			t.Errorf("%d queries were asked, and these told of: %+v", n, c)
		}
		if log.Len() > 0 {
			t.Errorf("logged %s", log)
		}
	})
}

// TestShortcutSparesTheCloseLook: the cluster above is quiet, and no raw samples are read.
func TestShortcutSparesTheCloseLook(t *testing.T) {
	asked := func(closeLook bool) bool {
		u := &fake{answer: cluster{anHour(), []string{"iris"}}.answer}
		d, _ := downsampler(u, closeLook)
		if _, err := d.Compute(t.Context(), anHour()); err != nil {
			t.Fatal(err)
		}
		for _, q := range u.asked {
			if strings.HasPrefix(q.expr, "kube_pod_status_phase{") {
				return true
			}
		}
		return false
	}
	if asked(false) {
		t.Error("the shortcut looks closely at a quiet pod")
	}
	if !asked(true) {
		t.Error("the close look does not")
	}
}

// TestAnyFailedQueryFailsTheWindow: there are no averages of part of the data.
func TestAnyFailedQueryFailsTheWindow(t *testing.T) {
	ways(t, func(t *testing.T, closeLook bool) {
		c := cluster{anHour(), []string{"iris"}}
		whole := &fake{answer: c.answer}
		d, _ := downsampler(whole, closeLook)
		if _, err := d.Compute(t.Context(), anHour()); err != nil {
			t.Fatal(err)
		}
		for _, failing := range whole.asked {
			u := &fake{answer: func(ctx context.Context, expr string) ([]promapi.Series, error) {
				if expr == failing.expr {
					return nil, kindOf(promapi.Unavailable)
				}
				return c.answer(ctx, expr)
			}}
			d, log := downsampler(u, closeLook)
			got, err := d.Compute(t.Context(), anHour())
			if got != nil || promapi.KindOf(err) != promapi.Unavailable {
				t.Errorf("failing %s: got %+v, %v", failing.expr, got, err)
			}
			if log.Len() > 0 {
				t.Errorf("failing %s: the error is returned, and logged as well: %s", failing.expr, log)
			}
		}
	})
}

func TestCancelled(t *testing.T) {
	ways(t, func(t *testing.T, closeLook bool) {
		c := cluster{anHour(), []string{"iris", "wine", "beer", "tea"}}
		ctx, cancel := context.WithCancel(t.Context())
		after := 0
		u := &fake{}
		u.answer = func(ctx context.Context, expr string) ([]promapi.Series, error) {
			if strings.Contains(expr, "kube_pod_container_status_running") { // asked in batches
				cancel()
			}
			if ctx.Err() != nil {
				u.mu.Lock()
				defer u.mu.Unlock()
				after++
				return nil, &promapi.Error{Kind: promapi.Timeout, Err: context.Cause(ctx)}
			}
			return c.answer(ctx, expr)
		}
		d, _ := downsampler(u, closeLook)
		got, err := d.Compute(ctx, anHour())
		if got != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("got %+v, %v", got, err)
		}
		if after > 1 {
			t.Errorf("%d more queries were asked when nobody waited for an answer", after)
		}
	})
}

// TestNoModels: the commonest reason why a user sees nothing, and what mends it.
func TestNoModels(t *testing.T) {
	const flag = `flag="--metric-labels-allowlist=pods=[seldon-deployment-id,serving.kserve.io/inferenceservice,serving.kubeflow.org/inferenceservice]"`
	for _, c := range []struct {
		name   string
		answer func(ctx context.Context, expr string) ([]promapi.Series, error)
		says   string
	}{
		{"no kube_pod_labels at all", withoutPodLabels, "this Prometheus has no kube_pod_labels"},
		{"none with a model's label", cluster{window: anHour()}.answer, "kube_pod_labels has no model's label"},
		{"too many to be counted", func(_ context.Context, expr string) ([]promapi.Series, error) {
			if strings.HasPrefix(expr, "count(") {
				return nil, kindOf(promapi.TooExpensive)
			}
			return nil, nil
		}, "kube_pod_labels has no model's label"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, log := downsampler(&fake{answer: c.answer}, false)
			got, err := d.Compute(t.Context(), anHour())
			if err != nil || len(got.Models) != 0 {
				t.Fatalf("got %+v, %v", got, err)
			}
			line := log.String()
			if strings.Count(line, "\n") != 1 || !strings.Contains(line, "level=WARN") || !strings.Contains(line, c.says) || !strings.Contains(line, flag) {
				t.Errorf("logged %s", line)
			}
		})
	}
	t.Run("one kind is asked for", func(t *testing.T) {
		kinds, err := workload.Select([]string{"SeldonDeployment"})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		d := New(Config{Upstream: &fake{answer: cluster{window: anHour()}.answer}, Kinds: kinds, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if _, err := d.Compute(t.Context(), anHour()); err != nil {
			t.Fatal(err)
		}
		if want := `"--metric-labels-allowlist=pods=[seldon-deployment-id]"`; !strings.Contains(log.String(), want) {
			t.Errorf("logged %s, which does not name %s", log.String(), want)
		}
	})
}

// withoutPodLabels answers like a Prometheus whose kube-state-metrics lacks the flag.
func withoutPodLabels(ctx context.Context, expr string) ([]promapi.Series, error) {
	switch {
	case strings.Contains(expr, "kube_pod_labels"):
		return nil, nil
	case strings.Contains(expr, "kube_node_info"):
		return []promapi.Series{{Labels: labels("job", "ksm", "instance", "ksm:8080"), Samples: at(1, anHour().Start.UnixMilli())}}, nil
	}
	return cluster{window: anHour()}.answer(ctx, expr)
}

// TestNoSourcesIsAFailure: an empty answer is no window without models.
func TestNoSourcesIsAFailure(t *testing.T) {
	ways(t, func(t *testing.T, closeLook bool) {
		d, log := downsampler(&fake{answer: func(context.Context, string) ([]promapi.Series, error) { return nil, nil }}, closeLook)
		got, err := d.Compute(t.Context(), anHour())
		if got != nil || !errors.Is(err, ErrNoSources) || !strings.Contains(err.Error(), "--metric-labels-allowlist=pods=[") {
			t.Errorf("got %+v, %v", got, err)
		}
		if log.Len() > 0 {
			t.Errorf("the error is returned, and logged as well: %s", log)
		}
	})
}

// TestSeveralClustersAreToldOnce: equal names add up, and the log says so once.
// Another shard has the models: this one has nothing to complain of, and reads no pod's values.
func TestShardWithoutModels(t *testing.T) {
	for text, models := range map[string]int{"2/5": 2, "0/5": 0} { // of the namespace "models"
		t.Run(text, func(t *testing.T) {
			shard, err := workload.ParseShard(text)
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			u := &fake{answer: cluster{anHour(), []string{"iris", "wine"}}.answer}
			d := New(Config{Upstream: u, Kinds: workload.Kinds(), Shard: shard, Log: slog.New(slog.NewTextHandler(&log, nil))})
			got, err := d.Compute(t.Context(), anHour())
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Models) != models || got.Coverage != (Coverage{1, 1}) || log.Len() > 0 {
				t.Errorf("%d models, want %d; coverage %+v; log %q", len(got.Models), models, got.Coverage, log.String())
			}
			asked := slices.ContainsFunc(u.asked, func(q query) bool { return strings.Contains(q.expr, "container_status_running") })
			if asked != (models > 0) {
				t.Errorf("asked when containers ran: %t", asked)
			}
		})
	}
}

func TestSeveralClustersAreToldOnce(t *testing.T) {
	c := cluster{anHour(), []string{"iris"}}
	u := &fake{answer: func(ctx context.Context, expr string) ([]promapi.Series, error) {
		rows, err := c.answer(ctx, expr)
		var both []promapi.Series
		for of, uid := range map[string]string{"east": "0a1b2c3d", "west": "4e5f6a7b"} {
			for _, r := range rows {
				own := labels("cluster", of)
				for _, l := range r.Labels { // pods of its own: no two have one uid
					own = append(own, promapi.Label{Name: l.Name, Value: strings.ReplaceAll(l.Value, "0a1b2c3d", uid)})
				}
				both = append(both, promapi.Series{Labels: own, Samples: r.Samples})
			}
		}
		return both, err
	}}
	d, log := downsampler(u, false)
	for n := range 2 {
		got, err := d.Compute(t.Context(), anHour())
		if err != nil || len(got.Models) != 1 {
			t.Fatalf("window %d: got %+v, %v", n, got, err)
		}
		if v := got.Models[0].Values; v[usage.Containers].V != 2 || fmt.Sprintf("%.9f", v[usage.CPUUsage].V) != "0.500000000" {
			t.Errorf("window %d: two clusters' models do not add up: %+v", n, v)
		}
	}
	if line := log.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "told_apart_by=[cluster]") {
		t.Errorf("logged %s", line)
	}
}

// TestLongWindowsAreCut: no query reaches further than the longest slice, and a little.
func TestLongWindowsAreCut(t *testing.T) {
	day := window.Containing(anHour().Start, 24*time.Hour)
	u := &fake{answer: cluster{day, []string{"iris"}}.answer}
	d, _ := downsampler(u, true)
	got, err := d.Compute(t.Context(), day)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Models) != 1 || got.Coverage.KubeStateMetrics != 1 {
		t.Errorf("got %+v", got)
	}
	ends := map[time.Time]bool{}
	for _, q := range u.asked {
		if q.to.Sub(q.from) > longestSlice {
			t.Errorf("asked from %s to %s: %s", q.from, q.to, q.expr)
		}
		ends[q.to] = true
	}
	if len(ends) < 4 {
		t.Errorf("asked at %d moments only", len(ends))
	}
}
