package remotewrite

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	promconfig "github.com/prometheus/common/config"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// empty is a Prometheus without series.
type empty struct{}

func (empty) Engine(context.Context) promapi.Engine { return promapi.EngineNamed("") }

func (empty) Instant(context.Context, string, time.Time) (*promapi.Answer, error) {
	return &promapi.Answer{}, nil
}

func coverage() []ledger.Coverage {
	return []ledger.Coverage{{Source: metric.KubeStateMetrics, Ratio: 1}, {Source: metric.CAdvisor, Ratio: 0.5}}
}

// values returns the given values of metrics, and no others.
func values(known map[string]float64) []metric.Value {
	all := make([]metric.Value, len(metric.Default().Metrics))
	for name, v := range known {
		all[metric.Default().Index(name)] = metric.Value{V: v, OK: true}
	}
	return all
}

// TestRequests checks what is sent. sim/delivery tests that real receivers understand it.
func TestRequests(t *testing.T) {
	for message, want := range map[remote.WriteMessageType]struct{ contentType, version string }{
		remote.WriteV1MessageType: {"application/x-protobuf", "0.1.0"},
		remote.WriteV2MessageType: {"application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0"},
	} {
		t.Run(string(message), func(t *testing.T) {
			var bodies []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got := r.Method + " " + r.URL.String(); got != "POST /prefix/api/v1/push?tenant=a" {
					t.Error(got)
				}
				for name, value := range map[string]string{
					"User-Agent": "exporter/1", "Content-Encoding": "snappy", "Authorization": "Bearer t0ken",
					"Content-Type": want.contentType, "X-Prometheus-Remote-Write-Version": want.version,
				} {
					if got := r.Header.Get(name); got != value {
						t.Errorf("%s: %s, want %s", name, got, value)
					}
				}
				body, err := io.ReadAll(r.Body)
				if err == nil {
					body, err = snappy.Decode(nil, body)
				}
				if err != nil {
					t.Error(err)
				}
				bodies = append(bodies, string(body))
				w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", "2")
			}))
			defer server.Close()
			to, err := url.Parse(server.URL + "/prefix/api/v1/push?tenant=a")
			if err != nil {
				t.Fatal(err)
			}
			http := promconfig.DefaultHTTPClientConfig
			http.Authorization = &promconfig.Authorization{Type: "Bearer", Credentials: "t0ken"}
			reg := prometheus.NewRegistry()
			w, err := New(Config{URL: to, HTTP: http, Timeout: time.Minute, Message: message, UserAgent: "exporter/1", Query: empty{}, Period: time.Hour, Table: metric.Default()}, reg)
			if err != nil {
				t.Fatal(err)
			}
			a := &ledger.Averages{Window: window.Containing(time.Unix(1e9, 0), time.Hour), Coverage: coverage(), Metrics: metric.Default().Metrics, Models: []ledger.Model{{
				Model:  workload.Model{Namespace: "seldon", Type: "SeldonDeployment", Name: "iris"},
				Values: values(map[string]float64{"model_cpu_usage_seconds_total": 1.5, "model_memory_usage_bytes": 1e9}),
			}}}
			if err := w.Deliver(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			if len(bodies) != 3 || !strings.Contains(bodies[0], Coverage) || !strings.Contains(bodies[1], "iris") || !strings.Contains(bodies[2], CompletionMarker) ||
				strings.Contains(bodies[0]+bodies[1], CompletionMarker) || strings.Contains(bodies[1]+bodies[2], Coverage) {
				t.Errorf("requests %q, want coverage, averages and completion marker", bodies)
			}
			const metrics = `
# HELP seldon_exporter_remote_write_requests_total Requests to the remote-write receiver, by HTTP status code, or by failure if there was no answer.
# TYPE seldon_exporter_remote_write_requests_total counter
seldon_exporter_remote_write_requests_total{code="200"} 3
# HELP seldon_exporter_remote_write_samples_total Samples the remote-write receiver has accepted.
# TYPE seldon_exporter_remote_write_samples_total counter
seldon_exporter_remote_write_samples_total 5
`
			if err := testutil.GatherAndCompare(reg, strings.NewReader(metrics)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	server := httptest.NewServer(nil)
	to, err := url.Parse(server.URL + "/w?key=s3cret")
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	reg := prometheus.NewRegistry()
	w, err := New(Config{
		URL: to, HTTP: promconfig.DefaultHTTPClientConfig, Timeout: time.Minute, Message: remote.WriteV1MessageType, Query: empty{}, Period: time.Hour,
		Backoff: remote.BackoffConfig{Min: time.Millisecond, Max: time.Second, MaxRetries: 2},
	}, reg)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Deliver(t.Context(), &ledger.Averages{Window: window.Containing(time.Unix(1e9, 0), time.Hour)})
	if want := to.Host + " does not answer: "; KindOf(err) != Transient || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v, want %q", err, want)
	}
	const metrics = `
# HELP seldon_exporter_remote_write_requests_total Requests to the remote-write receiver, by HTTP status code, or by failure if there was no answer.
# TYPE seldon_exporter_remote_write_requests_total counter
seldon_exporter_remote_write_requests_total{code="unreachable"} 3
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(metrics), "seldon_exporter_remote_write_requests_total"); err != nil {
		t.Error(err)
	}
}

// TestOwnLabelsCannotBeAdded: the settings refuse every label that delivered series have.
func TestOwnLabelsCannotBeAdded(t *testing.T) {
	shard, err := workload.ParseShard("1/2")
	if err != nil {
		t.Fatal(err)
	}
	id := newIdentity(Config{Period: time.Hour, Shard: shard, Kinds: "InferenceService", Labels: map[string]string{"cluster": "a"}})
	a := &ledger.Averages{Coverage: coverage(), Metrics: metric.Default().Metrics, Models: []ledger.Model{{
		Model: workload.Model{Namespace: "a", Type: "b", Name: "c"}, Values: values(map[string]float64{"model_cpu_limits": 1}),
	}}}
	own := map[string]bool{}
	for _, s := range slices.Concat(id.coverage(a.Coverage), id.averages(a)[0], []sample{id.marker(time.Unix(0, 0))}) {
		labels := id.labels(s)
		if !slices.IsSortedFunc(labels, func(a, b label) int { return strings.Compare(a.name, b.name) }) {
			t.Errorf("labels %v are not sorted", labels)
		}
		for _, l := range labels {
			own[l.name] = l.name != "cluster"
		}
	}
	if len(own) != 10 {
		t.Errorf("own labels %v", own)
	}
	for name, isOwn := range own {
		_, err := config.Load([]string{"--remote-write.label=" + name + "=x"}, []config.Command{{Name: "serve", Flags: config.ServeFlags}})
		if (err != nil) != isOwn {
			t.Errorf("adding the label %s: error %v", name, err)
		}
	}
}

func TestSelector(t *testing.T) {
	got := selector("m", []label{{"a", `"\` + "\n"}}, []label{{"b", ""}})
	if want := `m{a="\"\\\n",b=""}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestComparison(t *testing.T) {
	row := func(name string, v float64) promapi.Series {
		return promapi.Series{Labels: promapi.Labels{{Name: "name", Value: name}}, Samples: []promapi.Sample{{V: v}}}
	}
	computed := []sample{
		{"m", []label{{"name", "a"}}, 1}, {"m", []label{{"name", "b"}}, 1}, {"m", []label{{"name", "c"}}, 0}, {"m", []label{{"name", "d"}}, 1},
	}
	var found comparison
	lacking := found.lacking(computed, []promapi.Series{row("a", 1+1e-10), row("a", 1), row("c", 0), row("d", 1+1e-8), row("e", 5)})
	if diff := cmp.Diff([]sample{computed[1]}, lacking, cmp.AllowUnexported(sample{}, label{})); diff != "" {
		t.Error(diff)
	}
	if err := found.err(); KindOf(err) != Conflict || !strings.Contains(err.Error(), `1 samples are there already with other values than are computed now, the first: m{name="d"} is 1.00000001, and 1 now`) {
		t.Error(err)
	}
}

// hiding is a server that does not show at once what it has accepted.
type hiding struct{ empty }

func (hiding) Engine(context.Context) promapi.Engine { return promapi.EngineNamed("victoriametrics") }

// TestHiddenSamples: what such a server says is waited for, after a start and after a request
// that nobody answered.
func TestHiddenSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &Writer{query: hiding{}, unsure: time.Now()}
		for _, c := range []struct {
			name   string
			passed time.Duration
			want   time.Duration
		}{
			{"at once", 0, 20 * time.Second},
			{"again", 0, 0},
			{"later", time.Hour, 0},
		} {
			time.Sleep(c.passed)
			began := time.Now()
			if err := w.awaitShown(t.Context()); err != nil || time.Since(began) != c.want {
				t.Errorf("%s: waited for %s, want %s (%v)", c.name, time.Since(began), c.want, err)
			}
		}
		w.unsure = time.Now()
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if err := w.awaitShown(stopped); KindOf(err) != Transient {
			t.Errorf("it is told to stop: %v", err)
		}
		w.query = empty{}
		if began := time.Now(); w.awaitShown(t.Context()) != nil || time.Since(began) > 0 {
			t.Error("a Prometheus is waited for")
		}
	})
}
