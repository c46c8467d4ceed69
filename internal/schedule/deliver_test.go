package schedule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// receiver stores windows as a remote-write receiver does: each once.
type receiver struct {
	now       func() time.Time
	refuse    func(context.Context, window.Window) error // nil: accepts everything
	inOrder   bool                                       // it accepts nothing older than what it has
	mu        sync.Mutex
	kept      map[time.Time]bool
	newest    time.Time
	delivered []string // time and window's end
	attempts  int
}

func (r *receiver) Deliver(ctx context.Context, a *ledger.Averages) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts++
	w := a.Window
	if r.kept[w.End] {
		return nil
	}
	if r.refuse != nil {
		if err := r.refuse(ctx, w); err != nil {
			return err
		}
	}
	if r.inOrder && w.End.Before(r.newest) {
		return &remotewrite.Error{Kind: remotewrite.TooOld, Status: http.StatusBadRequest, Setting: "--late-window of the receiver", Err: errors.New("out of order sample")}
	}
	r.keep(w)
	r.delivered = append(r.delivered, clock(r.now())+" "+clock(w.End))
	return nil
}

func (r *receiver) Delivered(_ context.Context, from, to time.Time) (window.Ends, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	there := window.Ends{}
	for end := range r.kept {
		if end.After(from) && !end.After(to) {
			there.Add(end)
		}
	}
	return there, nil
}

func (r *receiver) has(end time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept[end]
}

func (r *receiver) keep(w window.Window) {
	if r.kept == nil {
		r.kept = map[time.Time]bool{}
	}
	r.kept[w.End] = true
	r.newest = later(r.newest, w.End)
}

// with stores the windows of the first day's hours that end from one hour to another.
func (r *receiver) with(from, to int) *receiver {
	for end := from; end <= to; end++ {
		e := midnight.Add(time.Duration(end) * time.Hour)
		r.keep(window.Window{Start: e.Add(-time.Hour), End: e})
	}
	return r
}

func (l *lab) expectDelivered(t *testing.T, want ...string) {
	t.Helper()
	l.receiver.mu.Lock()
	defer l.receiver.mu.Unlock()
	if diff := cmp.Diff(want, l.receiver.delivered); diff != "" {
		t.Errorf("deliveries (when, end of window): %s", diff)
	}
}

// expectWhole fails unless exactly the hours from one to another are stored.
func (l *lab) expectWhole(t *testing.T, from, to int) {
	t.Helper()
	l.receiver.mu.Lock()
	defer l.receiver.mu.Unlock()
	want := (&receiver{}).with(from, to).kept
	if diff := cmp.Diff(want, l.receiver.kept); diff != "" {
		t.Errorf("kept: %s", diff)
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(l.receiver.delivered)))); n != len(l.receiver.delivered) {
		t.Errorf("some twice: %v", l.receiver.delivered)
	}
}

func (l *lab) expectLogged(t *testing.T, part string, times int) {
	t.Helper()
	if n := strings.Count(l.log.String(), part); n != times {
		t.Errorf("logged %s %d times, want %d:\n%s", part, n, times, &l.log)
	}
}

const day = 24 * time.Hour

// down returns a receiver's refusal until a time.
func down(until time.Time, status int) func(context.Context, window.Window) error {
	return func(context.Context, window.Window) error {
		if time.Now().Before(until) {
			return refusal(status)
		}
		return nil
	}
}

func refusal(status int) error {
	kind := remotewrite.Refused
	if status/100 == 5 {
		kind = remotewrite.Transient
	}
	return fmt.Errorf("window: %w", &remotewrite.Error{Kind: kind, Status: status, Err: errors.New("boom")})
}

