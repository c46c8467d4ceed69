// Package schedule computes each window when it is due, publishes it, delivers every window,
// and tries again what failed.
package schedule

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/crash"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// longestNap bounds how late the loop notices that the clock was set forward.
const longestNap = 30 * time.Second

// Computer turns a window into averages.
type Computer interface {
	Compute(context.Context, window.Window) (*ledger.Averages, error)
}

// Board publishes the newest window.
type Board interface {
	Publish(*exposition.Page)
}

// Config is what a Loop works with.
type Config struct {
	Computer    Computer
	Board       Board
	Deliverer   Deliverer // nil if windows are only served
	Period      time.Duration
	SettleDelay time.Duration
	MaxAge      time.Duration // windows that ended longer ago are not delivered
	Random      func() float64
	Sleep       func(context.Context, time.Duration) // nil for the real one
	Now         func() time.Time
	ServerNow   func() (time.Time, bool) // the upstream's clock, false before its first answer; may be nil
	Log         *slog.Logger
	Registerer  prometheus.Registerer
}

// Loop computes and delivers windows, one step at a time.
type Loop struct {
	computer  Computer
	board     Board
	deliverer Deliverer
	plan      plan
	clock     upstreamClock
	sleep     func(context.Context, time.Duration)
	log       *slog.Logger
	metrics   *metrics

	state state
	held  *ledger.Averages // of the newest computed window

	mu     sync.Mutex
	status Status
}

// Status describes the loop.
type Status struct {
	Ready     bool      // a window was computed since the start
	Next      time.Time // when the next step begins, zero during a step
	Error     string    // of the last attempt at the newest window, "" if it succeeded
	ErrorTime time.Time

	Missing           int       // windows to deliver
	OldestMissing     time.Time // end of the oldest of them
	DeliveryError     string    // of the last delivery, "" if it succeeded
	DeliveryErrorTime time.Time
}

// New returns a loop that has not started. Random returns a number in [0, 1), the exporter's
// share of the jitter.
func New(cfg Config) *Loop {
	l := &Loop{
		computer:  cfg.Computer,
		board:     cfg.Board,
		deliverer: cfg.Deliverer,
		plan: plan{
			period: cfg.Period,
			settle: cfg.SettleDelay,
			jitter: time.Duration(cfg.Random() * float64(mostJitter(cfg.Period))),
			maxAge: cfg.MaxAge,
		},
		clock:   upstreamClock{local: cfg.Now, server: cfg.ServerNow},
		sleep:   cfg.Sleep,
		log:     cfg.Log,
		metrics: newMetrics(cfg.Registerer),
	}
	if l.sleep == nil {
		l.sleep = nap
	}
	if l.deliverer == nil {
		l.deliverer, l.plan.maxAge = noDelivery{}, 0
	}
	return l
}

// Resume takes the place of a loop whose Run has returned, before Run. If both deliver the same
// windows to the same place, it goes on with those that are missing, and asks at once again for
// what was waited for.
func (l *Loop) Resume(before *Loop, sameWindows bool) {
	l.status.Ready = before.status.Ready
	l.clock.skew, l.clock.logged = before.clock.skew, before.clock.logged
	if sameWindows {
		l.state.backlog = before.state.backlog
		l.state.backlog.stopWaiting()
	}
}

// Run computes and delivers windows until ctx is done. No two steps overlap.
func (l *Loop) Run(ctx context.Context) {
	for ctx.Err() == nil {
		now, sure := l.clock.now()
		l.plan.advance(now, &l.state)
		s := l.plan.next(now, &l.state)
		if sure {
			l.reportSkew()
		} else {
			s = l.plan.look(now, l.clock.wall(), l.state.progress)
		}
		l.show(s)
		switch s.do {
		case wait:
			l.sleep(ctx, min(s.at.Sub(now), longestNap))
		case refresh:
			l.refresh(ctx, s.window)
		case check:
			l.check(ctx)
		case deliver:
			l.deliver(ctx, s.window)
		case confirm:
			l.confirm(ctx)
		}
	}
}

// now returns the current time by the upstream's clock.
func (l *Loop) now() time.Time {
	now, _ := l.clock.now()
	return now
}

