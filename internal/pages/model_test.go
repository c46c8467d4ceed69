package pages

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

const scorer = "/model/fraud/SeldonDeployment/scorer"

// past answers with CPU of so many cores for each time, but for the given times.
func past(missing ...time.Time) recorded {
	return func(_ string, from, to time.Time, step time.Duration) (*promapi.Answer, error) {
		series := promapi.Series{Labels: promapi.Labels{{Name: "__name__", Value: "model_cpu_usage_seconds_total"}}}
		for at := from; !at.After(to); at = at.Add(step) {
			if !slices.ContainsFunc(missing, at.Equal) {
				series.Samples = append(series.Samples, promapi.Sample{T: at.UnixMilli(), V: float64(at.Hour())})
			}
		}
		return &promapi.Answer{Series: []promapi.Series{series}}, nil
	}
}

func withPast(api Ranger) func(*Config) { return func(c *Config) { c.Upstreams[0].Recorded.API = api } }

func TestModelPage(t *testing.T) {
	a := some()
	a.Models[1].Bounds = []float64{0.004, 0.0125, 1 << 20, 0, 0, 0, 0}
	w := get(t, newSite(t, a, withPast(past())), scorer)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	has(t, w, "<title>scorer ·", `<h1 id="model">scorer</h1>`, "SeldonDeployment in fraud", `id="plot-cpu"`, `role="img"`, "CPU, cores over time</title>",
		"Used: from 0 to 23 in 24 windows.", "± 12.5m", "± 1 MiB", "98.7 %", `href="?explain=1#why"`, `href="../../../?namespace=fraud"`, `href="?range=7d"`)
	if strings.Contains(w.Body.String(), "No history yet") {
		t.Error("the page says that there is no history")
	}
	has(t, get(t, newSite(t, a, withPast(past()), func(c *Config) { c.Period, c.Upstreams[0].SettleDelay = time.Minute, 0 }), scorer), "One in every 2 windows is shown.")
}