func TestCatchUp(t *testing.T) {
	slow := func(context.Context, window.Window) error {
		time.Sleep(10 * time.Second)
		return nil
	}
	t.Run("at the start, the newest is served first and delivered last", func(t *testing.T) {
		l := &lab{compute: slow, receiver: (&receiver{inOrder: true}).with(0, 20), maxAge: day}
		conduct(t, l, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
			pass(10 * time.Second)
			l.expectShown(t, "1d+00:00:00")
			l.expectDelivered(t)
			if s := l.loop.Status(); s.Missing != 4 || !s.OldestMissing.Equal(midnight.Add(21*time.Hour)) {
				t.Errorf("status %+v", s)
			}
			pass(50 * time.Second)
			l.expectDelivered(t, "1d+00:10:20 21:00:00", "1d+00:10:30 22:00:00", "1d+00:10:40 23:00:00", "1d+00:10:40 1d+00:00:00")
			l.expectWhole(t, 0, 24)
			l.expectShown(t, "1d+00:00:00")
			if s := l.loop.Status(); s.Missing != 0 || !s.OldestMissing.IsZero() {
				t.Errorf("status %+v", s)
			}
			pass(time.Hour)
			l.expectWhole(t, 0, 25)
		})
	})
	t.Run("a window that becomes due meanwhile is served first", func(t *testing.T) {
		l := &lab{compute: slow, receiver: (&receiver{inOrder: true}).with(0, 19), maxAge: day}
		conduct(t, l, time.Hour, time.Minute, day+40*time.Second, func(t *testing.T, l *lab) {
			pass(time.Minute)
			// 1d+00:00:00 is settled at 00:01:00, while 21:00:00 is being computed.
			l.expectCalls(t, "1d+00:00:40 23:00:00", "1d+00:00:50 20:00:00", "1d+00:01:00 1d+00:00:00", "1d+00:01:10 21:00:00", "1d+00:01:20 22:00:00", "1d+00:01:30 23:00:00")
			l.expectWhole(t, 0, 24)
		})
	})
	t.Run("off", func(t *testing.T) {
		conduct(t, &lab{compute: slow, receiver: &receiver{}}, time.Hour, 0, day+10*time.Minute, func(t *testing.T, l *lab) {
			pass(2 * time.Hour)
			l.expectWhole(t, 24, 26)
		})
	})
}

func TestTheReceiverIsDown(t *testing.T) {
	for name, status := range map[string]int{"500": 500, "401": 401, "400": 400} {
		t.Run(name, func(t *testing.T) {
			l := &lab{compute: well, receiver: (&receiver{inOrder: true, refuse: down(midnight.Add(30*time.Hour+30*time.Minute), status)}).with(0, 23), maxAge: day}
			conduct(t, l, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
				pass(6 * time.Hour)
				l.expectShown(t, "1d+06:00:00")
				l.expectDelivered(t)
				if n := testutil.ToFloat64(l.loop.metrics.missing); n != 7 {
					t.Errorf("%v windows are missing", n)
				}
				// While it is down, it is asked every five minutes or so, about the oldest, or
				// about all where each could be to blame.
				if n := l.receiver.attempts; n > 6*60/5+10 && status != 400 || n > 7*6*60/5 {
					t.Errorf("%d attempts", n)
				}
				if s := l.loop.Status(); s.DeliveryError == "" || s.Error != "" {
					t.Errorf("status %+v", s)
				}
				pass(30 * time.Minute)
				l.expectWhole(t, 0, 30)
				if s := l.loop.Status(); s.DeliveryError != "" || s.Missing != 0 {
					t.Errorf("status %+v", s)
				}
				l.expectLogged(t, "Windows missed", 0)
			})
		})
	}
	t.Run("it hangs", func(t *testing.T) {
		hang := func(ctx context.Context, _ window.Window) error {
			<-ctx.Done()
			return &remotewrite.Error{Kind: remotewrite.Transient, Err: ctx.Err()}
		}
		conduct(t, &lab{compute: well, receiver: (&receiver{refuse: hang}).with(0, 23), maxAge: day}, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
			pass(51*time.Minute + 6*time.Minute)
			l.expectShown(t, "1d+01:00:00")
		})
	})
	t.Run("longer than windows are made up", func(t *testing.T) {
		l := &lab{compute: well, receiver: (&receiver{refuse: down(midnight.Add(50*time.Hour+30*time.Minute), 500)}).with(0, 23), maxAge: day}
		conduct(t, l, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
			pass(27 * time.Hour)
			if n := len(l.receiver.kept); n != 24+25 { // 24 h of them, and the newest
				t.Errorf("%d windows are kept", n)
			}
			l.expectLogged(t, `msg="Windows missed"`, 3) // as each becomes too old
			l.expectLogged(t, `reason=too_late remedy="raise --catch-up.max-age"`, 3)
			if n := testutil.ToFloat64(l.loop.metrics.missed.WithLabelValues(string(tooLate))); n != 3 {
				t.Errorf("%v windows were counted as missed", n)
			}
		})
	})
}

