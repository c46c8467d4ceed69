package accuracy

import (
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// TestReplicas computes histories from what two Prometheus have stored that scrape the same
// targets, side by side in one server: as a Thanos Query shows them that does not merge them.
func TestReplicas(t *testing.T) {
	all := histories.All()
	for i := range setting(t, "SIM_RANDOM", 200) / 4 {
		all = append(all, histories.Random(setting(t, "SIM_SEED", presetSeed)+i))
	}
	for _, n := range histories.All() {
		all = append(all, n.Watched(10*time.Minute, 15*time.Second))
	}
	placed := Lay(all)
	dir := t.TempDir()
	if err := StoreBoth(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	tallies := judgeAll(t, Twin(placed), promtest.Start(t, prom.Options{Dir: dir}).URL(), prom.Version, []fetch.Transport{fetch.PromQL})
	say(t, "two replicas: %d histories, wrong on %v", len(placed), tallies[0].Failed())
}
