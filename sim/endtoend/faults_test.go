package endtoend

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/soak"
)

// TestPrometheusWasDown: of twelve windows three have no data, and two some. Those with
// data are delivered and right, coverage included; for the others there is nothing.
func TestPrometheusWasDown(t *testing.T) {
	s := newSoak(t, func(h *cluster.History) {
		h.Outages = cluster.Spans{{From: 13 * time.Minute, To: 32 * time.Minute}}
	})
	var silent []int64
	for _, w := range s.Windows {
		if len(w.Truth()) == 0 {
			silent = append(silent, w.Span().End.UnixMilli())
		}
	}
	if len(silent) != 3 {
		t.Fatalf("%d windows have no data, want 3", len(silent))
	}
	receiver := newReceiver(t)
	s.Finish(t, receiver)
	s.Judge(t, receiver)
	for _, series := range s.Stored(t, receiver, "seldon_exporter_window_delivered_timestamp_seconds") {
		for _, sample := range series.Values {
			for _, end := range silent {
				if sample.T(t) == end {
					t.Errorf("the window that ends at %d is marked, though nothing is known of it", end)
				}
			}
		}
	}
}

// TestReceiverWasDown: windows wait for a receiver that refuses, then hangs up, then works.
func TestReceiverWasDown(t *testing.T) {
	s := newSoak(t, func(*cluster.History) {})
	receiver := newReceiver(t)
	gate := newGate(t, receiver.Query)
	p := s.Start(t, soak.At(gate.url), "")
	defer p.Close()

	for _, state := range []int32{gateUnavailable, gateHangsUp} {
		gate.state.Store(state)
		before := gate.refused.Load()
		eventually(t, p, "a delivery that fails", func() bool { return gate.refused.Load() > before })
	}
	if stored := s.Stored(t, receiver, "model_containers_average"); len(stored) > 0 {
		t.Fatalf("%d series came through", len(stored))
	}
	gate.state.Store(gateOpen)
	s.Await(t, p, receiver)
	s.Judge(t, receiver)
}

// TestReplicas: two exporters deliver to one receiver, of which one is killed on the way.
func TestReplicas(t *testing.T) {
	s := newSoak(t, func(*cluster.History) {})
	receiver := newReceiver(t)
	survivor := s.Start(t, receiver, "")
	defer survivor.Close()
	s.Kill(t, receiver, 150*time.Millisecond)
	s.Await(t, survivor, receiver)
	s.Finish(t, receiver) // by a third, which finds that there is nothing to do
	s.Judge(t, receiver)
}

const (
	gateOpen int32 = iota
	gateUnavailable
	gateHangsUp
)

// gate stands before a receiver: what is written passes if it is open, and what is asked
// always does.
type gate struct {
	url     *url.URL
	state   atomic.Int32
	refused atomic.Int32
}

func newGate(t *testing.T, to *url.URL) *gate {
	t.Helper()
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{url: &url.URL{Scheme: "http", Host: listener.Addr().String()}}
	pass := httputil.NewSingleHostReverseProxy(to)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := g.state.Load()
		if state == gateOpen || !strings.HasSuffix(r.URL.Path, "/write") {
			pass.ServeHTTP(w, r)
			return
		}
		g.refused.Add(1)
		if state == gateHangsUp {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, "the receiver is down", http.StatusServiceUnavailable)
	})}
	go server.Serve(listener) // it ends by Close
	t.Cleanup(func() { server.Close() })
	return g
}

func eventually(t *testing.T, p *process.Process, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !happened() {
		select {
		case <-p.Done():
			t.Fatal(p.Err())
		case <-deadline:
			t.Fatalf("%s was not seen in a minute", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