// One window that fails five times does not block the others.
func TestOneWindowFails(t *testing.T) {
	badHour := midnight.Add(22 * time.Hour)
	for name, test := range map[string]struct {
		inOrder bool
		failing string
	}{
		"to be computed":  {false, "compute"},
		"to be delivered": {false, "deliver"},
		"to be computed, and the receiver takes none backwards": {true, "compute"},
	} {
		t.Run(name, func(t *testing.T) {
			var failures atomic.Int32
			fail := func(what string, w window.Window) bool {
				return what == test.failing && w.End.Equal(badHour) && failures.Load() < 5 && failures.Add(1) <= 5
			}
			l := &lab{
				maxAge: day,
				compute: func(ctx context.Context, w window.Window) error {
					if fail("compute", w) {
						return errors.New("this window is cursed")
					}
					return nil
				},
				receiver: (&receiver{inOrder: test.inOrder, refuse: func(_ context.Context, w window.Window) error {
					if fail("deliver", w) {
						return refusal(400)
					}
					return nil
				}}).with(0, 20),
			}
			conduct(t, l, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
				pass(10 * time.Second)
				if n := failures.Load(); n != 4 || l.receiver.has(badHour) || !l.receiver.has(badHour.Add(2*time.Hour)) {
					t.Errorf("after %d failures, the window is kept: %t", n, l.receiver.has(badHour))
				}
				pass(30 * time.Second)
				if !test.inOrder {
					l.expectWhole(t, 0, 24)
					l.expectLogged(t, "Windows missed", 0)
					return
				}
				pass(time.Hour)
				l.expectLogged(t, `msg="Windows missed" from=2000-01-01T21:00:00.000Z to=2000-01-01T22:00:00.000Z windows=1 reason=too_old remedy="set --late-window of the receiver to `, 1)
				if n := testutil.ToFloat64(l.loop.metrics.missed.WithLabelValues(string(tooOld))); n != 1 {
					t.Errorf("%v windows were counted as missed", n)
				}
				if s := l.loop.Status(); s.Missing != 0 {
					t.Errorf("status %+v", s)
				}
			})
		})
	}
}

