package endtoend

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/soak"
)

// TestUpstreams has one exporter read two clusters, whose models have the same names and other
// values: each cluster's values are right, and each cluster's windows are delivered once, also
// after a restart, and also while the other cluster's Prometheus hangs.
func TestUpstreams(t *testing.T) {
	eu := newSoak(t, func(*cluster.History) {})
	us := newSoak(t, func(h *cluster.History) {
		for i := range h.Pods {
			for j := range h.Pods[i].Containers {
				c := &h.Pods[i].Containers[j]
				c.CPU, c.CPURequest, c.MemoryLimit = cluster.Flat(0.01*float64(1+i)), cluster.Flat(float64(3+i)), nil
			}
		}
	})
	eu.Cluster, us.Cluster = "eu", "us"
	way := newValve(t, us.Source)
	file := filepath.Join(t.TempDir(), "exporter.yml")
	inEU, inUS := fmt.Sprintf("- {name: eu, prometheus: {url: %q}}\n", eu.Source), fmt.Sprintf("- {name: us, prometheus: {url: %q}, query: {transport: promql}}\n", way.url)
	write := func(receiver soak.Receiver, upstreams string) {
		t.Helper()
		text := fmt.Sprintf(`time-period: %s
settle-delay: 0s
catch-up: {max-age: 90m}
web: {enable-lifecycle: true}
remote-write: {url: %q, query-url: %q}
upstreams:
`, model.Duration(soak.Period), receiver.Write, receiver.Query)
		if err := os.WriteFile(file, []byte(text+upstreams), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start := func(receiver soak.Receiver, upstreams string) *process.Process {
		t.Helper()
		write(receiver, upstreams)
		p, err := process.Start(process.Command{Path: eu.Binary, Args: []string{"--config.file=" + file, "--web.listen-address=127.0.0.1:0"}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	judgeBoth := func(receiver soak.Receiver) {
		t.Helper()
		for _, s := range []*soak.Soak{eu, us} {
			s.Judge(t, receiver)
			ends := map[int64]int{}
			for _, series := range s.Stored(t, receiver, "seldon_exporter_window_delivered_timestamp_seconds") {
				if series.Metric["upstream"] != s.Cluster || series.Metric["cluster"] != "" {
					t.Errorf("a marker has the labels %v", series.Metric)
				}
				for _, sample := range series.Values {
					if ends[sample.T(t)]++; ends[sample.T(t)] > 1 {
						t.Errorf("%s: the window that ends at %d is marked twice", s.Cluster, sample.T(t))
					}
				}
			}
		}
	}

	finish := func(p *process.Process, receiver soak.Receiver) {
		t.Helper()
		eu.Await(t, p, receiver)
		us.Await(t, p, receiver)
		judgeServed(t, p, eu, us)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		judgeBoth(receiver)
	}

	receiver := newReceiver(t)
	for range 2 { // a restart finds everything there
		p := start(receiver, inEU+inUS)
		finish(p, receiver)
	}

	receiver = newReceiver(t)
	way.closed.Store(true)
	p := start(receiver, inEU+inUS)
	eu.Await(t, p, receiver)
	eu.Judge(t, receiver)
	judgeServed(t, p, eu)
	if stored := us.Stored(t, receiver, "model_containers_average"); len(stored) > 0 {
		t.Fatalf("%d series came through", len(stored))
	}
	way.open()
	finish(p, receiver)

	// One comes and one goes while it runs.
	receiver = newReceiver(t)
	p = start(receiver, inEU)
	defer p.Close()
	reload := func(upstreams string) {
		t.Helper()
		write(receiver, upstreams)
		resp, err := http.Post(base(t, p)+"/-/reload", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("reloading answers %d", resp.StatusCode)
		}
	}
	judgeServed(t, p, eu)
	reload(inUS + inEU) // in the middle of eu's windows
	judgeServed(t, p, eu, us)
	eu.Await(t, p, receiver)
	reload(inUS)
	us.Await(t, p, receiver)
	judgeServed(t, p, us)
	if exposition := string(get(t, base(t, p)+"/metrics")); strings.Contains(exposition, `"eu"`) {
		t.Errorf("something is left of eu:\n%s", exposition)
	}
	judgeBoth(receiver)
}

// base returns the URL of the exporter.
func base(t *testing.T, p *process.Process) string {
	t.Helper()
	address, err := p.Address(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + address
}

// judgeServed holds what is served of some clusters against the truth.
func judgeServed(t *testing.T, p *process.Process, all ...*soak.Soak) {
	t.Helper()
	var exposition string
	eventually(t, p, "a window of each", func() bool {
		exposition = string(get(t, base(t, p)+"/metrics"))
		return !slices.ContainsFunc(all, func(s *soak.Soak) bool {
			return !strings.Contains(exposition, fmt.Sprintf("seldon_exporter_models{upstream=%q}", s.Cluster))
		})
	})
	for _, s := range all {
		var own strings.Builder // without the label, as the truth is
		for line := range strings.Lines(exposition) {
			row := strings.Replace(line, fmt.Sprintf(`{cluster=%q,`, s.Cluster), "{", 1)
			if strings.HasPrefix(line, "# TYPE model_") || row != line {
				own.WriteString(row)
			}
		}
		result := parse(t, []byte(own.String()))
		result.Coverage = nil
		newest := s.Windows[len(s.Windows)-1]
		verdict := accuracy.Judge(newest, result)
		if verdict.Values == 0 {
			t.Errorf("%s: there is nothing to judge", s.Cluster)
		}
		for _, d := range verdict.Deviations {
			t.Errorf("%s: %s", s.Cluster, d)
		}
	}
}

// valve is a way to a server on which requests get no answer while it is closed.
type valve struct {
	url    *url.URL
	closed atomic.Bool
	opened chan struct{}
}

func newValve(t *testing.T, to *url.URL) *valve {
	t.Helper()
	v := &valve{opened: make(chan struct{})}
	pass := httputil.NewSingleHostReverseProxy(to)
	pass.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v.closed.Load() {
			select {
			case <-v.opened:
			case <-r.Context().Done():
				return
			}
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // before Close
	v.url, _ = url.Parse(server.URL)
	return v
}

func (v *valve) open() {
	v.closed.Store(false)
	close(v.opened)
}
