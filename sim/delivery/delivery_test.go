package delivery

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/exp/api/remote"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

func start(t *testing.T, outOfOrder time.Duration) *lab {
	t.Helper()
	return newLab(t, promtest.Start(t, prom.Options{Dir: t.TempDir(), OutOfOrder: outOfOrder}).URL())
}

func version2(cfg *remotewrite.Config) { cfg.Message = remote.WriteV2MessageType }

var versions = map[string]func(*remotewrite.Config){
	"version 1": func(*remotewrite.Config) {},
	"version 2": version2,
}

func TestDeliver(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			l := start(t, 0)
			w := l.writer(t, version)
			older, newer := averages(1, 1000), averages(0, 1000)
			for _, a := range []*downsample.Averages{older, newer} {
				if err := w.Deliver(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
			// 6 metrics of 1000 models are three requests of 2000 samples, beside the first and
			// the last.
			if n := l.proxy.requests(); n != 2*(1+3+1) {
				t.Errorf("%d requests, want 10", n)
			}
			l.expect(t, older, newer)

			if err := l.writer(t, version).Deliver(t.Context(), changed(older, 2)); err != nil {
				t.Error(err)
			}
			if n := l.proxy.requests(); n != 10 {
				t.Errorf("a window that has its mark was delivered again")
			}
			end := newer.Window.End
			got, err := w.Delivered(t.Context(), end.Add(-24*time.Hour), end)
			if diff := cmp.Diff(map[time.Time]bool{end: true, end.Add(-time.Hour): true}, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
			if got, err := w.Delivered(t.Context(), end.Add(-time.Hour), end.Add(-time.Minute)); err != nil || len(got) > 0 {
				t.Errorf("between two ends there is %v, %v", got, err)
			}
		})
	}
}

// TestInterrupted ends the process after each request, before it was stored and after, and
// has another one deliver the window as it computes it.
func TestInterrupted(t *testing.T) {
	const requests = 1 + 3 + 1
	for name, version := range versions {
		for _, stored := range []bool{true, false} {
			for cut := range requests {
				t.Run(name, func(t *testing.T) {
					l := start(t, 0)
					older, a := averages(1, 1000), averages(0, 1000)
					if err := l.writer(t, version).Deliver(t.Context(), older); err != nil {
						t.Fatal(err)
					}
					ctx, kill := context.WithCancel(t.Context())
					l.proxy.set(func(n int, _ http.ResponseWriter, pass func() *http.Response) bool {
						if n <= cut {
							return false
						}
						if stored {
							pass().Body.Close()
						}
						kill()
						panic(http.ErrAbortHandler)
					})
					if err := l.writer(t, version).Deliver(ctx, a); remotewrite.KindOf(err) != remotewrite.Transient {
						t.Fatalf("error %v", err)
					}
					l.proxy.set(nil)
					w := l.writer(t, version)
					marked, err := w.Delivered(t.Context(), a.Window.Start, a.Window.End)
					if want := stored && cut == requests-1; err != nil || marked[a.Window.End] != want {
						t.Errorf("marked %v, %v; want %v", marked, err, want)
					}
					if err := w.Deliver(t.Context(), recomputed(a)); err != nil {
						t.Error(err)
					}
					l.expect(t, older, a)
				})
			}
		}
	}
}
