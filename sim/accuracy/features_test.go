package accuracy

import (
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// featuresTogether is how many features a history of the covering array has at most. With more
// of them, fewer histories cover every three, and each allows larger errors.
const featuresTogether = 10

// presetVariation chooses the features' moments.
const presetVariation = 1

// TestPairsOfFeatures computes a history for every two features that compose.
func TestPairsOfFeatures(t *testing.T) {
	judgeFeatures(t, "pairs of features, and single ones", histories.Pairs(), both())
}

// TestThreesOfFeatures computes histories that have many features each, so that every three
// that compose are in one of them. It takes long: each version is read over one transport.
func TestThreesOfFeatures(t *testing.T) {
	judgeFeatures(t, "sets that have every three features together", histories.Covering(featuresTogether), []fetch.Transport{fetch.RemoteRead})
}

func judgeFeatures(t *testing.T, what string, sets [][]string, transports []fetch.Transport) {
	variation := setting(t, "SIM_VARIATION", presetVariation)
	placed := Lay(compose(t, sets, variation))
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	say(t, "%d %s, of %d, SIM_VARIATION=%d", len(sets), what, len(histories.Features()), variation)
	var tallies []*Tally
	t.Run("Prometheus "+prom.Version, func(t *testing.T) {
		tallies = append(tallies, judgeAll(t, placed, promtest.Start(t, prom.Options{Dir: dir}).URL(), prom.Version, transports)...)
	})
	if len(transports) == 1 {
		transports = []fetch.Transport{fetch.PromQL}
	}
	t.Run("Prometheus 2 of Debian", func(t *testing.T) {
		version := promtest.Debian(t).Version
		tallies = append(tallies, judgeAll(t, placed, promtest.StartDebian(t, dir), version, transports)...)
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
