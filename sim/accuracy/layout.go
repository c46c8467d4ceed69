// Package accuracy holds ways of computing a window's averages against the exact truth
// of simulated clusters, on real Prometheus servers.
package accuracy

import (
	"context"
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// Placed is a history at its place in time.
type Placed struct {
	histories.Named
	Origin time.Time
}

// quiet is how long nothing is stored between two histories: longer than any lookback,
// so that none sees another.
const quiet = 30 * time.Minute

// Lay places histories one after another, so that one TSDB holds them all. Each one's
// window is aligned as the product aligns windows of that length.
func Lay(named []histories.Named) []Placed {
	free := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	placed := make([]Placed, len(named))
	for i, n := range named {
		earliest := free.Add(n.Window.From - n.Feed().From)
		start := window.Containing(earliest, n.Window.Length()).End
		placed[i] = Placed{Named: n, Origin: start.Add(-n.Window.From)}
		free = placed[i].Origin.Add(n.Feed().To + quiet)
	}
	return placed
}

// Span returns the history's window in absolute time.
func (p Placed) Span() window.Window {
	return window.Window{Start: p.Origin.Add(p.Window.From), End: p.Origin.Add(p.Window.To)}
}

// Store writes what a Prometheus would have stored of each history into a TSDB directory.
func Store(ctx context.Context, dir string, placed []Placed) error {
	for _, p := range placed {
		feed := p.Feed()
		series := cluster.Samples(&p.History, p.Origin, feed.From, feed.To)
		if err := prom.WriteBlock(ctx, dir, series); err != nil {
			return fmt.Errorf("history %s: %w", p.Name, err)
		}
	}
	return nil
}
