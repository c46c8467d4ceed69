package prom_test

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// TestServers asks every kind of server the same questions over the same blocks.
func TestServers(t *testing.T) {
	dir := t.TempDir()
	// Two blocks, a day apart, the newer one written first: order does not matter.
	for _, start := range []time.Time{day.Add(24 * time.Hour), day} {
		if err := prom.WriteBlock(t.Context(), dir, gauge(start)); err != nil {
			t.Fatal(err)
		}
	}
	if err := prom.WriteBlock(t.Context(), dir, nil); err != nil {
		t.Fatalf("nothing to write: %v", err)
	}

	questions := []struct {
		name  string
		query string
		at    time.Time
		want  map[string]string
	}{
		{"a gauge, its first hour", `avg_over_time(g[1h])`, day.Add(time.Hour - time.Second), map[string]string{"a": "59.5", "b": "59.5"}},
		{"the next day's", `avg_over_time(g{pod="a"}[1h])`, day.Add(25*time.Hour - time.Second), map[string]string{"a": "59.5"}},
		{"a staleness marker ends a series", `g`, day.Add(time.Hour + time.Second), map[string]string{}},
	}
	ask := func(t *testing.T, base *url.URL) {
		for _, q := range questions {
			got, read := query(t, base, q.query, q.at)
			if len(got) != len(q.want) {
				t.Errorf("%s: got %v, want %v", q.name, got, q.want)
			}
			for pod, want := range q.want {
				if got[pod] != want {
					t.Errorf("%s: pod %s is %q, want %s", q.name, pod, got[pod], want)
				}
			}
			if len(q.want) > 0 && read != 120*len(q.want) {
				t.Errorf("%s: %d samples read, want %d", q.name, read, 120*len(q.want))
			}
		}
	}

	t.Run("in process", func(t *testing.T) {
		ask(t, promtest.Start(t, prom.Options{Dir: dir}).URL())
	})
	t.Run("Debian", func(t *testing.T) {
		ask(t, promtest.StartDebian(t, dir))
	})
}

// TestParts stores an hour that comes by halves, in a block and in a head, each of which both
// servers read.
func TestParts(t *testing.T) {
	halves := func(yield func([]cluster.Series) bool) {
		first, second := gauge(day), gauge(day)
		for i := range first {
			first[i].Samples, second[i].Samples = first[i].Samples[:60], second[i].Samples[60:]
		}
		_ = yield(first) && yield(second)
	}
	for name, test := range map[string]struct {
		write  func(context.Context, string, iter.Seq[[]cluster.Series]) error
		blocks int
	}{"block": {prom.WriteParts, 1}, "head": {prom.WriteHead, 0}} {
		t.Run(name, func(t *testing.T) {
			dir, own := t.TempDir(), t.TempDir()
			if err := test.write(t.Context(), dir, halves); err != nil {
				t.Fatal(err)
			}
			if metas, err := filepath.Glob(filepath.Join(dir, "*", "meta.json")); err != nil || len(metas) != test.blocks {
				t.Errorf("%d blocks, want %d (%v)", len(metas), test.blocks, err)
			}
			if err := prom.Link(own, dir); err != nil {
				t.Fatal(err)
			}
			ask := func(t *testing.T, base *url.URL) {
				if got, read := query(t, base, `avg_over_time(g{pod="a"}[1h])`, day.Add(time.Hour-time.Second)); got["a"] != "59.5" || read != 120 {
					t.Errorf("got %v of %d samples, want 59.5 of 120", got, read)
				}
			}
			t.Run("in process", func(t *testing.T) {
				ask(t, promtest.Start(t, prom.Options{Dir: dir}).URL())
			})
			t.Run("Debian", func(t *testing.T) {
				p, err := debian.Start(t.Context(), promtest.Debian(t), own)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := p.Close(); err != nil {
						t.Error(err)
					}
				})
				ask(t, p.URL())
			})
		})
	}
}

// TestAppend feeds a running server and sees the series come and go.
func TestAppend(t *testing.T) {
	dir := t.TempDir()
	if err := prom.WriteBlock(t.Context(), dir, gauge(day)); err != nil {
		t.Fatal(err)
	}
	s := promtest.Start(t, prom.Options{Dir: dir})
	if err := s.Append(t.Context(), gauge(day.Add(2*time.Hour))); err != nil {
		t.Fatal(err)
	}
	got, _ := query(t, s.URL(), `count_over_time(g{pod="a"}[4h])`, day.Add(4*time.Hour-time.Second))
	if got["a"] != "240" {
		t.Errorf("samples of the block and of the head: %v, want 240 of pod a", got)
	}
	if err := s.Append(t.Context(), gauge(day)); err == nil {
		t.Error("samples older than the head were taken")
	}
}

// TestMaxSamples sees a query refused as Prometheus refuses it.
func TestMaxSamples(t *testing.T) {
	dir := t.TempDir()
	if err := prom.WriteBlock(t.Context(), dir, gauge(day)); err != nil {
		t.Fatal(err)
	}
	s := promtest.Start(t, prom.Options{Dir: dir, MaxSamples: 100})
	resp := post(t, s.URL(), `g[1h]`, day.Add(time.Hour))
	if resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("status %d, want 422", resp.StatusCode)
	}
}

var day = time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)

// gauge returns two pods' series of 120 samples, 0 to 119, every 30 s, and a marker of their end.
func gauge(start time.Time) []cluster.Series {
	var series []cluster.Series
	for _, pod := range []string{"a", "b"} {
		s := cluster.Series{Labels: []cluster.Label{{Name: "__name__", Value: "g"}, {Name: "pod", Value: pod}}}
		for i := range 120 {
			s.Samples = append(s.Samples, cluster.Sample{T: start.Add(time.Duration(i) * 30 * time.Second).UnixMilli(), V: float64(i)})
		}
		s.Samples = append(s.Samples, cluster.Sample{T: start.Add(time.Hour).UnixMilli(), V: cluster.StaleNaN()})
		series = append(series, s)
	}
	return series
}

func post(t *testing.T, base *url.URL, q string, at time.Time) *http.Response {
	t.Helper()
	form := url.Values{"query": {q}, "time": {at.Format(time.RFC3339Nano)}, "stats": {"all"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base.JoinPath("api/v1/query").String(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// query returns the value of each pod, and how many samples were read.
func query(t *testing.T, base *url.URL, q string, at time.Time) (values map[string]string, read int) {
	t.Helper()
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
			Stats struct {
				Samples struct{ TotalQueryableSamples int }
			}
		}
	}
	if err := json.NewDecoder(post(t, base, q, at).Body).Decode(&answer); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	values = map[string]string{}
	for _, r := range answer.Data.Result {
		values[r.Metric["pod"]], _ = r.Value[1].(string)
	}
	return values, answer.Data.Stats.Samples.TotalQueryableSamples
}
