package accuracy

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// TestExplain holds every model's explanation against its averages, in every named history.
func TestExplain(t *testing.T) {
	placed := Lay(append(histories.All(), histories.ByMarkers()...))
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	way, err := NewExporter(promtest.Start(t, prom.Options{Dir: dir}).URL(), fetch.RemoteRead)
	if err != nil {
		t.Fatal(err)
	}
	leftOut := map[string]string{ // a history, and what is to be left out in it
		"two-cadvisor-jobs":                 "as another target shows it",
		"init-containers-run-in-the-window": "such as an init container",
		"nested-cgroups":                    "within the container's own",
		"metrics-resource-too":              "without an id",
		"rows-linger-by-markers":            "after its successor began",
	}
	for name := range leftOut {
		if !slices.ContainsFunc(placed, func(p Placed) bool { return p.Name == name }) {
			t.Errorf("there is no history %s", name)
		}
	}
	for _, p := range placed {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			a, err := way.Averages(t.Context(), p)
			if errors.Is(err, downsample.ErrNoSources) {
				return // there is no model to explain
			}
			if err != nil {
				t.Fatal(err)
			}
			var whys []string
			for _, m := range a.Models {
				x, err := way.of(p).Explain(t.Context(), p.Span(), m.Model)
				if err != nil {
					t.Fatal(err)
				}
				for metric, v := range x.Values {
					if v.OK != m.Values[metric].OK || !alike(v.Value.V, m.Values[metric].V) || !alike(v.Value.V, sumOf(v)) {
						t.Errorf("%v: %s is %v, its shares add up to %v, and it is explained as %v", m.Model, v.Name, m.Values[metric], sumOf(v), v.Value)
					}
				}
				for _, s := range x.Sources {
					if want := a.CoverageOf(s.Name) * p.Span().Period().Seconds(); !alike(s.Observed, want) {
						t.Errorf("%v: %s was observed for %v s, but coverage is %v", m.Model, s.Name, s.Observed, a.Coverage)
					}
				}
				if len(x.Pods) == 0 && x.Values[0].V > 0 {
					t.Errorf("%v: no pods", m.Model)
				}
				for _, o := range x.LeftOut {
					whys = append(whys, o.Why)
				}
			}
			if why := leftOut[p.Name]; !strings.Contains(strings.Join(whys, "\n"), why) {
				t.Errorf("nothing is left out because it is %q: %q", why, whys)
			}
		})
	}
}

func sumOf(v ledger.Value) float64 {
	var sum float64
	for _, term := range v.Terms {
		sum += term.Share
	}
	return sum
}

func alike(a, b float64) bool { return math.Abs(a-b) <= rounding*max(1, math.Abs(a)) }
