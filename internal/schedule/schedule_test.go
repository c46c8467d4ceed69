package schedule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// lab is a loop in a synctest bubble. It begins at midnight, and computes windows by compute,
// which may take a while.
type lab struct {
	compute   func(context.Context, window.Window) error
	receiver  *receiver // nil if windows are only served
	deliverer Deliverer // instead of the receiver
	maxAge    time.Duration
	running   atomic.Int32
	jumped    atomic.Int64 // how far the clock was set forward
	dated     bool         // the upstream's answers have a Date
	slept     atomic.Int64 // how long the machine was suspended
	heard     atomic.Pointer[heard]
	refuse    func(window.Window) string // why the board may not show a window, "" if it may

	board *exposition.Board
	cfg   Config
	loop  *Loop
	reg   *prometheus.Registry
	log   record
	calls record // time and window's end, one line for each computation
	stop  context.CancelFunc
	ended chan struct{}
}

// record is a text that is written and read by several goroutines.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// truth is the time of the upstream's clock, now that of this machine's.
func (l *lab) truth() time.Time { return time.Now().Add(time.Duration(l.slept.Load())) }
func (l *lab) now() time.Time   { return l.truth().Add(time.Duration(l.jumped.Load())) }

func (l *lab) Compute(ctx context.Context, w window.Window) (*ledger.Averages, error) {
	if l.running.Add(1) > 1 {
		panic("two computations at once")
	}
	defer l.running.Add(-1)
	fmt.Fprintf(&l.calls, "%s %s\n", clock(l.now()), clock(w.End))
	err := l.compute(ctx, w)
	if err == nil || errors.Is(err, downsample.ErrNoSources) {
		l.heard.Store(&heard{date: l.truth().Truncate(time.Second), at: time.Now()})
	}
	if err != nil {
		return nil, err
	}
	return &ledger.Averages{Window: w, Cost: fetch.Cost{Queries: 3, Series: 5, SamplesRead: 7}}, nil
}

// heard is the Date of an answer, and when it came by a clock that stops while the machine is
// suspended.
type heard struct{ date, at time.Time }

func (l *lab) serverNow() (time.Time, bool) {
	if h := l.heard.Load(); h != nil {
		return h.date.Add(time.Since(h.at)), true
	}
	return time.Time{}, false
}

// Publish replaces the page, as the board does.
func (l *lab) Publish(p *exposition.Page) {
	if l.refuse != nil {
		if why := l.refuse(p.Window); why != "" {
			panic(why)
		}
	}
	l.board.Slot("").Publish(p)
}

// clock formats a time, with its day unless that is the first.
func clock(t time.Time) string {
	if day := t.UTC().Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour); day > 0 {
		return fmt.Sprintf("%dd+%s", day, t.UTC().Format("15:04:05"))
	}
	return t.UTC().Format("15:04:05")
}

// experiment runs a loop from start after midnight on.
func experiment(t *testing.T, period, settle, start time.Duration, compute func(context.Context, window.Window) error, watch func(*testing.T, *lab)) {
	t.Helper()
	conduct(t, &lab{compute: compute}, period, settle, start, watch)
}

// conduct is experiment with a lab that has been set up.
func conduct(t *testing.T, l *lab, period, settle, start time.Duration, watch func(*testing.T, *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(start)
		l.reg, l.board = prometheus.NewRegistry(), exposition.NewBoard(l.now)
		cfg := Config{
			Computer: l, Board: l, Period: period, SettleDelay: settle, MaxAge: l.maxAge,
			Now: l.now, Random: func() float64 { return 0 },
			Log: slog.New(slog.NewTextHandler(&l.log, nil)), Registerer: l.reg,
		}
		if l.dated {
			cfg.ServerNow = l.serverNow
		}
		if l.receiver != nil {
			l.receiver.now = l.now
			cfg.Deliverer = l.receiver
			if l.deliverer != nil {
				cfg.Deliverer = l.deliverer
			}
		}
		l.cfg, l.loop = cfg, New(cfg)
		l.run(t)
		watch(t, l)
		l.stop()
		<-l.ended
	})
}

// run runs the loop until stop is called.
func (l *lab) run(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	l.stop, l.ended = stop, make(chan struct{})
	go func(loop *Loop, ended chan struct{}) {
		defer close(ended)
		loop.Run(ctx)
	}(l.loop, l.ended)
	synctest.Wait()
}

// resume lets another loop take the place of this one.
func (l *lab) resume(t *testing.T, sameWindows bool) {
	l.stop()
	<-l.ended
	before := l.loop
	l.loop = New(l.cfg)
	l.loop.Resume(before, sameWindows)
	l.board.Arrange([]*exposition.Slot{l.board.Slot("")})
	l.run(t)
}

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (l *lab) expectCalls(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(l.calls.String()), "\n")); diff != "" {
		t.Errorf("computations (when, end of window): %s", diff)
	}
}

