package schedule

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// liar is a receiver that accepts windows and does not store them, until it is honest.
type liar struct {
	*receiver
	honest func() bool
	fails  func() bool // looking for windows
	took   map[time.Time]int
}

func (r *liar) Deliver(ctx context.Context, a *ledger.Averages) error {
	if r.honest() {
		return r.receiver.Deliver(ctx, a)
	}
	r.took[a.Window.End]++
	return nil
}

func (r *liar) Delivered(ctx context.Context, from, to time.Time) (window.Ends, error) {
	if r.fails() {
		return nil, errors.New("the lookup fails")
	}
	return r.receiver.Delivered(ctx, from, to)
}

func TestAReceiverThatLies(t *testing.T) {
	never := func() bool { return false }
	begun := midnight.Add(day + 10*time.Minute)
	until := func(d time.Duration) func() bool {
		return func() bool { since := time.Since(begun); return since > time.Second && since < d }
	}
	for name, test := range map[string]struct {
		honest, fails func() bool
		took, most    int // accepted windows, and the most deliveries of one
		missed        float64
		logged        int
	}{
		"always":                   {never, never, 3, 3, 3, 9},
		"for a minute":             {func() bool { return time.Since(begun) > time.Minute }, never, 1, 1, 0, 1},
		"and the lookup fails":     {never, until(3 * time.Hour), 1, 1, 0, 0},
		"and nobody can, at first": {never, until(20 * time.Minute), 3, 3, 3, 9},
		"it does not":              {func() bool { return true }, never, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := &liar{receiver: (&receiver{}).with(0, 23), honest: test.honest, fails: test.fails, took: map[time.Time]int{}}
			conduct(t, &lab{compute: well, receiver: r.receiver, deliverer: r, maxAge: day}, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
				pass(2*time.Hour + 40*time.Minute)
				most := 0
				for _, n := range r.took {
					most = max(most, n)
				}
				if len(r.took) != test.took || most != test.most {
					t.Errorf("deliveries %v, want %d windows, each %d times at most", r.took, test.took, test.most)
				}
				if n := testutil.ToFloat64(l.loop.metrics.missed.WithLabelValues(string(lost))); n != test.missed {
					t.Errorf("%v windows were counted as lost", n)
				}
				l.expectLogged(t, `msg="Delivered window is not found"`, test.logged)
				if test.took == 0 || test.missed == 0 && test.logged > 0 {
					l.expectWhole(t, 0, 26)
				}
			})
		})
	}
}