// TestQuery: which windows are asked for, and how those that were delivered are told from those
// that were scraped.
func TestQuery(t *testing.T) {
	const delivered = `max by (BY) (last_over_time({__name__=~"NAMES",namespace="fraud",type="SeldonDeployment",name="scorer",job=""}[1800000ms])) or on (BY) `
	const scraped = `max by (BY) (last_over_time({__name__=~"NAMES",namespace="fraud",type="SeldonDeployment",name="scorer",job!=""}[3000000ms] offset -3660000ms))`
	for name, c := range map[string]struct {
		path           string
		change         func(*Config)
		expr           string
		from, to, step string
	}{
		"a day":  {scorer, func(*Config) {}, delivered + scraped, "2026-02-28T13:00:00Z", "2026-03-01T12:00:00Z", "1h0m0s"},
		"a week": {scorer + "?range=7d", func(*Config) {}, delivered + scraped, "2026-02-22T13:00:00Z", "2026-03-01T12:00:00Z", "1h0m0s"},
		"with labels": {
			scorer + "?range=30d", func(c *Config) {
				c.Upstreams[0].Recorded.Match = promapi.Selector{{Type: promapi.MatchEqual, Name: "env", Value: `a"b`}}
			}, strings.Replace(delivered, `job=""`, `job="",env="a\"b"`, 1) + scraped, "2026-01-30T13:00:00Z", "2026-03-01T12:00:00Z", "1h0m0s",
		},
		"too many windows": {
			scorer + "?range=7d", func(c *Config) { c.Period, c.Upstreams[0].SettleDelay = time.Minute, 0 },
			strings.NewReplacer("1800000", "30000", "3000000", "50000", "3660000", "60000").Replace(delivered + scraped), "2026-02-22T12:14:00Z", "2026-03-01T12:00:00Z", "14m0s",
		},
		"timestamps": {
			scorer, func(c *Config) { c.Upstreams[0].Recorded.Timestamps = true },
			delivered + strings.Replace(scraped, `[3000000ms] offset -3660000ms`, `[1800000ms]`, 1), "2026-02-28T13:00:00Z", "2026-03-01T12:00:00Z", "1h0m0s",
		},
		"clusters": {
			scorer + "?cluster=eu", func(c *Config) { c.Clusters = true },
			strings.NewReplacer("BY", "BY, cluster", ",job", `,cluster="eu",job`).Replace(delivered + scraped), "2026-02-28T13:00:00Z", "2026-03-01T12:00:00Z", "1h0m0s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			get(t, newSite(t, some(), withPast(recorded(func(expr string, from, to time.Time, step time.Duration) (*promapi.Answer, error) {
				asked = []string{expr, from.Format(time.RFC3339), to.Format(time.RFC3339), step.String()}
				return &promapi.Answer{}, nil
			})), c.change), c.path)
			expr := strings.NewReplacer("NAMES", strings.Join(metric.Default().Names(), "|"), "BY", "__name__, namespace, type, name").Replace(c.expr)
			if diff := cmp.Diff([]string{expr, c.from, c.to, c.step}, asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestHistory: the windows are where they belong, and the served one is as it is served.
func TestHistory(t *testing.T) {
	h := newSite(t, some(), withPast(past(noon.Add(-4*time.Hour))))
	rows, err := csv.NewReader(get(t, h, scorer+"?format=csv").Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 24 { // the head, and 24 windows but one
		t.Fatalf("%d rows: %v", len(rows), rows)
	}
	// The newest is as it is served.
	for i, want := range map[int]string{1: "2026-02-28T13:00:00Z,,13,,,,,", 23: "2026-03-01T12:00:00Z,0.98,0.35,751619276.8,0.5,,1073741824,", 22: "2026-03-01T11:00:00Z,,11,,,,,"} {
		if got := strings.Join(rows[i], ","); got != want {
			t.Errorf("row %d is %s, want %s", i, got, want)
		}
	}
	var got struct {
		Model   map[string]string
		Values  map[string]struct{ Value, Bound *float64 }
		History []map[string]any
	}
	if err := json.Unmarshal(get(t, h, scorer+"?format=json").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.History) != 23 || got.Model["name"] != "scorer" || *got.Values["model_cpu_usage_seconds_total"].Value != 0.35 || got.Values["model_cpu_limits"].Value != nil {
		t.Errorf("%+v", got)
	}
}

func TestGone(t *testing.T) {
	h := newSite(t, some(), withPast(past()))
	has(t, get(t, h, "/model/fraud/SeldonDeployment/gone"), "This model is not in the window that is served", `id="plot-cpu"`)
	h = newSite(t, some())
	w := get(t, h, "/model/fraud/SeldonDeployment/gone")
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
	has(t, w, "There is no such model", "SeldonDeployment fraud/gone has no values", "Check its namespace, type and name")
}

func TestNoHistory(t *testing.T) {
	has(t, get(t, newSite(t, some()), scorer), "No history yet", "honor_labels: true", "at least every 50m", "Used: 350m in one window.")
	has(t, get(t, newSite(t, some(), func(c *Config) { c.Upstreams[0].Recorded.Delivered = true }), scorer), "No history yet", "as they are delivered")
}

func TestHistoryFails(t *testing.T) {
	h := newSite(t, some(), withPast(recorded(func(string, time.Time, time.Time, time.Duration) (*promapi.Answer, error) {
		return nil, errors.New("unavailable: <b>500</b>: check the log")
	})))
	w := get(t, h, scorer)
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
	has(t, w, "The past windows could not be read:</strong> unavailable: &lt;b&gt;500", "350m")
}

func TestBadModelParameters(t *testing.T) {
	h := newSite(t, some())
	for path, want := range map[string]string{
		scorer + "?range=1y":    "range=&#34;1y&#34;: is unknown: choose 24h, 7d, 30d",
		scorer + "?explain=yes": "explain=&#34;yes&#34;: is unknown: choose 1",
		scorer + "?cluster=a":   "cluster=&#34;a&#34;: is not used: no cluster label is set",
		scorer + "?sort=name":   "sort=&#34;name&#34;: is unknown here: this page takes cluster, range, explain, format",
		"/config?format=xml":    "is unknown: choose html, csv or json",
		"/config?cluster=a":     "is unknown here: this page takes format",
	} {
		w := get(t, h, path)
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", path, w.Code)
		}
		has(t, w, want)
	}
}

func explanation(w window.Window, m workload.Model) *ledger.Explanation {
	pod := inventory.PodName{Namespace: m.Namespace, Name: m.Name + "-0"}
	x := &ledger.Explanation{
		Window: w, Model: m, Sources: []ledger.Source{{Name: metric.CAdvisor, Observed: 3540, Interval: 30}},
		Pods:    []ledger.Pod{{PodName: pod, UID: "u-1"}},
		LeftOut: []measure.LeftOut{{Container: measure.Container{Pod: pod, Name: "init"}, Why: "<i>a reason</i>", Samples: 7}},
	}
	for i, of := range metric.Default().Metrics {
		v := ledger.Value{Metric: of, Value: metric.Value{V: float64(i) + 0.5, OK: true}, Bound: 0.25}
		v.Terms = []ledger.Term{
			{Container: measure.Container{Pod: pod, Name: "classifier"}, Lived: 1800, Seen: 1770, Mean: 0.111, Share: 0.0625, Changes: 2},
			{Container: measure.Container{Pod: pod, Name: "engine"}, Lived: 40},
		}
		x.Values = append(x.Values, v)
	}
	return x
}

func TestWhy(t *testing.T) {
	asked := 0
	h := newSite(t, some(), func(c *Config) {
		c.Upstreams[0].Explain = func(_ context.Context, w window.Window, m workload.Model) (*ledger.Explanation, error) {
			asked++
			return explanation(w, m), nil
		}
	})
	if get(t, h, scorer); asked != 0 {
		t.Error("an explanation is made that was not asked for")
	}
	w := get(t, h, scorer+"?explain=1")
	has(t, w, "<code>model_cpu_usage_seconds_total</code>", "scorer-0", "30 min", "not seen", "111m", "± 250m", "uid u-1", "&lt;i&gt;a reason", "(7 samples)", "cadvisor was observed for 59 min, and scraped every 30 s")
	get(t, h, scorer+"?explain=1")
	if asked != 1 {
		t.Errorf("one window was explained %d times", asked)
	}
	var got struct{ Explanation struct{ LeftOut []any } }
	if err := json.Unmarshal(get(t, h, scorer+"?explain=1&format=json").Body.Bytes(), &got); err != nil || len(got.Explanation.LeftOut) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhyFails(t *testing.T) {
	h := newSite(t, some(), func(c *Config) {
		c.Upstreams[0].Explain = func(context.Context, window.Window, workload.Model) (*ledger.Explanation, error) {
			panic("oh")
		}
	})
	has(t, get(t, h, scorer+"?explain=1"), "The explanation could not be made:</strong>")
}

// TestOneAtATime: pages ask one at a time, the same question once, and give up in time.
func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, asked atomic.Int32
		c := newCache[int, int](make(turns, 1), 2)
		ask := func(ctx context.Context) (int, error) {
			most.Store(max(most.Load(), now.Add(1)))
			begun := time.Now()
			defer func() {
				now.Add(-1)
				if time.Now().After(begun) { // all 40 give up in one moment, and not all before the turn is theirs
					asked.Add(1)
				}
			}()
			select {
			case <-time.After(4 * time.Second):
				return 7, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		got := make(chan error, 40)
		for i := range 40 {
			go func() {
				_, err := c.get(t.Context(), 15*time.Second, i%4, ask)
				got <- err
			}()
		}
		failed := 0
		for range 40 {
			if err := <-got; err != nil {
				failed++
			}
		}
		// Three answers of 4 s fit into 15 s; the fourth is broken off.
		if most.Load() != 1 || asked.Load() > 4 || failed == 0 || failed == 40 {
			t.Errorf("asked %d times, %d at once, %d failed", asked.Load(), most.Load(), failed)
		}
		if len(c.kept) > 2 {
			t.Errorf("%d answers are kept", len(c.kept))
		}
		_, err := c.get(t.Context(), time.Second, 99, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
		if err == nil || err.Error() != "the Prometheus did not answer in 1s" {
			t.Errorf("a slow answer: %v", err)
		}
	})
}

func TestPlot(t *testing.T) {
	h := &history{from: noon.Add(-4 * time.Hour), to: noon, step: time.Hour}
	cpu := chartsOf(metric.Default())[1]
	for i, v := range []float64{1, 2, math.NaN(), 4} {
		values := make([]metric.Value, 7)
		values[1] = metric.Value{V: v, OK: v == v}
		values[3] = metric.Value{V: 2, OK: true}
		h.points = append(h.points, point{noon.Add(time.Duration(i-3) * time.Hour), values})
	}
	p := cpu.plot(h)
	want := plot{
		Key: "cpu", Title: "CPU, cores", Width: 1000, Height: 150,
		Desc:      "Used: from 1 to 4 in 3 windows. Request: from 2 to 2 in 4 windows.",
		Used:      "M0.0 112.5H250.0V75.0H500.0M750.0 0.0H1000.0",
		Area:      "M0.0 150V112.5H250.0V75.0H500.0V150ZM750.0 150V0.0H1000.0V150Z",
		Requested: "M0.0 75.0H250.0V75.0H500.0V75.0H750.0V75.0H1000.0",
		Rows:      []tick{{75, "2", ""}, {0, "4", ""}},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		highest float64
		unit    string
		want    string
	}{
		{0, "cores", "1 by 1"}, {0.35, "cores", "0.4 by 0.2"}, {1, "cores", "1 by 0.5"}, {2.3, "cores", "3 by 1"}, {9, "containers", "10 by 5"},
		{3 * gibi, "bytes", "3221225472 by 1073741824"}, {100, "bytes", "128 by 64"},
	} {
		top, step := scale(c.highest, c.unit)
		if got := fmt.Sprintf("%.12g by %.12g", top, step); got != c.want {
			t.Errorf("%g %s: %s, want %s", c.highest, c.unit, got, c.want)
		}
	}
}

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{
		{0, "cores", "0"}, {0.35, "cores", "350m"}, {0.0345, "cores", "34.5m"}, {0.9996, "cores", "1"}, {1.25, "cores", "1.25"}, {12.34, "cores", "12.3"}, {1234.5, "cores", "1234"}, {1e-7, "cores", "0.0001m"},
		{0, "bytes", "0 B"}, {1 << 20, "bytes", "1 MiB"}, {1.24 * gibi, "bytes", "1.2 GiB"}, {1023.9 * gibi, "bytes", "1 TiB"}, {180 << 20, "bytes", "180 MiB"}, {99.97 * gibi, "bytes", "100 GiB"},
		{2, "containers", "2"}, {0.98, "containers", "0.98"}, {1e-9, "containers", "1e-09"},
	} {
		if got := (quantity{c.v, true, c.unit}).String(); got != c.want {
			t.Errorf("%g %s is %s, want %s", c.v, c.unit, got, c.want)
		}
	}
	if got := (quantity{}).String(); got != "–" {
		t.Errorf("what is unknown is %s", got)
	}
	for share, want := range map[float64]string{1: "100 %", 0.99999: "99.9 %", 0.987: "98.7 %", 0: "0 %", 3.331: "333 %"} {
		if got := percent(share); got != want {
			t.Errorf("%g is %s, want %s", share, got, want)
		}
	}
}

func TestSettings(t *testing.T) {
	h := newSite(t, some(), func(c *Config) {
		c.Settings = []Setting{{"Prometheus", "--prometheus.url", "PROMETHEUS_URL", "http://<secret>@p", "file", "Where."}, {"Web", "--x", "", "", "default", "What."}}
	})
	has(t, get(t, h, "/config"), "<code>--prometheus.url</code>", "http://&lt;secret&gt;@p", `class="from-file"`, "none")
	if got, want := get(t, h, "/config?format=csv").Body.String(), "group,flag,environment,value,origin\nPrometheus,prometheus.url,PROMETHEUS_URL,http://<secret>@p,file\nWeb,x,,,default\n"; got != want {
		t.Errorf("CSV %s", got)
	}
	has(t, get(t, h, "/config?format=json"), `"origin": "file"`)
}
