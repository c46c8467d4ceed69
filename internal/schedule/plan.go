package schedule

import (
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/backoff"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

const (
	firstRetry   = time.Second
	slowestRetry = 5 * time.Minute
	leastGrace   = time.Minute
	mostSlow     = 2 * time.Minute
)

// plan decides what to do when. Pure: time is an argument.
type plan struct {
	period, settle time.Duration
	jitter         time.Duration // this exporter's delay in addition to the settle delay
	maxAge         time.Duration // windows that ended longer ago are not caught up
}

// state is what the plan depends on.
type state struct {
	progress  progress
	backlog   backlog
	held      window.Window // whose averages the loop holds, zero if none
	clock     time.Time     // of the last advance
	refreshed bool          // the last step was a refresh
}

// progress describes the windows that are served.
type progress struct {
	done       window.Window // the newest that was computed, zero before the first
	failed     window.Window // the one whose last attempt failed
	failures   int           // in a row
	retryAt    time.Time     // when failed is tried again
	quietUntil time.Time     // when the upstream may be asked again at all
}

// action is something to do.
type action int

const (
	wait    action = iota
	refresh        // compute a window and serve it
	check          // find out which missing windows have their completion marker
	deliver        // deliver a missing window
	confirm        // find out which delivered windows are stored
)

// step is the next action, and its time.
type step struct {
	do     action
	window window.Window
	at     time.Time
}

// advance brings the state up to date with the clock.
func (p plan) advance(now time.Time, s *state) {
	if now.Before(s.clock) { // the clock was set back: times of the old clock mean nothing
		s.progress.retryAt, s.progress.quietUntil = time.Time{}, time.Time{}
		s.backlog.stopWaiting()
	}
	s.clock = now
	newest := p.newest(now, s.progress)
	known := newest.End
	if p.computed(now, s.progress) {
		known = later(known, s.progress.done.End)
	}
	if s.backlog.highWater.After(known) { // start over: the completion markers show what is delivered
		s.backlog = backlog{abandoned: s.backlog.abandoned}
	}
	oldest := earlier(now.Add(-p.maxAge), newest.Start)
	s.backlog.reach(newest.End, oldest, p.period)
	if p.maxAge == 0 { // only the newest window is delivered: no need to check
		s.backlog.unchecked = false
	}
	if !s.backlog.unchecked {
		s.backlog.expire(oldest, s.held)
	}
}

// next returns the next step. Serving comes before delivering, but no two refreshes follow
// each other while a window could be delivered: even if a window takes longer than a period
// to compute, missing windows are delivered.
func (p plan) next(now time.Time, s *state) step {
	coming, at := p.refresh(now, s.progress)
	w, from := s.backlog.next(now, s.progress.done.End, coming)
	if !from.IsZero() {
		from = later(from, s.progress.quietUntil)
	}
	looks := s.backlog.looks()
	refreshes, delivers, confirms := !at.After(now), !from.IsZero() && !from.After(now), !looks.IsZero() && !looks.After(now)
	switch {
	case confirms && (!refreshes || s.refreshed):
		return step{confirm, s.backlog.unconfirmed[0].Window, now}
	case delivers && (!refreshes || s.refreshed) && s.backlog.unchecked:
		return step{check, w, now}
	case delivers && (!refreshes || s.refreshed):
		return step{deliver, w, now}
	case refreshes:
		return step{refresh, coming, now}
	}
	next := step{wait, coming, at}
	if !from.IsZero() && from.Before(at) {
		next = step{wait, w, from}
	}
	if !looks.IsZero() {
		next.at = earlier(next.at, looks)
	}
	return next
}

// newest returns the newest window that may be computed. The jitter is added to the settle
// delay, except for the first window, which is served as soon as possible.
func (p plan) newest(now time.Time, s progress) window.Window {
	w := window.Settled(now, p.period, p.settle)
	if s.none() || w.Equal(s.failed) {
		return w
	}
	return window.Settled(now, p.period, p.settle+p.jitter)
}

// refresh returns the window to compute next in order to serve it, and when.
func (p plan) refresh(now time.Time, s progress) (window.Window, time.Time) {
	w, at := p.newest(now, s), now
	switch {
	case p.computed(now, s) && !w.End.After(s.done.End):
		w = s.done.Next()
		at = p.due(w)
	case w.Equal(s.failed):
		// A newer window does not wait for the next attempt at an older one.
		at = earlier(s.retryAt, p.due(w.Next()))
	}
	return w, later(at, s.quietUntil)
}

// look returns an attempt at the window that is newest by the local clock, which may be wrong:
// the upstream's answer shows that.
func (p plan) look(now, local time.Time, s progress) step {
	w, at := window.Settled(local, p.period, p.settle), now
	if w.Equal(s.failed) {
		at = later(now, s.retryAt)
	}
	if at = later(at, s.quietUntil); at.After(now) {
		return step{wait, w, at}
	}
	return step{refresh, w, now}
}

// slow is how long a window may be computed before a warning is logged.
func (p plan) slow() time.Duration { return min(p.period/10, mostSlow) }

// deliveryTime is how long a delivery may take: until there is a window to serve, but at least
// a tenth of the period, so that it can succeed.
func (p plan) deliveryTime(now time.Time, s progress) time.Duration {
	_, at := p.refresh(now, s)
	return max(at.Sub(now), p.period/10)
}

// none says whether no window was tried yet.
func (s progress) none() bool { return s.done.IsZero() && s.failed.IsZero() }

// due returns when this exporter computes w.
func (p plan) due(w window.Window) time.Time { return w.Due(p.settle + p.jitter) }

// computed says whether the window that was computed last is valid. If it has not begun yet,
// it was computed before the clock was set back, and does not count.
func (p plan) computed(now time.Time, s progress) bool {
	return !s.done.IsZero() && !now.Before(s.done.Start)
}

// succeeded records that w was computed.
func (s progress) succeeded(w window.Window) progress {
	return progress{done: w}
}

// failedAt records that an attempt at w failed. The upstream may have asked for a pause.
func (p plan) failedAt(now time.Time, s progress, w window.Window, retryAfter time.Duration) progress {
	if !w.Equal(s.failed) {
		s.failed, s.failures = w, 0
	}
	s.failures++
	s.retryAt = now.Add(p.backoff().Wait(s.failures, 0))
	s.quietUntil = now.Add(min(retryAfter, p.period))
	return s
}

// postponed records that a window could not be delivered, probably because of its content. A
// receiver may also refuse all windows like that.
func (p plan) postponed(now time.Time, b *backlog, w window.Window) (attempt int, retryAt time.Time) {
	m := b.find(w)
	m.failures++
	b.failed++
	if b.failed > b.pause.failures-patience+1 {
		_, retryAt = p.paused(now, b, 0)
	} else {
		retryAt = now.Add(p.backoff().Wait(b.pause.failures+1, 0))
		m.retryAt = retryAt
	}
	return m.failures, retryAt
}

// paused records that no window can be delivered for now. Another exporter may deliver some
// meanwhile.
func (p plan) paused(now time.Time, b *backlog, retryAfter time.Duration) (attempt int, retryAt time.Time) {
	b.pause.failures++
	b.begin(now.Add(p.backoff().Wait(b.pause.failures, retryAfter)))
	return b.pause.failures, b.pause.until
}

func (p plan) backoff() backoff.Policy {
	return backoff.Policy{First: firstRetry, Longest: min(p.period/10, slowestRetry), RetryAfter: p.period}
}

// expires returns when w becomes too old to be served: its successor is overdue then, and a
// scraper would store w's values as the successor's.
func (p plan) expires(w window.Window) time.Time {
	return p.due(w.Next()).Add(max(p.period/10, leastGrace))
}

// mostJitter is a sixtieth of the period, a minute at most: enough for replicas, whose
// refreshes take seconds, not to coincide, and a small delay.
func mostJitter(period time.Duration) time.Duration {
	return min(period/60, time.Minute)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