func (l *lab) expectShown(t *testing.T, want string) {
	t.Helper()
	got := "nothing"
	if p := l.board.Slot("").Page(); p != nil {
		got = clock(p.Window.End)
	}
	if got != want {
		t.Errorf("at %s window %s is shown, want %s", clock(l.now()), got, want)
	}
}

func well(context.Context, window.Window) error { return nil }

func badly(context.Context, window.Window) error {
	return &promapi.Error{Kind: promapi.Unavailable, Err: errors.New("boom")}
}

func TestWindowsAreComputedWhenTheyAreDue(t *testing.T) {
	for name, test := range map[string]struct {
		period, settle, start, watch time.Duration
		want                         []string
	}{
		"the newest at once, then each": {time.Hour, time.Minute, 10*time.Minute + 30*time.Second, 3 * time.Hour,
			[]string{"00:10:30 00:00:00", "01:01:00 01:00:00", "02:01:00 02:00:00", "03:01:00 03:00:00"}},
		"none that is not settled": {time.Hour, time.Minute, time.Hour + 30*time.Second, time.Minute,
			[]string{"01:00:30 00:00:00", "01:01:00 01:00:00"}},
		"settled to the moment": {time.Hour, time.Minute, time.Hour + time.Minute, time.Minute,
			[]string{"01:01:00 01:00:00"}},
		"no delay": {2 * time.Minute, 0, time.Minute, 4 * time.Minute,
			[]string{"00:01:00 00:00:00", "00:02:00 00:02:00", "00:04:00 00:04:00"}},
		"a delay of a whole period": {time.Minute, time.Minute, 90 * time.Second, 2 * time.Minute,
			[]string{"00:01:30 00:00:00", "00:02:00 00:01:00", "00:03:00 00:02:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			experiment(t, test.period, test.settle, test.start, well, func(t *testing.T, l *lab) {
				pass(test.watch)
				l.expectCalls(t, test.want...)
			})
		})
	}
}

func TestFailuresAreTriedAgain(t *testing.T) {
	t.Run("less and less often, until the next window is due", func(t *testing.T) {
		experiment(t, time.Hour, time.Minute, time.Hour, badly, func(t *testing.T, l *lab) {
			pass(59*time.Second + time.Hour/4)
			l.expectCalls(t,
				"01:00:00 00:00:00", "01:00:01 00:00:00", "01:00:03 00:00:00", "01:00:07 00:00:00", "01:00:15 00:00:00", "01:00:31 00:00:00",
				// the next window is due
				"01:01:00 01:00:00", "01:01:01 01:00:00", "01:01:03 01:00:00", "01:01:07 01:00:00", "01:01:15 01:00:00", "01:01:31 01:00:00",
				"01:02:03 01:00:00", "01:03:07 01:00:00", "01:05:15 01:00:00", "01:09:31 01:00:00", "01:14:31 01:00:00")
			if !strings.Contains(l.log.String(), "Windows missed") {
				t.Errorf("that a window was given up is not logged: %s", &l.log)
			}
		})
	})
	t.Run("at most a tenth of the period apart", func(t *testing.T) {
		experiment(t, time.Minute, 0, 0, badly, func(t *testing.T, l *lab) {
			pass(30 * time.Second)
			l.expectCalls(t, "00:00:00 00:00:00", "00:00:01 00:00:00", "00:00:03 00:00:00", "00:00:07 00:00:00", "00:00:13 00:00:00", "00:00:19 00:00:00", "00:00:25 00:00:00")
		})
	})
	t.Run("until they succeed", func(t *testing.T) {
		healed := time.Date(2000, 1, 1, 0, 10, 5, 0, time.UTC)
		flaky := func(ctx context.Context, w window.Window) error {
			if time.Now().Before(healed) {
				return badly(ctx, w)
			}
			return nil
		}
		experiment(t, time.Hour, 0, 10*time.Minute, flaky, func(t *testing.T, l *lab) {
			if s := l.loop.Status(); s.Ready || s.Error != "unavailable: boom" || s.ErrorTime.IsZero() || time.Until(s.Next) != time.Second {
				t.Errorf("status after a failure %+v", s)
			}
			pass(time.Minute)
			l.expectCalls(t, "00:10:00 00:00:00", "00:10:01 00:00:00", "00:10:03 00:00:00", "00:10:07 00:00:00")
			l.expectShown(t, "00:00:00")
			if s := l.loop.Status(); !s.Ready || s.Error != "" {
				t.Errorf("status after a success %+v", s)
			}
			if strings.Contains(l.log.String(), "missed") {
				t.Errorf("nothing was missed: %s", &l.log)
			}
		})
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for name, test := range map[string]struct {
		retryAfter time.Duration
		want       []string
	}{
		"within the period":           {20 * time.Minute, []string{"00:10:00 00:00:00", "00:30:00 00:00:00", "00:50:00 00:00:00", "01:10:00 01:00:00"}},
		"less than the wait":          {time.Millisecond, []string{"00:10:00 00:00:00", "00:10:01 00:00:00"}},
		"no longer than for a period": {24 * time.Hour, []string{"00:10:00 00:00:00", "01:10:00 01:00:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			throttled := func(context.Context, window.Window) error {
				err := &promapi.Error{Kind: promapi.Throttled, RetryAfter: test.retryAfter, Err: errors.New("slow down")}
				return fmt.Errorf("window: %w", err)
			}
			experiment(t, time.Hour, 0, 10*time.Minute, throttled, func(t *testing.T, l *lab) {
				if test.retryAfter < time.Second {
					pass(2 * time.Second)
				} else {
					pass(65 * time.Minute)
				}
				l.expectCalls(t, test.want...)
			})
		})
	}
}

func TestStaleValuesAreWithdrawn(t *testing.T) {
	first := true
	once := func(ctx context.Context, w window.Window) error {
		if first {
			first = false
			return nil
		}
		return badly(ctx, w)
	}
	for name, test := range map[string]struct {
		period, settle, gone time.Duration // gone: since midnight, when window 00:00:00 was computed
	}{
		"a tenth of the period after the next was due": {time.Hour, time.Minute, 67 * time.Minute},
		"a minute at least":                            {2 * time.Minute, 0, 3 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			first = true
			experiment(t, test.period, test.settle, test.settle, once, func(t *testing.T, l *lab) {
				pass(test.gone - test.settle - time.Nanosecond)
				l.expectShown(t, "00:00:00")
				pass(time.Nanosecond)
				l.expectShown(t, "nothing")
				if !l.loop.Status().Ready {
					t.Error("a failure made it unready")
				}
			})
		})
	}
}

