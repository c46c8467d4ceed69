package accuracy

import (
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// TestLay holds placed histories against what they need: a window that the product would
// compute, and nothing of a neighbor within the lookback.
func TestLay(t *testing.T) {
	var named []histories.Named
	for _, length := range []time.Duration{20 * time.Minute, 24 * time.Hour, time.Hour, time.Hour, 5 * time.Minute} {
		named = append(named, histories.Named{Name: length.String(), Window: cluster.Span{To: length}})
	}
	var free time.Time
	for _, p := range Lay(named) {
		if w := p.Span(); w != window.Containing(w.Start, w.Period()) {
			t.Errorf("%s: %s is no window of that length", p.Name, w)
		}
		if begins := p.Origin.Add(p.Feed().From); begins.Sub(free) < 15*time.Minute {
			t.Errorf("%s begins at %s, %s after its neighbor's end", p.Name, begins, begins.Sub(free))
		}
		free = p.Origin.Add(p.Feed().To)
	}
}