// show updates the status and the metrics before a step.
func (l *Loop) show(s step) {
	if s.do == wait || s.do == refresh {
		l.reportAbandoned()
	}
	missing := l.state.backlog.windows
	l.metrics.show(missing)
	l.update(func(st *Status) {
		st.Next, st.Missing, st.OldestMissing = s.at, len(missing), time.Time{}
		if s.do != wait {
			st.Next = time.Time{}
		}
		if len(missing) > 0 {
			st.OldestMissing = missing[0].End
		}
	})
}

// Status returns the current status. It may be called at any time.
func (l *Loop) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// refresh computes the newest window in order to serve it.
func (l *Loop) refresh(ctx context.Context, w window.Window) {
	l.state.refreshed = true
	averages, err := l.compute(ctx, w)
	if ctx.Err() != nil {
		return // stopped: the window has neither failed nor succeeded
	}
	now := l.now()
	if errors.Is(err, downsample.ErrNoSources) {
		l.state.backlog.empty(w)
	}
	if err != nil {
		l.state.progress = l.plan.failedAt(now, l.state.progress, w, promapi.RetryAfterOf(err))
		_, at := l.plan.refresh(now, l.state.progress)
		l.update(func(s *Status) { s.Error, s.ErrorTime = err.Error(), now })
		l.log.Warn("Window failed", failure(w, resultOf(err), err, l.state.progress.failures, at.Sub(now))...)
		return
	}
	l.state.progress = l.state.progress.succeeded(w)
	l.held, l.state.held = averages, w
	l.metrics.refreshed(now)
	l.state.backlog.found(w)
	l.update(func(s *Status) { s.Ready, s.Error, s.ErrorTime = true, "", time.Time{} })
}

// compute computes a window and publishes it.
func (l *Loop) compute(ctx context.Context, w window.Window) (*ledger.Averages, error) {
	begun := time.Now()
	slow := time.AfterFunc(l.plan.slow(), func() {
		l.log.Warn("Window is still being computed", "window", w, "after", l.plan.slow().String(), "remedy", "the upstream is slow or hangs: --log.level=debug shows its queries")
	})
	averages, err := crash.Guard(func() (*ledger.Averages, error) { return l.computer.Compute(ctx, w) })
	slow.Stop()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err == nil || errors.Is(err, downsample.ErrNoSources) {
		err = cmp.Or(l.clock.check(w, l.plan.settle), err)
	}
	var page *exposition.Page
	if err == nil {
		page, err = crash.Guard(func() (*exposition.Page, error) { return exposition.Encode(averages, l.plan.expires(w)) })
	}
	if err != nil {
		l.metrics.failed(resultOf(err))
		return nil, err
	}
	l.board.Publish(page)
	took := time.Since(begun)
	l.metrics.succeeded(took)
	l.metrics.invalid.Add(float64(averages.Invalid))
	l.log.Info("Window computed", "window", w, "models", len(averages.Models), "series", averages.Cost.Series,
		"queries", averages.Cost.Queries, "samples_read", averages.Cost.SamplesRead, "duration", took.String())
	return averages, nil
}

// reportSkew sets the metric of the clock skew, and logs the skew when it has changed.
func (l *Loop) reportSkew() {
	ahead, known := l.clock.ahead()
	if !known {
		return
	}
	l.metrics.skew.Set(ahead.Seconds())
	if (ahead - l.clock.logged).Abs() <= skewTolerance {
		return
	}
	l.clock.logged = ahead
	if ahead.Abs() <= skewTolerance {
		l.log.Info("This machine's clock agrees with the upstream's again")
		return
	}
	l.log.Warn("This machine's clock differs from the upstream's", "ahead", ahead.Round(time.Second).String(), "remedy", "synchronize the clocks (NTP); until then windows follow the upstream's")
}

// failure returns the attributes of a failure's log line.
func failure(w window.Window, kind string, err error, attempt int, wait time.Duration) []any {
	return append([]any{"window", w, "attempt", attempt, "kind", kind, "err", err,
		"next_try_in", max(wait, 0).Round(time.Millisecond).String()}, crash.StackOf(err)...)
}

func (l *Loop) update(change func(*Status)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.status)
}

// nap waits for d, or until ctx is done.
func nap(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