func TestAHangWithdrawsValuesAndEndsWithTheContext(t *testing.T) {
	hang := func(ctx context.Context, w window.Window) error {
		if clock(w.End) == "00:00:00" {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}
	experiment(t, time.Hour, time.Minute, 5*time.Minute, hang, func(t *testing.T, l *lab) {
		pass(time.Hour)
		l.expectShown(t, "00:00:00")
		pass(5 * time.Minute)
		l.expectShown(t, "nothing")
		l.expectCalls(t, "00:05:00 00:00:00", "01:01:00 01:00:00")
		l.stop()
		<-l.ended
		if got := testutil.ToFloat64(l.loop.metrics.refreshes.WithLabelValues(ownFault)); got != 0 || strings.Contains(l.log.String(), "failed") {
			t.Errorf("being stopped counts as a failure: %s", &l.log)
		}
	})
}

func TestASlowComputationIsFollowedByTheNewestWindow(t *testing.T) {
	slow := func(context.Context, window.Window) error {
		time.Sleep(150 * time.Minute)
		return nil
	}
	experiment(t, time.Hour, 0, 10*time.Minute, slow, func(t *testing.T, l *lab) {
		pass(3 * time.Hour)
		l.expectCalls(t, "00:10:00 00:00:00", "02:40:00 02:00:00")
		l.expectShown(t, "nothing") // a window that took two periods is stale when it is computed
		if want := `msg="Windows missed" from=2000-01-01T00:00:00.000Z to=2000-01-01T01:00:00.000Z windows=1`; !strings.Contains(l.log.String(), want) {
			t.Errorf("log lacks %s:\n%s", want, &l.log)
		}
	})
}

func TestTheClockJumps(t *testing.T) {
	t.Run("forward", func(t *testing.T) {
		experiment(t, time.Hour, time.Minute, 10*time.Minute, well, func(t *testing.T, l *lab) {
			l.jumped.Store(int64(5 * time.Hour))
			l.expectShown(t, "nothing")
			pass(longestNap)
			l.expectShown(t, "05:00:00")
		})
	})
	t.Run("back, within the window served", func(t *testing.T) {
		experiment(t, time.Hour, time.Minute, 130*time.Minute, well, func(t *testing.T, l *lab) {
			l.jumped.Store(int64(-time.Hour))
			pass(10 * time.Minute)
			l.expectShown(t, "02:00:00")
			l.expectCalls(t, "02:10:00 02:00:00") // and no older window in its place
			pass(2 * time.Hour)
			l.expectCalls(t, "02:10:00 02:00:00", "03:01:00 03:00:00")
		})
	})
	t.Run("back, before the window served", func(t *testing.T) {
		experiment(t, time.Hour, time.Minute, 5*24*time.Hour, well, func(t *testing.T, l *lab) {
			l.jumped.Store(int64(-4*24*time.Hour + time.Minute))
			l.expectShown(t, "nothing")
			pass(longestNap)
			l.expectShown(t, "1d+00:00:00")
			pass(time.Hour)
			l.expectShown(t, "1d+01:00:00")
		})
	})
}

func TestValuesThatCannotBeShownFailTheWindow(t *testing.T) {
	reg, board := prometheus.NewRegistry(), exposition.NewBoard(time.Now).Slot("")
	loop := New(Config{
		Computer: computerFunc(func(_ context.Context, w window.Window) (*ledger.Averages, error) {
			model := ledger.Model{Model: workload.Model{Namespace: "a", Type: "b", Name: "c"}, Values: []metric.Value{{V: math.NaN(), OK: true}}}
			return &ledger.Averages{Window: w, Metrics: metric.Default().Metrics[:1], Models: []ledger.Model{model}}, nil
		}),
		Board: board, Period: time.Hour, Now: time.Now, Random: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler), Registerer: reg,
	})
	loop.refresh(t.Context(), window.Settled(time.Now(), time.Hour, 0))
	if board.Page() != nil || loop.Status().Error == "" || testutil.ToFloat64(loop.metrics.refreshes.WithLabelValues(ownFault)) != 1 {
		t.Errorf("status %+v", loop.Status())
	}
}

