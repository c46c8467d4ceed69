package schedule

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// takes lasts a while, unless ctx is done.
func takes(ctx context.Context, d time.Duration) error {
	nap(ctx, d)
	return ctx.Err()
}

// blind is a receiver that never shows what it has stored.
type blind struct{ *receiver }

func (blind) Delivered(context.Context, time.Time, time.Time) (window.Ends, error) { return nil, nil }

// TestResume replaces the loop at random moments of a day, most of them while it computes or
// delivers: each window is delivered, once, and none is shown later than its successor.
func TestResume(t *testing.T) {
	for name, same := range map[string]bool{"to go on": true, "to begin again": false} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 0))
			computing := func(ctx context.Context, _ window.Window) error { return takes(ctx, 10*time.Second) }
			receiver := &receiver{refuse: func(ctx context.Context, _ window.Window) error { return takes(ctx, time.Second) }}
			l := &lab{compute: computing, receiver: receiver.with(0, 24), maxAge: day}
			conduct(t, l, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
				for range 24 {
					pass(time.Hour - 10*time.Minute) // to the hour
					begun := time.Now()
					for range 1 + random.IntN(4) {
						pass(min(time.Duration(random.Int64N(int64(75*time.Second))), time.Minute+20*time.Second-time.Since(begun)))
						l.resume(t, same)
						if !l.loop.Status().Ready {
							t.Error("no longer ready")
						}
					}
					pass(10*time.Minute - time.Since(begun))
					l.expectShown(t, clock(time.Now().Truncate(time.Hour)))
				}
				l.expectWhole(t, 0, 48)
				if len(l.receiver.delivered) != 24 {
					t.Errorf("%d deliveries of 24 windows: %v", len(l.receiver.delivered), l.receiver.delivered)
				}
				if got := testutil.ToFloat64(l.loop.metrics.missing); got != 0 {
					t.Errorf("%v windows are missing", got)
				}
			})
		})
	}
}

// TestResumeDoesNotDeliverTwice: what was delivered is known, though the receiver does not show
// it yet.
func TestResumeDoesNotDeliverTwice(t *testing.T) {
	r := &receiver{}
	l := &lab{compute: well, receiver: r, deliverer: blind{r}, maxAge: 3 * time.Hour}
	conduct(t, l, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
		pass(time.Second)
		before := r.attempts
		for range 10 {
			l.resume(t, true)
			pass(time.Second)
		}
		if r.attempts != before {
			t.Errorf("%d more attempts after %d", r.attempts-before, before)
		}
		l.resume(t, false)
		pass(time.Second)
		if r.attempts == before {
			t.Error("windows of other settings were not delivered")
		}
	})
}

// TestADeliveryOutlastsItsLoop: it is not cut in two.
func TestADeliveryOutlastsItsLoop(t *testing.T) {
	for _, test := range []struct {
		takes, ends time.Duration
		kept        bool
	}{
		{time.Second, time.Second, true},
		{time.Minute, finishTime, false},
	} {
		l := &lab{compute: well, receiver: &receiver{refuse: func(ctx context.Context, _ window.Window) error { return takes(ctx, test.takes) }}}
		conduct(t, l, time.Hour, 0, day+time.Minute, func(t *testing.T, l *lab) {
			begun := time.Now()
			l.stop()
			<-l.ended
			if took := time.Since(begun); took != test.ends {
				t.Errorf("it took %s to stop, want %s", took, test.ends)
			}
			if kept := l.receiver.has(midnight.Add(day)); kept != test.kept {
				t.Errorf("kept %t, want %t", kept, test.kept)
			}
		})
	}
}
