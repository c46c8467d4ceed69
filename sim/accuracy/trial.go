package accuracy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Try computes a history's window in a way and judges what came of it.
func Try(ctx context.Context, p Placed, way Way) (Result, Verdict, error) {
	got, err := way.Compute(ctx, p)
	if err != nil {
		return Result{}, Verdict{}, fmt.Errorf("%s, %s: %w", p.Name, way.Name(), err)
	}
	return got, Judge(p, got), nil
}

// Tally counts verdicts on one way's results from one Prometheus. It may be used by
// several goroutines.
type Tally struct {
	Way, Version string

	mu      sync.Mutex
	windows int
	values  int
	worst   [cluster.NumMetrics]worst
	failed  map[string]int // deviations by history
}

type worst struct {
	share   float64 // of the bound
	history string
}

// Add counts a verdict on a history.
func (t *Tally) Add(history string, v Verdict) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.windows++
	t.values += v.Values
	for m, share := range v.Worst {
		if share > t.worst[m].share {
			t.worst[m] = worst{share, history}
		}
	}
	t.fail(history, len(v.Deviations))
}

// Fail counts a history that gave no result.
func (t *Tally) Fail(history string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail(history, 1)
}

func (t *Tally) fail(history string, deviations int) {
	if deviations == 0 {
		return
	}
	if t.failed == nil {
		t.failed = map[string]int{}
	}
	t.failed[history] += deviations
}

// Failed returns the histories on which anything was wrong, sorted.
func (t *Tally) Failed() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.failed))
}