// A new Prometheus has no data of earlier windows.
func TestWindowsWithoutData(t *testing.T) {
	begun := midnight.Add(21 * time.Hour)
	dataSince := func(begun time.Time) func(context.Context, window.Window) error {
		return func(_ context.Context, w window.Window) error {
			if w.End.After(begun) {
				return nil
			}
			return fmt.Errorf("%w: nothing", downsample.ErrNoSources)
		}
	}
	t.Run("because there was no Prometheus", func(t *testing.T) {
		conduct(t, &lab{compute: dataSince(begun), receiver: &receiver{}, maxAge: day}, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
			pass(time.Minute)
			l.expectWhole(t, 22, 24)
			l.expectLogged(t, "level=WARN", 0)
			pass(time.Hour) // a newer window has data, and these still have none
			l.expectWhole(t, 22, 25)
			l.expectLogged(t, "level=WARN", 2) // the oldest became too old at the full hour
			l.expectLogged(t, `msg="Windows missed" from=2000-01-01T01:00:00.000Z to=2000-01-01T21:00:00.000Z windows=20 reason=no_data`, 1)
			if n := testutil.ToFloat64(l.loop.metrics.missed.WithLabelValues(string(noData))); n != 21 {
				t.Errorf("%v windows were counted as missed", n)
			}
			before := len(strings.Split(l.calls.String(), "\n"))
			pass(time.Hour)
			if n := len(strings.Split(l.calls.String(), "\n")) - before; n != 1 {
				t.Errorf("%d windows were computed in an hour", n)
			}
		})
	})
	t.Run("for an hour, until it is back", func(t *testing.T) {
		back := midnight.Add(26*time.Hour + 30*time.Minute)
		gone := func(context.Context, window.Window) error {
			if now := time.Now(); now.After(midnight.Add(24*time.Hour+30*time.Minute)) && now.Before(back) {
				return downsample.ErrNoSources
			}
			return nil
		}
		conduct(t, &lab{compute: gone, receiver: (&receiver{}).with(0, 23), maxAge: day}, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
			pass(2*time.Hour + 10*time.Minute)
			l.expectWhole(t, 0, 24)
			pass(time.Hour)
			l.expectWhole(t, 0, 27)
			l.expectLogged(t, "Windows missed", 0)
		})
	})
}

// Whatever the clock shows, each window is delivered once.
func TestDeliveriesWhenTheClockJumps(t *testing.T) {
	for name, jumps := range map[string][]time.Duration{
		"forward, as after hours of suspension": {5 * time.Hour},
		"back by minutes":                       {-30 * time.Minute},
		"back by hours":                         {-3 * time.Hour},
		"to another day and back":               {3 * day, -3 * day},
		"to another year and back":              {365 * day, -365 * day},
	} {
		t.Run(name, func(t *testing.T) {
			start := day + 10*time.Minute
			noFuture := func(_ context.Context, w window.Window) error {
				if w.End.After(time.Now()) {
					return downsample.ErrNoSources
				}
				return nil
			}
			l := &lab{compute: noFuture, receiver: (&receiver{inOrder: true}).with(0, 23), maxAge: day}
			conduct(t, l, time.Hour, time.Minute, start, func(t *testing.T, l *lab) {
				var sum time.Duration
				for _, jump := range jumps {
					sum += jump
					if sum > 0 && len(jumps) == 1 { // time has really passed
						time.Sleep(jump)
					} else {
						l.jumped.Store(int64(sum))
					}
					pass(10 * time.Minute)
				}
				pass(4 * time.Hour)
				last := int(l.now().Add(-time.Minute).Sub(midnight) / time.Hour)
				l.expectWhole(t, 0, max(last, 24))
			})
		})
	}
}

// If a window takes longer than a period, missing windows are delivered all the same.
func TestComputingTakesLongerThanAPeriod(t *testing.T) {
	slow := func(context.Context, window.Window) error {
		if time.Now().Before(midnight.Add(30 * time.Hour)) {
			time.Sleep(90 * time.Minute)
		}
		return nil
	}
	l := &lab{compute: slow, receiver: (&receiver{inOrder: true}).with(0, 23), maxAge: day}
	conduct(t, l, time.Hour, time.Minute, day+10*time.Minute, func(t *testing.T, l *lab) {
		pass(5 * time.Hour)
		l.expectCalls(t, "1d+00:10:00 1d+00:00:00", "1d+01:40:00 1d+01:00:00", "1d+03:10:00 1d+03:00:00", "1d+04:40:00 1d+02:00:00")
		if n := testutil.ToFloat64(l.loop.metrics.missing); n != 3 {
			t.Errorf("%v windows are missing", n)
		}
		pass(3 * time.Hour)
		l.expectWhole(t, 0, 32)
		l.expectLogged(t, "Windows missed", 0)
	})
}
