package downsample

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/expfmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/crash"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/explain"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// separator stands between an upstream's answers in a fuzz target's bytes.
const separator = "\n====\n"

// setup is how an upstream is read.
type setup struct {
	form    form
	period  time.Duration
	cluster bool
	lax     bool
}

func setupOf(b byte) setup {
	return setup{form: form(b % byte(forms)), period: periods()[int(b/3)%len(periods())], cluster: b&64 != 0, lax: b&128 != 0}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (s setup) window() window.Window { return window.Window{Start: noon.Add(-s.period), End: noon} }

func (s setup) span() timeline.Span {
	w := s.window()
	return timeline.Span{From: w.Start.UnixMilli(), To: w.End.UnixMilli()}
}

// lab is a server whose answers are another cluster's each time, and a client of it.
type lab struct {
	upstream atomic.Pointer[upstream]
	client   *promapi.Client
}

func newLab(tb testing.TB) *lab {
	l := &lab{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { l.upstream.Load().ServeHTTP(w, r) }))
	tb.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		tb.Fatal(err)
	}
	l.client, err = promapi.New(promapi.Config{
		URL: u, HTTP: promconfig.DefaultHTTPClientConfig, Timeout: hang, MaxAnswerBytes: 8 << 20, Log: slog.New(slog.DiscardHandler),
	}, prometheus.NewRegistry())
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

const (
	hang          = 30 * time.Second // longer than a window of some series takes on any machine
	mostMemory    = 64 << 20         // that a window allocates in all,
	bytesOfSample = 4 << 10          // and for each sample
	mostRequests  = 500
)

