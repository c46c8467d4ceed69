package endtoend

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/soak"
)

// TestSoak kills the exporter by SIGKILL at random moments, while it asks, delivers and
// catches up, each time on a receiver that has nothing yet. After it is back, every window
// is there, once, and right. SOAK_KILLS says how often, SOAK_SEED when.
func TestSoak(t *testing.T) {
	kills, seed := soak.Setting(t, "SOAK_KILLS", 10), soak.Setting(t, "SOAK_SEED", 1)
	t.Logf("SOAK_KILLS=%d SOAK_SEED=%d", kills, seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	s := newSoak(t, func(*cluster.History) {})

	began := time.Now()
	whole := newReceiver(t)
	s.Finish(t, whole)
	took := time.Since(began) // from the start of the process to the last mark
	s.Judge(t, whole)

	for i := range kills {
		receiver := newReceiver(t)
		for moment := range 1 + random.IntN(2) {
			after := time.Duration(random.Int64N(int64(took)))
			t.Logf("kill %d.%d after %s of about %s", i+1, moment+1, after.Round(time.Millisecond), took.Round(time.Millisecond))
			s.Kill(t, receiver, after)
		}
		s.Finish(t, receiver)
		s.Judge(t, receiver)
	}
}

// newSoak has a Prometheus hold a history.
func newSoak(t *testing.T, change func(*cluster.History)) *soak.Soak {
	placed := soak.History(t)
	change(&placed.History)
	dir := t.TempDir()
	if err := accuracy.Store(t.Context(), dir, []accuracy.Placed{placed}); err != nil {
		t.Fatal(err)
	}
	return soak.New(t, placed, promtest.Start(t, prom.Options{Dir: dir}).URL())
}

func newReceiver(t *testing.T) soak.Receiver {
	return soak.At(promtest.Start(t, prom.Options{Dir: t.TempDir(), OutOfOrder: 2 * time.Hour}).URL())
}
