package engines

import (
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// TestHistoriesOnPrometheus: what is right on no Prometheus is no engine's fault.
func TestHistoriesOnPrometheus(t *testing.T) {
	chosen(t, "prometheus")
	placed := told(t)
	dir := t.TempDir()
	if err := accuracy.Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	judge(t, placed, prom.Version, exporter(t, promtest.Start(t, prom.Options{Dir: dir}).URL()))
}
