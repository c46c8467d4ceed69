// Package delivery tests the delivery of windows to real remote-write receivers, with
// faults between the two.
package delivery

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
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

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// lab is a receiver, reached by way of a proxy that can do harm.
type lab struct {
	server *url.URL
	client *promapi.Client
	proxy  *proxy
	newest window.Window
}

func newLab(t *testing.T, server *url.URL) *lab {
	t.Helper()
	client, err := promapi.New(promapi.Config{
		URL: server, HTTP: promconfig.DefaultHTTPClientConfig, Timeout: time.Minute, MaxAnswerBytes: 64 << 20,
		Log: promslog.NewNopLogger(),
	}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return &lab{server: server, client: client, proxy: newProxy(t, server), newest: window.Containing(time.Now(), time.Hour).Previous()}
}

// writer returns a new process' writer, so to speak.
func (l *lab) writer(t *testing.T, change ...func(*remotewrite.Config)) *remotewrite.Writer {
	t.Helper()
	cfg := remotewrite.Config{
		URL: l.proxy.url.JoinPath("/api/v1/write"), HTTP: promconfig.DefaultHTTPClientConfig, Timeout: 30 * time.Second,
		Backoff: remote.BackoffConfig{Min: time.Millisecond, Max: 2 * time.Second, MaxRetries: 4},
		Message: remote.WriteV1MessageType, UserAgent: "test", Query: l.client, Period: time.Hour, Table: metric.Default(),
	}
	for _, c := range change {
		c(&cfg)
	}
	w, err := remotewrite.New(cfg, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// proxy passes requests on, unless a fault stands in their way.
type proxy struct {
	url   *url.URL
	mu    sync.Mutex
	seen  int
	fault fault
}

// request is one that has reached the proxy, the n-th, from 1.
type request struct {
	n      int
	header http.Header
	body   []byte
	gone   <-chan struct{}                  // closed when the client has gone
	pass   func(body []byte) *http.Response // what the receiver answers
}

// fault answers a request instead of the receiver, if it returns true.
type fault func(http.ResponseWriter, request) bool

func newProxy(t *testing.T, to *url.URL) *proxy {
	t.Helper()
	p := &proxy{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		pass := func(body []byte) *http.Response {
			out, err := http.NewRequestWithContext(r.Context(), r.Method, to.JoinPath(r.URL.Path).String(), bytes.NewReader(body))
			if err != nil {
				panic(err)
			}
			out.Header = r.Header
			resp, err := http.DefaultClient.Do(out)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			return resp
		}
		p.mu.Lock()
		p.seen++
		n, fault := p.seen, p.fault
		p.mu.Unlock()
		if fault != nil && fault(w, request{n: n, header: r.Header, body: body, gone: r.Context().Done(), pass: pass}) {
			return
		}
		resp := pass(body)
		defer resp.Body.Close()
		for name, values := range resp.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p.url = u
	return p
}

// set makes the next request the first, and puts a fault in its way.
func (p *proxy) set(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen, p.fault = 0, f
}

func (p *proxy) requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// interrupt ends an exporter that delivers a window when it sends the n-th request, which
// does not arrive.
func (l *lab) interrupt(t *testing.T, exporter func(*remotewrite.Config), a *ledger.Averages, n int) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	l.proxy.set(func(_ http.ResponseWriter, r request) bool {
		if r.n == n {
			kill()
			panic(http.ErrAbortHandler)
		}
		return false
	})
	if err := l.writer(t, exporter).Deliver(ctx, a); remotewrite.KindOf(err) != remotewrite.Transient {
		t.Fatalf("error %v", err)
	}
	l.proxy.set(nil)
}

// averages are what some models came to in the window that ended so many hours before the
// newest one.
func (l *lab) averages(hoursAgo, models int) *ledger.Averages {
	w := l.newest
	for range hoursAgo {
		w = w.Previous()
	}
	a := &ledger.Averages{
		Window: w, Metrics: metric.Default().Metrics,
		Coverage: []ledger.Coverage{{Source: metric.KubeStateMetrics, Ratio: 1}, {Source: metric.CAdvisor, Ratio: 0.75}},
	}
	for i := range models {
		m := ledger.Model{Model: workload.Model{Namespace: "seldon", Type: "SeldonDeployment", Name: fmt.Sprintf("model-%05d", i)}}
		for n := range a.Metrics {
			m.Values = append(m.Values, metric.Value{V: math.Sqrt(float64(1 + i*7 + n + 1000*hoursAgo)), OK: n != int(cluster.CPULimits)})
		}
		a.Models = append(a.Models, m)
	}
	return a
}

// recomputed are the same averages as another run would have them, equal but for the
// last bits.
func recomputed(a *ledger.Averages) *ledger.Averages {
	return changed(a, 1+1e-12)
}

func changed(a *ledger.Averages, factor float64) *ledger.Averages {
	b := *a
	b.Models = nil
	for _, m := range a.Models {
		m.Values = slices.Clone(m.Values)
		for i := range m.Values {
			m.Values[i].V *= factor
		}
		b.Models = append(b.Models, m)
	}
	return &b
}

// stored returns every delivered sample in the receiver up to now: values by series and time.
func (l *lab) stored(t *testing.T) map[string]float64 {
	t.Helper()
	answer, err := l.client.Instant(t.Context(), `{__name__=~"model_.+|seldon_exporter_.+"}[100d]`, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, row := range answer.Series {
		var labels []string
		for _, l := range row.Labels {
			labels = append(labels, l.Name+"="+l.Value)
		}
		for _, s := range row.Samples {
			all[fmt.Sprint(strings.Join(labels, ","), " ", time.UnixMilli(s.T).UTC().Format(time.RFC3339))] = s.V
		}
	}
	return all
}

// expect compares what is stored with windows that should be there exactly once.
func (l *lab) expect(t *testing.T, windows ...*ledger.Averages) {
	t.Helper()
	stored := l.stored(t)
	want := map[string]float64{}
	for _, a := range windows {
		add := func(v float64, labels string) { want[labels+" "+a.Window.End.Format(time.RFC3339)] = v }
		add(float64(a.Window.End.Unix()), "__name__=seldon_exporter_window_delivered_timestamp_seconds,period=1h")
		for _, c := range a.Coverage {
			add(c.Ratio, "__name__=seldon_exporter_window_coverage_ratio,period=1h,source="+c.Source)
		}
		for _, m := range a.Models {
			for n, info := range a.Metrics {
				if v := m.Values[n]; v.OK {
					add(v.V, fmt.Sprintf("__name__=%s,name=%s,namespace=%s,type=%s", info.Name, m.Name, m.Namespace, m.Type))
				}
			}
		}
	}
	wrong := 0
	for key, v := range want {
		if got, ok := stored[key]; !ok || math.Abs(got-v) > 1e-9*math.Abs(v) {
			if wrong++; wrong < 5 {
				t.Errorf("%s is %v (%v), want %v", key, got, ok, v)
			}
		}
	}
	for key, v := range stored {
		if _, ok := want[key]; !ok {
			if wrong++; wrong < 5 {
				t.Errorf("%s is %v, and should not be there", key, v)
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d samples are wrong", wrong, len(want))
	}
}
