package delivery

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/exp/api/remote"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

func start(t *testing.T, outOfOrder time.Duration) *lab {
	t.Helper()
	return newLab(t, promtest.Start(t, prom.Options{Dir: t.TempDir(), OutOfOrder: outOfOrder}).URL())
}

func startDebian(t *testing.T) *lab {
	t.Helper()
	return newLab(t, promtest.StartDebian(t, t.TempDir(), "--web.enable-remote-write-receiver"))
}

// versions are those of the protocol.
var versions = map[string]func(*remotewrite.Config){
	"version 1": func(*remotewrite.Config) {},
	"version 2": version2,
}

func version2(cfg *remotewrite.Config) { cfg.Message = remote.WriteV2MessageType }

// receivers are the real ones, and how each is spoken to.
var receivers = map[string]struct {
	start   func(*testing.T) *lab
	version func(*remotewrite.Config)
}{
	"version 1":       {func(t *testing.T) *lab { return start(t, 0) }, func(*remotewrite.Config) {}},
	"version 2":       {func(t *testing.T) *lab { return start(t, 0) }, version2},
	"Prometheus 2.42": {startDebian, func(*remotewrite.Config) {}},
}

func mustDeliver(t *testing.T, w *remotewrite.Writer, windows ...*ledger.Averages) {
	t.Helper()
	for _, a := range windows {
		if err := w.Deliver(t.Context(), a); err != nil {
			t.Fatalf("%s: %v", a.Window, err)
		}
	}
}

func TestDeliver(t *testing.T) {
	for name, receiver := range receivers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := receiver.start(t)
			w := l.writer(t, receiver.version)
			older, newer := l.averages(1, 1000), l.averages(0, 1000)
			mustDeliver(t, w, older, newer)
			// Six metrics of 1000 models are three requests of 2000 samples, beside the first and
			// the last.
			if n := l.proxy.requests(); n != 2*(1+3+1) {
				t.Errorf("%d requests, want 10", n)
			}
			l.expect(t, older, newer)

			mustDeliver(t, l.writer(t, receiver.version), changed(older, 2))
			if n := l.proxy.requests(); n != 10 {
				t.Errorf("a window that has its mark was delivered again")
			}
			end := newer.Window.End
			got, err := w.Delivered(t.Context(), end.Add(-24*time.Hour), end)
			if diff := cmp.Diff(window.EndsOf(older.Window, newer.Window), got); err != nil || diff != "" {
				t.Error(err, diff)
			}
			if got, err := w.Delivered(t.Context(), end.Add(-time.Hour), end.Add(-time.Minute)); err != nil || len(got) > 0 {
				t.Errorf("between two ends there is %v, %v", got, err)
			}
		})
	}
}

// TestDeliveredInALongSpan asks for more windows than one query returns.
func TestDeliveredInALongSpan(t *testing.T) {
	l := start(t, 30*24*time.Hour)
	minutes := func(cfg *remotewrite.Config) { cfg.Period = time.Minute }
	w := l.writer(t, minutes)
	want := window.Ends{}
	for _, back := range []time.Duration{20 * 24 * time.Hour, 10_000 * time.Minute, 10_001 * time.Minute, time.Minute, 0} {
		a := l.averages(0, 0)
		a.Window.End = l.newest.End.Add(-back)
		mustDeliver(t, w, a)
		want.Add(a.Window.End)
	}
	got, err := w.Delivered(t.Context(), l.newest.End.Add(-25*24*time.Hour), l.newest.End)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// TestInterrupted ends the exporter at each request, before it was stored and after, and has
// another one deliver the window as it computes it.
func TestInterrupted(t *testing.T) {
	const requests = 1 + 2 + 1
	for name, receiver := range receivers {
		if name == "Prometheus 2.42" && testing.Short() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := receiver.start(t)
			var windows []*ledger.Averages
			for cut := range 2 * requests {
				hours := 2*requests - cut // oldest first
				a := l.averages(hours, 600)
				windows = append(windows, a)
				ctx, kill := context.WithCancel(t.Context())
				l.proxy.set(func(_ http.ResponseWriter, r request) bool {
					if r.n <= cut/2 {
						return false
					}
					if cut%2 == 1 {
						r.pass(r.body).Body.Close()
					}
					kill()
					panic(http.ErrAbortHandler)
				})
				if err := l.writer(t, receiver.version).Deliver(ctx, a); remotewrite.KindOf(err) != remotewrite.Transient {
					t.Fatalf("cut %d: error %v", cut, err)
				}
				l.proxy.set(nil)
				w := l.writer(t, receiver.version)
				marked, err := w.Delivered(t.Context(), a.Window.Start, a.Window.End)
				if want := cut == 2*requests-1; err != nil || marked.Has(a.Window.End) != want {
					t.Errorf("cut %d: marked %v, %v; want %v", cut, marked, err, want)
				}
				mustDeliver(t, w, recomputed(a))
			}
			l.expect(t, windows...)
		})
	}
}

