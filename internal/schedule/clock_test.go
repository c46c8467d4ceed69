package schedule

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// TestRandomJumps: whatever this machine's clock shows, and however long the machine is
// suspended, no window is served or delivered before it has settled by the upstream's clock,
// and every window is finally delivered.
func TestRandomJumps(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for n := range 40 {
		t.Run(fmt.Sprint("seed ", seed+uint64(n)), func(t *testing.T) {
			random, upstream := rand.New(rand.NewPCG(seed+uint64(n), 0)), rand.New(rand.NewPCG(seed+uint64(n), 1))
			l := &lab{dated: true, maxAge: 2 * day}
			unsettled := func(w window.Window) string {
				if at := w.Due(time.Minute).Add(-skewTolerance); l.truth().Before(at) {
					return fmt.Sprintf("window %s is shown or delivered at %s", w, clock(l.truth()))
				}
				return ""
			}
			l.refuse = unsettled
			l.compute = func(_ context.Context, w window.Window) error {
				if w.Start.After(l.truth()) || upstream.IntN(10) == 0 && w.End.After(l.truth()) {
					return downsample.ErrNoSources
				}
				if upstream.IntN(10) == 0 {
					return badly(context.Background(), w)
				}
				return nil
			}
			l.receiver = (&receiver{refuse: func(_ context.Context, w window.Window) error {
				if why := unsettled(w); why != "" {
					t.Error(why)
				}
				return nil
			}}).with(-24, 24)
			conduct(t, l, time.Hour, time.Minute, 25*time.Hour+10*time.Minute, func(t *testing.T, l *lab) {
				pass(time.Minute)
				for range 12 {
					switch now := l.truth(); random.IntN(7) {
					case 0:
						l.jumped.Store(int64(time.Unix(0, 0).Sub(now)))
					case 1:
						l.jumped.Store(int64(time.Date(2290, 1, 1, 0, 0, 0, 0, time.UTC).Sub(now)))
					case 2:
						l.jumped.Store(int64(time.Duration(random.IntN(48)-24) * time.Hour))
					case 3:
						l.jumped.Store(int64(time.Duration(random.IntN(240)-120) * time.Second))
					case 4: // suspended
						l.slept.Add(int64(time.Duration(random.IntN(240)) * time.Minute))
					default:
						l.jumped.Store(0)
					}
					pass(time.Duration(random.IntN(90)) * time.Minute)
				}
				l.jumped.Store(0)
				pass(l.truth().Truncate(time.Hour).Add(150 * time.Minute).Sub(l.truth()))
				newest := int(window.Settled(l.truth(), time.Hour, 2*time.Minute).End.Sub(midnight) / time.Hour)
				l.expectWhole(t, -24, newest)
				l.expectLogged(t, "Windows missed", 0)
				if n := testutil.ToFloat64(l.loop.metrics.refreshes.WithLabelValues(success)); n < 3 {
					t.Errorf("%v windows were computed", n)
				}
			})
		})
	}
}

func TestSkew(t *testing.T) {
	for name, test := range map[string]struct {
		ahead time.Duration
		want  []string // moments by this machine's clock
		warns int
	}{
		"none":        {0, []string{"00:10:00 00:00:00", "01:01:00 01:00:00"}, 0},
		"a second":    {time.Second, []string{"00:10:01 00:00:00", "01:01:00 01:00:00"}, 0},
		"ten minutes": {10 * time.Minute, []string{"00:20:00 00:00:00", "01:11:00 01:00:00"}, 1},
		"behind":      {-5 * time.Minute, []string{"00:05:00 00:00:00", "00:56:00 01:00:00"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lab{compute: well, dated: true}
			l.jumped.Store(int64(test.ahead))
			conduct(t, l, time.Hour, time.Minute, 10*time.Minute, func(t *testing.T, l *lab) {
				pass(52 * time.Minute)
				l.expectCalls(t, test.want...)
				l.expectLogged(t, "This machine's clock differs from the upstream's", test.warns)
				if got := testutil.ToFloat64(l.loop.metrics.skew); got != test.ahead.Seconds() {
					t.Errorf("a skew of %v", got)
				}
			})
		})
	}
}

// TestAPanic: a panic fails its own window only.
func TestAPanic(t *testing.T) {
	panics := func(_ context.Context, w window.Window) error {
		if clock(w.End) == "00:00:00" {
			panic("at the disco")
		}
		return nil
	}
	experiment(t, time.Hour, time.Minute, 59*time.Minute, panics, func(t *testing.T, l *lab) {
		pass(3 * time.Minute)
		l.expectShown(t, "01:00:00")
		if n := testutil.ToFloat64(l.loop.metrics.refreshes.WithLabelValues(ownFault)); n < 3 {
			t.Errorf("%v attempts were counted as internal", n)
		}
		for _, want := range []string{`kind=internal err="panic: at the disco"`, "clock_test.go"} {
			if !strings.Contains(l.log.String(), want) {
				t.Errorf("it does not log %s:\n%s", want, &l.log)
			}
		}
	})
}

// TestAHangIsLogged: a window that takes long is logged while it is computed.
func TestAHangIsLogged(t *testing.T) {
	hang := func(ctx context.Context, _ window.Window) error {
		<-ctx.Done()
		return ctx.Err()
	}
	experiment(t, time.Hour, time.Minute, 10*time.Minute, hang, func(t *testing.T, l *lab) {
		pass(mostSlow)
		l.expectLogged(t, `level=WARN msg="Window is still being computed" window="[1999-12-31T23:00:00Z, 2000-01-01T00:00:00Z)" after=2m0s`, 1)
	})
}

// TestLastSuccessIsOfTheNewest: windows that are caught up do not count as a success.
func TestLastSuccessIsOfTheNewest(t *testing.T) {
	begun := midnight.Add(day + 10*time.Minute)
	newestFails := func(ctx context.Context, w window.Window) error {
		if w.End.After(begun) {
			return badly(ctx, w)
		}
		return nil
	}
	l := &lab{compute: newestFails, maxAge: day, receiver: (&receiver{refuse: func(context.Context, window.Window) error {
		if time.Now().Before(begun.Add(2 * time.Hour)) {
			return refusal(500)
		}
		return nil
	}}).with(0, 20)}
	conduct(t, l, time.Hour, time.Minute, begun.Sub(midnight), func(t *testing.T, l *lab) {
		pass(3 * time.Hour)
		l.expectWhole(t, 0, 24)
		if got := testutil.ToFloat64(l.loop.metrics.lastSuccess); got != float64(begun.Unix()) {
			t.Errorf("the last success was at %s", time.Unix(int64(got), 0).UTC())
		}
	})
}
