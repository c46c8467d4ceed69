// Package faults runs the exporter's loop over hours of a history, between a real
// Prometheus that it reads and a real receiver, either of which may fail. Time is the
// lab's own: it passes when the loop waits.
package faults

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/promslog"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// lab is where a history happens. Hours are counted from its beginning; hour n is the
// window that ends then.
type lab struct {
	t        *testing.T
	history  histories.Named
	origin   time.Time
	source   *gate
	receiver *gate
	stored   *promapi.Client // reads the receiver, whatever fails

	now      time.Time
	end      time.Time
	stop     context.CancelFunc
	events   []event
	settle   time.Duration
	timeout  time.Duration             // of requests to the receiver, in true time
	computes func(window.Window) error // goes before each computation
	log      bytes.Buffer
}

// event is what happens at a moment.
type event struct {
	at time.Time
	do func()
}

// newLab places a history so that it has just ended, with all its samples stored, and an
// empty receiver.
func newLab(t *testing.T, history histories.Named, receiver prom.Options) *lab {
	t.Helper()
	dir := t.TempDir()
	l := emptyLab(t, history, receiver)
	placed := accuracy.Placed{Named: l.history, Origin: l.origin}
	if err := accuracy.Store(t.Context(), dir, []accuracy.Placed{placed}); err != nil {
		t.Fatal(err)
	}
	l.source = newGate(t, promtest.Start(t, prom.Options{Dir: dir}).URL())
	return l
}

func emptyLab(t *testing.T, history histories.Named, receiver prom.Options) *lab {
	t.Helper()
	// Nothing is known of the time before.
	history.History.Outages = append(slices.Clone(history.History.Outages), cluster.Span{From: cluster.Beginning, To: 0})
	receiver.Dir = t.TempDir()
	server := promtest.Start(t, receiver).URL()
	origin := window.Containing(time.Now(), time.Hour).Start.Add(-history.Window.Length())
	return &lab{
		t: t, history: history, origin: origin, settle: time.Minute, timeout: 10 * time.Second,
		receiver: newGate(t, server), stored: client(t, server),
	}
}

func client(t *testing.T, base *url.URL) *promapi.Client {
	t.Helper()
	c, err := promapi.New(promapi.Config{
		URL: base, HTTP: promconfig.DefaultHTTPClientConfig, Timeout: time.Minute, MaxAnswerBytes: 64 << 20,
		Log: promslog.NewNopLogger(),
	}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// exporter is one process, so to speak: it knows nothing of those before it.
type exporter struct {
	*lab
	downsample *downsample.Downsampler
	board      *exposition.Board
	registry   *prometheus.Registry
	loop       *schedule.Loop
}

func (l *lab) exporter(jitter float64) *exporter {
	l.t.Helper()
	log := slog.New(slog.NewTextHandler(&l.log, nil))
	x := &exporter{lab: l, registry: prometheus.NewRegistry()}
	x.downsample = downsample.New(downsample.Config{
		Fetcher: fetch.New(fetch.Config{API: client(l.t, l.source.url), Transport: fetch.Auto, Concurrency: 2, Now: x.clock, Log: log}),
		Table:   metric.Default(), Kinds: workload.Kinds(), Log: log,
	})
	x.board = exposition.NewBoard(x.clock)
	writer, err := remotewrite.New(remotewrite.Config{
		URL: l.receiver.url.JoinPath("/api/v1/write"), HTTP: promconfig.DefaultHTTPClientConfig, Timeout: l.timeout,
		Backoff: remote.BackoffConfig{Min: time.Millisecond, Max: time.Millisecond, MaxRetries: 1},
		Message: remote.WriteV1MessageType, UserAgent: "test", Query: client(l.t, l.receiver.url), Period: time.Hour, Table: metric.Default(),
	}, x.registry)
	if err != nil {
		l.t.Fatal(err)
	}
	x.loop = schedule.New(schedule.Config{
		Computer: x, Board: x.board.Slot(""), Deliverer: writer, Period: time.Hour, SettleDelay: l.settle, MaxAge: 24 * time.Hour,
		Random: func() float64 { return jitter }, Now: x.clock, Sleep: x.sleep, Log: log, Registerer: x.registry,
	})
	return x
}

// Compute implements schedule.Computer.
func (x *exporter) Compute(ctx context.Context, w window.Window) (*ledger.Averages, error) {
	if x.computes != nil {
		if err := x.computes(w); err != nil {
			return nil, err
		}
	}
	return x.downsample.Compute(ctx, w)
}

// run lets a new exporter run from one moment to another.
func (l *lab) run(from, to time.Duration) *exporter {
	l.t.Helper()
	x := l.exporter(0)
	l.now = l.at(from)
	x.until(to)
	return x
}

// until lets the exporter run on until a moment.
func (x *exporter) until(to time.Duration) {
	ctx, stop := context.WithCancel(x.t.Context())
	defer stop()
	x.lab.end, x.lab.stop = x.at(to), stop
	x.loop.Run(ctx)
}

func (l *lab) clock() time.Time { return l.now }

// sleep lets time go by.
func (l *lab) sleep(_ context.Context, d time.Duration) {
	to := l.now.Add(d)
	for len(l.events) > 0 && !l.events[0].at.After(to) {
		e := l.events[0]
		l.events = l.events[1:]
		if e.at.After(l.now) {
			l.now = e.at
		}
		e.do()
	}
	l.now = to
	if !l.now.Before(l.end) {
		l.stop()
	}
}

// at is a moment of the history.
func (l *lab) at(d time.Duration) time.Time { return l.origin.Add(d) }

// when makes something happen. What happens is told in order.
func (l *lab) when(d time.Duration, do func()) {
	l.events = append(l.events, event{l.at(d), do})
}

// prometheusDown has the Prometheus out of reach for a while. No request is made: the
// client would try each again, and that takes true time.
func (l *lab) prometheusDown(from, to time.Duration) {
	l.computes = func(window.Window) error {
		if l.now.Before(l.at(from)) || !l.now.Before(l.at(to)) {
			return nil
		}
		return &promapi.Error{Kind: promapi.Unreachable, Err: errors.New("connection refused")}
	}
}

func hours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }

// gate is the way to a server, on which requests can meet with a fault.
type gate struct {
	url   *url.URL
	pass  http.HandlerFunc // to the server
	mu    sync.Mutex
	fault http.HandlerFunc
}

func newGate(t *testing.T, to *url.URL) *gate {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(to)
	g := &gate{pass: proxy.ServeHTTP}
	proxy.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		fault := g.fault
		g.mu.Unlock()
		if fault == nil {
			fault = g.pass
		}
		fault(w, r)
	}))
	server.Config.ErrorLog = proxy.ErrorLog
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	g.url = u
	return g
}