// TestRestarts ends the exporter at random requests while it catches up, in any order that
// the receiver's out-of-order window allows.
func TestRestarts(t *testing.T) {
	const hours = 12
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			l := start(t, 24*time.Hour)
			var windows []*ledger.Averages
			for i := range hours {
				windows = append(windows, l.averages(i, 500))
			}
			kills := 0
			for done := false; !done; {
				ctx, kill := context.WithCancel(t.Context())
				after, stored := 1+random.IntN(12), random.IntN(2) == 1
				l.proxy.set(func(_ http.ResponseWriter, r request) bool {
					if r.n < after {
						return false
					}
					if stored {
						r.pass(r.body).Body.Close()
					}
					kill()
					panic(http.ErrAbortHandler)
				})
				w := l.writer(t, version)
				marked, err := w.Delivered(ctx, l.newest.End.Add(-hours*time.Hour), l.newest.End)
				if err != nil {
					t.Fatal(err)
				}
				done = true
				for _, i := range random.Perm(hours) {
					if a := windows[i]; !marked.Has(a.Window.End) && ctx.Err() == nil {
						done = w.Deliver(ctx, recomputed(a)) == nil && done
					}
				}
				if ctx.Err() != nil {
					kills++
					done = false
				}
				kill()
			}
			if kills < 3 {
				t.Errorf("ended %d times only", kills)
			}
			l.expect(t, windows...)
		})
	}
}

// TestTwoReplicas has two exporters deliver every window at once, each as it computes it.
func TestTwoReplicas(t *testing.T) {
	for name, outOfOrder := range map[string]time.Duration{"newest": 0, "out of order": 24 * time.Hour} {
		for version, set := range versions {
			t.Run(name+", "+version, func(t *testing.T) {
				t.Parallel()
				l := start(t, outOfOrder)
				var windows []*ledger.Averages
				if outOfOrder > 0 {
					windows = append(windows, l.averages(0, 500))
					mustDeliver(t, l.writer(t, set), windows[0])
				}
				for hour := 15; hour > 0; hour-- {
					a := l.averages(hour, 500)
					windows = append(windows, a)
					var both sync.WaitGroup
					for _, own := range []*ledger.Averages{a, recomputed(a)} {
						w := l.writer(t, set)
						both.Go(func() {
							if err := w.Deliver(t.Context(), own); err != nil {
								t.Errorf("%s: %v", own.Window, err)
							}
						})
					}
					both.Wait()
				}
				l.expect(t, windows...)
			})
		}
	}
}

func TestTooOld(t *testing.T) {
	for name, receiver := range receivers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := receiver.start(t)
			w := l.writer(t, receiver.version)
			newer, older := l.averages(0, 10), l.averages(3, 10)
			mustDeliver(t, w, newer)
			expectError(t, w.Deliver(t.Context(), older), remotewrite.TooOld, "takes nothing that old")
			l.expect(t, newer)
		})
	}
	t.Run("with an out-of-order window", func(t *testing.T) {
		l := start(t, 24*time.Hour)
		w := l.writer(t)
		newer, older, ancient := l.averages(0, 10), l.averages(3, 10), l.averages(48, 10)
		mustDeliver(t, w, newer, older)
		expectError(t, w.Deliver(t.Context(), ancient), remotewrite.TooOld, "takes nothing that old")
		l.expect(t, newer, older)
	})
}

// TestConflict: what a crash left behind is not what is computed now.
func TestConflict(t *testing.T) {
	for name, receiver := range receivers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := receiver.start(t)
			a := l.averages(0, 1000)
			l.interrupt(t, receiver.version, a, 3)
			before := l.stored(t)
			if len(before) != 2+2000 {
				t.Fatalf("%d samples are there, want those of the first two requests", len(before))
			}
			b := changed(a, 1)
			b.Models[7].Values[0].V *= 1 + 1e-8
			b.Models[8].Values[1].V *= 2
			err := l.writer(t, receiver.version).Deliver(t.Context(), b)
			expectError(t, err, remotewrite.Conflict, fmt.Sprintf(`2 samples are there already with other values than are computed now, the first: model_containers_average{namespace="seldon",type="SeldonDeployment",name="model-00007"} is %v, and %v now`,
				a.Models[7].Values[0].V, b.Models[7].Values[0].V))
			if !maps.Equal(before, l.stored(t)) {
				t.Error("what is stored has changed")
			}
		})
	}
}