type computerFunc func(context.Context, window.Window) (*ledger.Averages, error)

func (f computerFunc) Compute(ctx context.Context, w window.Window) (*ledger.Averages, error) {
	return f(ctx, w)
}

func TestMetricsAndLog(t *testing.T) {
	healed := false
	flaky := func(ctx context.Context, w window.Window) error {
		if !healed {
			healed = true
			return badly(ctx, w)
		}
		time.Sleep(2 * time.Second)
		return nil
	}
	experiment(t, time.Hour, time.Minute, 10*time.Minute, flaky, func(t *testing.T, l *lab) {
		if got := testutil.ToFloat64(l.loop.metrics.lastSuccess); got != 0 {
			t.Errorf("last success %v before there was one", got)
		}
		pass(time.Minute)
		err := testutil.GatherAndCompare(l.reg, strings.NewReader(`
# HELP seldon_exporter_last_success_timestamp_seconds When the newest window was computed, 0 before the first.
# TYPE seldon_exporter_last_success_timestamp_seconds gauge
seldon_exporter_last_success_timestamp_seconds 9.46685403e+08
# HELP seldon_exporter_refreshes_total Attempts to compute a window, by result.
# TYPE seldon_exporter_refreshes_total counter
seldon_exporter_refreshes_total{result="clock"} 0
seldon_exporter_refreshes_total{result="internal"} 0
seldon_exporter_refreshes_total{result="malformed"} 0
seldon_exporter_refreshes_total{result="no_data"} 0
seldon_exporter_refreshes_total{result="not_offered"} 0
seldon_exporter_refreshes_total{result="not_prometheus"} 0
seldon_exporter_refreshes_total{result="over_budget"} 0
seldon_exporter_refreshes_total{result="partial"} 0
seldon_exporter_refreshes_total{result="rejected"} 0
seldon_exporter_refreshes_total{result="success"} 1
seldon_exporter_refreshes_total{result="throttled"} 0
seldon_exporter_refreshes_total{result="timeout"} 0
seldon_exporter_refreshes_total{result="too_expensive"} 0
seldon_exporter_refreshes_total{result="too_large"} 0
seldon_exporter_refreshes_total{result="unauthorized"} 0
seldon_exporter_refreshes_total{result="unavailable"} 1
seldon_exporter_refreshes_total{result="unreachable"} 0
`), "seldon_exporter_last_success_timestamp_seconds", "seldon_exporter_refreshes_total")
		if err != nil {
			t.Error(err)
		}
		want := `time=2000-01-01T00:10:00.000Z level=WARN msg="Window failed" window="[1999-12-31T23:00:00Z, 2000-01-01T00:00:00Z)" attempt=1 kind=unavailable err="unavailable: boom" next_try_in=1s
time=2000-01-01T00:10:03.000Z level=INFO msg="Window computed" window="[1999-12-31T23:00:00Z, 2000-01-01T00:00:00Z)" models=0 series=5 queries=3 samples_read=7 duration=2s
`
		if diff := cmp.Diff(want, l.log.String()); diff != "" {
			t.Error(diff)
		}
	})
}
