package accuracy

import (
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// TestHistoriesAtOtherSettings computes every history in windows of an hour that are scraped
// every 30 s, and in windows of ten minutes that are scraped every 15 s.
func TestHistoriesAtOtherSettings(t *testing.T) {
	told := append(histories.All(), histories.ByMarkers()...)
	for i := range setting(t, "SIM_RANDOM", 200) / 10 {
		told = append(told, histories.Random(setting(t, "SIM_SEED", presetSeed)+i))
	}
	var all []histories.Named
	for _, n := range told {
		all = append(all, n.Watched(time.Hour, 30*time.Second), n.Watched(10*time.Minute, 15*time.Second))
	}
	placed := Lay(all)
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	tallies := judgeAll(t, placed, promtest.Start(t, prom.Options{Dir: dir}).URL(), prom.Version, []fetch.Transport{fetch.RemoteRead})
	say(t, "other settings: %d histories, wrong on %v", len(placed), tallies[0].Failed())
}
