package engines

import (
	"net/url"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// replica returns a Prometheus with what one of a pair has stored of histories.
func replica(t *testing.T, name string, placed []accuracy.Placed) *url.URL {
	t.Helper()
	dir := t.TempDir()
	if err := accuracy.Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	return promtest.Start(t, prom.Options{Dir: dir, External: map[string]string{"prometheus": "monitoring/k8s", "replica": name}}).URL()
}

func TestHistoriesOnThanos(t *testing.T) {
	chosen(t, "thanos")
	path := built(t, thanos)
	placed := told(t)
	one := startSidecar(t, path, replica(t, "0", placed))
	t.Run("one sidecar", func(t *testing.T) {
		judge(t, placed, "thanos", exporter(t, startQuery(t, path, []storeAPI{one})))
	})
	other := accuracy.Twin(placed)
	two := startSidecar(t, path, replica(t, "1", other))
	t.Run("two sidecars", func(t *testing.T) {
		judge(t, other, "thanos", exporter(t, startQuery(t, path, []storeAPI{one, two}, "--query.replica-label=replica")))
	})
}

func TestHistoriesOnThanosReceive(t *testing.T) {
	chosen(t, "thanos")
	path := built(t, thanos)
	placed := told(t)
	receive := startReceive(t, path, t.TempDir())
	fill(t, receive.write, placed)
	judge(t, placed, "thanos", exporter(t, startQuery(t, path, []storeAPI{receive})))
}