// compute computes a window, and returns nil where that failed as it may fail.
func (l *lab) compute(tb testing.TB, s setup, u *upstream) *ledger.Averages {
	tb.Helper()
	u.form = s.form
	l.upstream.Store(u)
	cfg := Config{
		Fetcher: fetch.New(fetch.Config{API: l.client, Transport: fetch.RemoteRead, Concurrency: 1, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)}),
		Table:   metric.Default(), Kinds: workload.Kinds()[:2], Log: slog.New(slog.DiscardHandler),
	}
	if s.form == inJSON {
		cfg.Fetcher = fetch.New(fetch.Config{API: l.client, Transport: fetch.PromQL, Concurrency: 1, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	}
	if s.cluster {
		cfg.ClusterLabel = "cluster"
	}
	watchdog := time.AfterFunc(hang, func() {
		debug.SetTraceback("all")
		panic("it hangs")
	})
	defer watchdog.Stop()
	before := allocated()
	a, err := New(cfg).Compute(tb.Context(), s.window())
	most := uint64(mostMemory)
	for _, s := range u.series {
		most += bytesOfSample * uint64(len(s.Samples))
	}
	asked, answers := u.cost()
	if used := allocated() - before - answers; used > most {
		tb.Errorf("%d MiB were allocated", used>>20)
	}
	if p, ok := errors.AsType[*crash.Error](err); ok {
		tb.Fatalf("%v\n%s", p, p.Stack)
	}
	if asked > mostRequests {
		tb.Errorf("the server was asked %d times", asked)
	}
	if err != nil {
		if promapi.KindOf(err) == "" && !errors.Is(err, ErrNoSources) {
			tb.Errorf("an error of no kind: %v", err)
		}
		return nil
	}
	for _, m := range a.Models[:min(2, len(a.Models))] {
		x, err := New(cfg).Explain(tb.Context(), s.window(), m.Model)
		if _, crashed := errors.AsType[*crash.Error](err); err != nil && !crashed && u.answers != nil {
			continue // the next answers are others
		}
		if err == nil {
			err = explain.JSON(io.Discard, x, "")
		}
		if err != nil {
			tb.Errorf("explain: %v", err)
		}
	}
	page, err := exposition.Encode(a, noon.Add(time.Hour))
	if err != nil {
		tb.Fatal(err)
	}
	for f := range page.Families() {
		for _, m := range f.Metric {
			if v := m.GetGauge().GetValue(); v-v != 0 {
				tb.Errorf("%s is %v", f.GetName(), v)
			}
		}
		if _, err := expfmt.MetricFamilyToOpenMetrics(io.Discard, f); err != nil {
			tb.Error(err)
		}
	}
	return a
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// FuzzAnswers has a server answer with any bytes, whatever it was asked: there is an error, or
// a page of numbers.
func FuzzAnswers(f *testing.F) {
	lab := newLab(f)
	for form := range forms {
		var answers [][]byte
		short := byte(1*forms + form) // windows of 10 minutes
		lab.compute(f, setupOf(short), &upstream{series: ordinary(setupOf(short)), framed: true, record: &answers})
		f.Add(short, bytes.Join(answers, []byte(separator)))
		f.Add(short|128, answers[len(answers)-1])
	}
	for _, answer := range []string{`{"status":"success","data":{"resultType":"matrix","result":[{}]}}`, `{"data":`, ``, `null`} {
		f.Add(byte(inJSON), []byte(answer))
	}
	f.Fuzz(func(t *testing.T, b byte, data []byte) {
		s := setupOf(b)
		lab.compute(t, s, &upstream{answers: bytes.Split(data, []byte(separator)), framed: b&128 == 0})
	})
}

// FuzzSeries has a server that answers as it must, with any series: there is an error, or a
// page of numbers, which are the same for the same series in another order.
func FuzzSeries(f *testing.F) {
	lab := newLab(f)
	for form := range forms {
		seed := []byte{byte(form)}
		for i := range templates() {
			seed = append(seed, byte(i), 0, 0, 0, 0, 0, 0)
		}
		f.Add(seed)
		f.Add(append(slices.Clone(seed), seed[1:]...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g := &generator{rest: data}
		s := setupOf(g.byte())
		g.span = s.span()
		var series []promapi.Series
		for len(g.rest) > 0 && len(series) < 60 {
			one := g.series()
			if !slices.ContainsFunc(series, func(o promapi.Series) bool { return slices.Equal(o.Labels, one.Labels) }) {
				series = append(series, one)
			}
		}
		one := lab.compute(t, s, &upstream{series: series, lax: s.lax, framed: true})
		if one == nil {
			return
		}
		plausible(t, one, series)
		slices.Reverse(series)
		if other := lab.compute(t, s, &upstream{series: series, lax: s.lax, framed: true}); other != nil {
			alike(t, one, other)
		} else {
			t.Error("in another order the series cannot be used")
		}
	})
}

// ordinary are the series of a cluster with one model.
func ordinary(of setup) (all []promapi.Series) {
	for i := range usualTemplates {
		g := &generator{rest: []byte{byte(i)}, span: of.span()}
		all = append(all, g.series())
	}
	return all
}

// plausible fails where a value is beyond what the samples allow: it is a sum over containers,
// of which each has its mean, for no longer than the window.
func plausible(t *testing.T, a *ledger.Averages, series []promapi.Series) {
	t.Helper()
	for _, c := range a.Coverage {
		if c.Ratio < 0 || c.Ratio > 1+1e-9 {
			t.Errorf("coverage of %s is %v", c.Source, c.Ratio)
		}
	}
	most := 0.0
	for _, s := range series {
		for _, x := range s.Samples {
			if x.V-x.V == 0 {
				most = max(most, math.Abs(x.V))
			}
		}
	}
	for i, info := range a.Metrics {
		for _, m := range a.Models {
			bound := most
			if info.Fold == metric.Count {
				bound = 1
			}
			if v := m.Values[i]; v.OK && info.Fold != metric.Rate && math.Abs(v.V) > bound*float64(len(series))*(1+1e-9) {
				t.Errorf("%v: %s is %v, of values up to %v", m.Model, info.Name, v.V, bound)
			}
			if v := m.Values[i]; v.OK && info.Fold != metric.Level && info.Fold != metric.Mean && v.V < 0 {
				t.Errorf("%v: %s is %v", m.Model, info.Name, v.V)
			}
		}
	}
}

// alike fails where two computations differ by more than the order of additions explains.
func alike(t *testing.T, a, b *ledger.Averages) {
	t.Helper()
	equal := func(x, y float64) bool { return math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y)) }
	if len(a.Models) != len(b.Models) {
		t.Fatalf("models %v, and in another order %v", a.Models, b.Models)
	}
	for i, m := range a.Models {
		for n, v := range m.Values {
			if o := b.Models[i]; o.Model != m.Model || o.Values[n].OK != v.OK || !equal(v.V, o.Values[n].V) {
				t.Errorf("%v: %s is %v, and in another order %v: %v", m.Model, a.Metrics[n].Name, v, o.Model, o.Values[n])
			}
		}
	}
	for i, c := range a.Coverage {
		if !equal(c.Ratio, b.Coverage[i].Ratio) {
			t.Errorf("coverage of %s is %v, and in another order %v", c.Source, c.Ratio, b.Coverage[i].Ratio)
		}
	}
}

// TestOrdinarySeries shows that what is fuzzed comes to something.
func TestOrdinarySeries(t *testing.T) {
	lab := newLab(t)
	for form := range forms {
		hour := setup{form: form, period: time.Hour}
		a := lab.compute(t, hour, &upstream{series: ordinary(hour), framed: true})
		if a == nil || len(a.Models) != 1 {
			t.Fatalf("form %d: %+v", form, a)
		}
		for n, want := range []metric.Value{{V: 1, OK: true}, {V: 1.0 / 30, OK: true}, {V: 1, OK: true}, {V: 1, OK: true}, {}, {}, {V: 1, OK: true}} {
			if v := a.Models[0].Values[n]; v.OK != want.OK || math.Abs(v.V-want.V) > 1e-9 {
				t.Errorf("form %d: %s is %v, want %v", form, a.Metrics[n].Name, v, want)
			}
		}
	}
}
