package accuracy

import (
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// featuresTogether is how many features a history of the covering array has at most. With more
// of them, fewer histories cover every three, and each allows larger errors.
const featuresTogether = 8

// TestFeatures computes a history for every pair of features that compose, and for sets of
// features that cover every three of them, on both Prometheus versions over both transports.
func TestFeatures(t *testing.T) {
	variation := setting(t, "SIM_VARIATION", 1)
	pairs, triples := histories.Pairs(), histories.Covering(featuresTogether)
	placed := Lay(compose(t, append(pairs, triples...), variation))
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	say(t, "%d features: %d pairs and single ones, %d histories of up to %d that cover every three, SIM_VARIATION=%d",
		len(histories.Features()), len(pairs), len(triples), featuresTogether, variation)
	var tallies []*Tally
	t.Run("Prometheus "+prom.Version, func(t *testing.T) {
		tallies = append(tallies, judgeAll(t, placed, promtest.Start(t, prom.Options{Dir: dir}).URL(), prom.Version)...)
	})
	t.Run("Prometheus 2 of Debian", func(t *testing.T) {
		version := promtest.Debian(t).Version
		tallies = append(tallies, judgeAll(t, placed, promtest.StartDebian(t, dir), version)...)
	})
	say(t, "%s", Summary(tallies))
}

// compose makes the histories of one variation.
func compose(t *testing.T, sets [][]string, variation uint64) []histories.Named {
	t.Helper()
	var out []histories.Named
	for _, names := range sets {
		n, err := histories.Compose(names, variation)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}