// meet puts a fault in the way, or clears it.
func (g *gate) meet(fault http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault = fault
}

func answers(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", status) }
}

func hangs(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func cutsTheConnection(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	panic(http.ErrAbortHandler)
}

// empty answers like a Prometheus whose store has gone.
func empty(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/read") {
		w.Header().Set("Content-Type", "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
}

// expect compares what the receiver has with the truth: the hours that should be there are
// each there once, with their mark, and nothing else is.
func (l *lab) expect(present ...int) {
	l.t.Helper()
	marked, results := l.delivered()
	if got := slices.Sorted(maps.Keys(marked)); !slices.Equal(got, present) {
		l.t.Errorf("marked are the hours %v, want %v", got, present)
	}
	if got := slices.Sorted(maps.Keys(results)); !slices.Equal(got, present) {
		l.t.Errorf("there are the hours %v, want %v", got, present)
	}
	if l.t.Failed() {
		l.t.Fatalf("%s", &l.log)
	}
	for hour, result := range results {
		p := accuracy.Placed{Named: l.history, Origin: l.origin}
		p.Window = cluster.Span{From: hours(float64(hour - 1)), To: hours(float64(hour))}
		verdict := accuracy.Judge(p, *result)
		if verdict.Values == 0 {
			l.t.Errorf("hour %d has no values in truth", hour)
		}
		for _, d := range verdict.Deviations {
			l.t.Errorf("hour %d: %s", hour, d)
		}
	}
	if l.t.Failed() {
		l.t.Logf("%s", &l.log)
	}
}

// delivered reads what the receiver has, by the hour.
func (l *lab) delivered() (marked map[int]bool, results map[int]*accuracy.Result) {
	l.t.Helper()
	answer, err := l.stored.Instant(l.t.Context(), `{__name__=~"model_.+|seldon_exporter_.+"}[100d]`, time.Now())
	if err != nil {
		l.t.Fatal(err)
	}
	marked, results = map[int]bool{}, map[int]*accuracy.Result{}
	for _, row := range answer.Series {
		name := row.Labels.Get("__name__")
		for _, s := range row.Samples {
			since := time.UnixMilli(s.T).Sub(l.origin)
			hour := int(since / time.Hour)
			if since%time.Hour != 0 {
				l.t.Errorf("a sample of %s at %s", name, since)
			}
			if name == remotewrite.CompletionMarker {
				marked[hour] = true
				continue
			}
			if results[hour] == nil {
				results[hour] = &accuracy.Result{Values: map[cluster.Model]cluster.Values{}, Coverage: &cluster.Coverage{}}
			}
			enter(results[hour], row.Labels, s.V)
		}
	}
	return marked, results
}

func enter(r *accuracy.Result, labels promapi.Labels, v float64) {
	name := labels.Get("__name__")
	switch {
	case name == remotewrite.Coverage && labels.Get("source") == "cadvisor":
		r.Coverage.CAdvisor = v
	case name == remotewrite.Coverage:
		r.Coverage.KSM = v
	}
	for metric := range cluster.NumMetrics {
		if metric.String() != name {
			continue
		}
		m := cluster.Model{Namespace: labels.Get("namespace"), Type: labels.Get("type"), Name: labels.Get("name")}
		values := r.Values[m]
		values[metric] = cluster.Value{V: v, OK: true}
		r.Values[m] = values
	}
}

// from returns the hours from one to another.
func from(first, last int) []int {
	var out []int
	for h := first; h <= last; h++ {
		out = append(out, h)
	}
	return out
}

func (l *lab) expectLogged(part string, times int) {
	l.t.Helper()
	if n := strings.Count(l.log.String(), part); n != times {
		l.t.Errorf("logged %s %d times, want %d:\n%s", part, n, times, &l.log)
	}
}

// value returns one of the exporter's own metrics.
func (x *exporter) value(name string) float64 {
	x.t.Helper()
	families, err := x.registry.Gather()
	if err != nil {
		x.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	x.t.Fatalf("there is no metric %s", name)
	return 0
}
