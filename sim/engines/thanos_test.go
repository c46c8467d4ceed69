package engines

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
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
	one := startSidecar(t, path, replica(t, "0", placed), freeAddress(t))
	t.Run("one sidecar", func(t *testing.T) {
		judge(t, placed, "thanos", exporter(t, startQuery(t, path, []storeAPI{one})))
	})
	other := accuracy.Twin(placed)
	two := startSidecar(t, path, replica(t, "1", other), freeAddress(t))
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

// TestThanosStoreDies: a window that lacks what a dead store has is refused, also when Thanos
// Query says nothing of that store any more; the death of one of two replicas is none.
func TestThanosStoreDies(t *testing.T) {
	chosen(t, "thanos")
	path := built(t, thanos)
	p := crowd()
	start := func(cluster, replica string, placed ...accuracy.Placed) storeAPI {
		dir := t.TempDir()
		if err := accuracy.Store(t.Context(), dir, placed); err != nil {
			t.Fatal(err)
		}
		return startSidecar(t, path, promtest.Start(t, prom.Options{Dir: dir, External: map[string]string{"prometheus": cluster, "replica": replica}}).URL(), freeAddress(t))
	}
	one, two, other := start("a", "0", p), start("a", "1", accuracy.Twin([]accuracy.Placed{p})...), start("b", "0")
	server := startQuery(t, path, []storeAPI{one, two, other}, "--query.replica-label=replica", "--store.unhealthy-timeout=5s")
	way := exporter(t, server)
	compute := func() (right bool, err error) {
		_, verdict, err := accuracy.Try(t.Context(), p, way)
		return err == nil && verdict.Right(), err
	}
	forgotten := func(left int) {
		t.Helper()
		for deadline := time.Now().Add(startTimeout); listedStores(t, server) != left; time.Sleep(time.Second) {
			if time.Now().After(deadline) {
				t.Fatalf("Thanos Query lists %d stores, not %d", listedStores(t, server), left)
			}
			switch right, err := compute(); promapi.KindOf(err) {
			case promapi.Partial, promapi.Unavailable:
			default:
				if !right {
					t.Errorf("while it is listed: %v", err)
				}
			}
		}
	}
	if right, err := compute(); !right {
		t.Fatalf("at first: %v", err)
	}
	stop(t, two.Process)
	forgotten(2)
	if right, err := compute(); !right {
		t.Errorf("without one of two replicas: %v", err)
	}
	stop(t, one.Process)
	forgotten(1)
	for range 2 {
		if _, err := compute(); promapi.KindOf(err) != promapi.Partial {
			t.Errorf("without a store: %v", err)
		}
	}
	_, err := compute()
	t.Log(err)
}

// TestThanosStrictStoreDies: an exporter that starts when a store is dead already gets no window
// for as long as that is so, if Thanos Query never forgets the store.
func TestThanosStrictStoreDies(t *testing.T) {
	chosen(t, "thanos")
	path := built(t, thanos)
	p := crowd()
	prometheus := replica(t, "0", []accuracy.Placed{p})
	dying, other := startSidecar(t, path, prometheus, freeAddress(t)), startSidecar(t, path, replica(t, "1", nil), freeAddress(t))
	dying.strict = true
	const unhealthy = 5 * time.Second
	server := startQuery(t, path, []storeAPI{dying, other}, "--store.unhealthy-timeout="+unhealthy.String())
	compute := func() (right bool, err error) {
		_, verdict, err := accuracy.Try(t.Context(), p, exporter(t, server))
		return err == nil && verdict.Right(), err
	}
	if right, err := compute(); !right {
		t.Fatalf("at first: %v", err)
	}
	stop(t, dying.Process)
	var kinds []promapi.Kind
	for died := time.Now(); time.Since(died) < 4*unhealthy; time.Sleep(time.Second) {
		_, err := compute()
		switch kind := promapi.KindOf(err); kind {
		case promapi.Partial, promapi.Unavailable:
			kinds = append(kinds, kind)
		default:
			t.Errorf("%s after its death: %v", time.Since(died), err)
		}
	}
	_, err := compute()
	t.Logf("%d windows failed (%v), the last so: %v", len(kinds), slices.Compact(kinds), err)
	startSidecar(t, path, prometheus, dying.grpc)
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(time.Second) {
		right, err := compute()
		if right {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is back: %v", err)
		}
	}
}