// upstream has an exporter read one of several clusters.
func upstream(name string) func(*remotewrite.Config) {
	return func(c *remotewrite.Config) { c.Upstream, c.Cluster, c.Clusters = name, name, true }
}

// inCluster returns averages whose models are in a cluster.
func inCluster(a *ledger.Averages, cluster string) *ledger.Averages {
	there := *a
	there.Models = slices.Clone(a.Models)
	for i := range there.Models {
		there.Models[i].Cluster = cluster
	}
	return &there
}

// TestSettingsApart: exporters of different settings do not take each other's windows for
// delivered, and each can be interrupted and go on beside the others' samples.
func TestSettingsApart(t *testing.T) {
	exporters := []func(*remotewrite.Config){
		func(*remotewrite.Config) {},
		func(c *remotewrite.Config) { c.Labels = map[string]string{"cluster": "a"} },
		func(c *remotewrite.Config) { c.Labels = map[string]string{"cluster": "b"} },
		func(c *remotewrite.Config) { c.Labels = map[string]string{"cluster": "a", "env": "x"} },
		func(c *remotewrite.Config) { c.Labels = map[string]string{"Cluster": `a"\` + "\n" + `}`} },
		func(c *remotewrite.Config) { c.Kinds = "InferenceService" },
		func(c *remotewrite.Config) { c.Shard = mustShard("0/2") },
		func(c *remotewrite.Config) { c.Shard = mustShard("1/2") },
		func(c *remotewrite.Config) { c.Period = 30 * time.Minute },
		upstream("eu"),
		upstream("us"),
	}
	for name, query := range map[string]func(*lab) remotewrite.Querier{
		"as written": func(l *lab) remotewrite.Querier { return l.client },
		// A Thanos in front of it adds what tells its Prometheus from others.
		"with external labels": func(l *lab) remotewrite.Querier { return thanos{l.client} },
	} {
		t.Run(name, func(t *testing.T) {
			l := start(t, 0)
			// Those without added labels last: what they ask for, the others have too.
			for i, exporter := range slices.Backward(exporters) {
				read := func(c *remotewrite.Config) { c.Query = query(l) }
				a := changed(l.averages(0, 20), float64(1+i))
				var settings remotewrite.Config
				exporter(&settings)
				if settings.Cluster != "" { // as its downsampler does
					a = inCluster(a, settings.Cluster)
				} else if i >= 5 { // its samples have the labels of the first's: other models
					for m := range a.Models {
						a.Models[m].Namespace = fmt.Sprint("namespace-", i)
					}
				}
				both := func(c *remotewrite.Config) {
					exporter(c)
					read(c)
				}
				w := l.writer(t, both)
				if got, err := w.Delivered(t.Context(), a.Window.Start, a.Window.End); err != nil || len(got) > 0 {
					t.Errorf("exporter %d takes %v, %v for delivered", i, got, err)
				}
				l.interrupt(t, both, a, 3)
				mustDeliver(t, l.writer(t, both), recomputed(a))
				if n := l.proxy.requests(); n != 1 {
					t.Errorf("exporter %d sent %d requests, want the mark alone", i, n)
				}
				if got, err := w.Delivered(t.Context(), a.Window.Start, a.Window.End); err != nil || !got.Has(a.Window.End) {
					t.Errorf("exporter %d does not see its own mark: %v, %v", i, got, err)
				}
			}
			if n, want := len(l.stored(t)), len(exporters)*(20*6+2+1); n != want {
				t.Errorf("%d samples, want %d", n, want)
			}
		})
	}
}

func mustShard(s string) workload.Shard {
	shard, err := workload.ParseShard(s)
	if err != nil {
		panic(err)
	}
	return shard
}

type thanos struct{ remotewrite.Querier }

func (q thanos) Instant(ctx context.Context, expr string, at time.Time) (*promapi.Answer, error) {
	answer, err := q.Querier.Instant(ctx, expr, at)
	if err == nil {
		for i := range answer.Series {
			answer.Series[i].Labels = append(answer.Series[i].Labels, promapi.Label{Name: "tenant_id", Value: "x"})
		}
	}
	return answer, err
}

func expectError(t *testing.T, err error, kind remotewrite.Kind, texts ...string) {
	t.Helper()
	if remotewrite.KindOf(err) != kind {
		t.Fatalf("error %v, want one of the kind %s", err, kind)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q, want %q in it", err, text)
		}
	}
}
