package accuracy

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// TestTogether: windows whose samples are read together come to what each comes to alone. They
// are thirds of each history's window, and one window before and after it.
func TestTogether(t *testing.T) {
	all := histories.All()
	for i := range setting(t, "SIM_RANDOM", 200) / 8 {
		all = append(all, histories.Random(setting(t, "SIM_SEED", presetSeed)+i))
	}
	placed := Lay(all)
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	server := promtest.Start(t, prom.Options{Dir: dir}).URL()
	for _, transport := range []fetch.Transport{fetch.RemoteRead, fetch.PromQL} {
		t.Run(string(transport), func(t *testing.T) {
			e, err := NewExporter(server, transport)
			if err != nil {
				t.Fatal(err)
			}
			models := 0
			for _, p := range placed {
				third := p.Span().Period() / 3
				var windows []window.Window
				for i := range 5 {
					start := p.Span().Start
					windows = append(windows, window.Window{Start: start.Add(third * (time.Duration(i) - 1)), End: start.Add(third * time.Duration(i))})
				}
				together, err := e.of(p).ComputeAll(t.Context(), windows)
				if err != nil {
					t.Fatal(err)
				}
				for i, w := range windows {
					alone, err := e.of(p).Compute(t.Context(), w)
					if err != nil && !errors.Is(err, downsample.ErrNoSources) {
						t.Fatal(err)
					}
					if known := err == nil; known != (together[i].Err == nil) {
						t.Errorf("%s, window %d: together %v, alone %v", p.Name, i, together[i].Err, err)
						continue
					} else if !known {
						continue
					}
					models += len(alone.Models)
					same(t, p.Name, together[i].Averages, alone)
				}
			}
			if models == 0 {
				t.Error("no window had a model")
			}
		})
	}
}

// same compares two results for one window, which may differ in the last digits only.
func same(t *testing.T, name string, got, want *ledger.Averages) {
	t.Helper()
	if got.Window != want.Window || len(got.Models) != len(want.Models) {
		t.Errorf("%s: %s has %d models, want %s with %d", name, got.Window, len(got.Models), want.Window, len(want.Models))
		return
	}
	for i, c := range want.Coverage {
		if got.Coverage[i] != c {
			t.Errorf("%s, %s: coverage is %v, want %v", name, got.Window, got.Coverage[i], c)
		}
	}
	for i, m := range want.Models {
		for n, v := range m.Values {
			g := got.Models[i]
			if g.Model != m.Model || g.Values[n].OK != v.OK || math.Abs(g.Values[n].V-v.V) > 1e-9*math.Abs(v.V) {
				t.Errorf("%s, %s: %s of %v is %v, want %v of %v", name, got.Window, want.Metrics[n].Name, g.Model, g.Values[n], v, m.Model)
			}
		}
	}
}
