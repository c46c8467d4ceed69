// Package schedule computes each window when it is due, tries again what failed, and
// hangs what it got on the board.
package schedule

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// longestNap bounds how late a clock that was put forward is noticed.
const longestNap = 30 * time.Second

// Computer turns a window into averages.
type Computer interface {
	Compute(context.Context, window.Window) (*downsample.Averages, error)
}

// Board shows the newest window.
type Board interface {
	Publish(*exposition.Page)
}

// Config is what a Loop works with.
type Config struct {
	Computer    Computer
	Board       Board
	Period      time.Duration
	SettleDelay time.Duration
	Now         func() time.Time
	Log         *slog.Logger
	Registerer  prometheus.Registerer
}

// Loop computes one window after the other.
type Loop struct {
	computer Computer
	board    Board
	plan     plan
	now      func() time.Time
	log      *slog.Logger
	metrics  *metrics

	progress progress
	reached  time.Time // windows that end by then are computed, or are known to be missed

	mu     sync.Mutex
	status Status
}

// Status is how the loop is doing.
type Status struct {
	Ready     bool      // a window was computed since the start
	Next      time.Time // when the next computation begins, zero during one
	Error     string    // of the last attempt, "" if it succeeded
	ErrorTime time.Time
}

// New returns a loop that has not begun.
func New(cfg Config) *Loop {
	return &Loop{
		computer: cfg.Computer,
		board:    cfg.Board,
		plan:     plan{period: cfg.Period, settle: cfg.SettleDelay},
		now:      cfg.Now,
		log:      cfg.Log,
		metrics:  newMetrics(cfg.Registerer),
	}
}

// Run computes windows until ctx is done. No two computations overlap.
func (l *Loop) Run(ctx context.Context) {
	for ctx.Err() == nil {
		now := l.now()
		w, at := l.plan.next(now, l.progress)
		l.update(func(s *Status) { s.Next = at })
		if at.After(now) {
			nap(ctx, min(at.Sub(now), longestNap))
			continue
		}
		l.update(func(s *Status) { s.Next = time.Time{} })
		l.attempt(ctx, w)
	}
}

// Status returns how the loop is doing. It may be called at any time.
func (l *Loop) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

func (l *Loop) attempt(ctx context.Context, w window.Window) {
	l.reach(w)
	begun := l.now()
	averages, err := l.computer.Compute(ctx, w)
	if ctx.Err() != nil {
		return // told to stop: the window neither failed nor succeeded
	}
	var page *exposition.Page
	if err == nil {
		page, err = exposition.Encode(averages, l.plan.expires(w))
	}
	if err != nil {
		l.failed(w, err)
		return
	}
	l.board.Publish(page)
	l.succeeded(w, averages, l.now().Sub(begun))
}

// reach tells of the windows between the last one and w: there was no time for them,
// or they failed until w became due.
func (l *Loop) reach(w window.Window) {
	if missed := w.Start.Sub(l.reached); !l.reached.IsZero() && missed > 0 {
		l.log.Warn("Windows missed", "from", l.reached, "to", w.Start, "windows", int64(missed/l.plan.period))
	}
	l.reached = w.Start
}

func (l *Loop) succeeded(w window.Window, a *downsample.Averages, took time.Duration) {
	l.progress = l.progress.succeeded(w)
	l.reached = w.End
	l.metrics.succeeded(l.now(), took)
	l.update(func(s *Status) { *s = Status{Ready: true} })

	attrs := []any{"window", w.String(), "models", len(a.Models), "series", a.Cost.Series, "queries", a.Cost.Queries}
	if a.Cost.HasSamples {
		attrs = append(attrs, "samples_read", a.Cost.SamplesRead)
	}
	l.log.Info("Window computed", append(attrs, "duration", took.String())...)
}

func (l *Loop) failed(w window.Window, err error) {
	now, kind := l.now(), resultOf(err)
	l.progress = l.plan.failedAt(now, l.progress, w, upstream.RetryAfterOf(err))
	l.metrics.failed(kind)
	l.update(func(s *Status) { s.Error, s.ErrorTime = err.Error(), now })

	_, at := l.plan.next(now, l.progress)
	l.log.Warn("Window failed", "window", w.String(), "attempt", l.progress.failures, "kind", kind, "err", err,
		"next_try_in", max(at.Sub(now), 0).Round(time.Millisecond).String())
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
