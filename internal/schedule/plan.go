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

// plan says what is done when. Pure: time is an argument.
type plan struct {
	period, settle time.Duration
	jitter         time.Duration // this exporter's own delay beyond the settle delay
	maxAge         time.Duration // windows that ended longer ago are not caught up
}

// state is what the plan goes by.
type state struct {
	progress  progress
	backlog   backlog
	held      window.Window // whose averages are at hand, zero if none are
	clock     time.Time     // when it was brought up to date
	refreshed bool          // the last step was a refresh
}

// progress is how far the windows have come that are served.
type progress struct {
	done       window.Window // the newest that was computed, zero before the first
	failed     window.Window // the one whose last attempt failed
	failures   int           // how often in a row
	retryAt    time.Time     // when failed is tried again
	quietUntil time.Time     // when the upstream may be asked for anything again
}

// action is what there is to do.
type action int

const (
	wait    action = iota
	refresh        // compute a window and serve it
	check          // which of the missing windows have their completion marker
	deliver        // a missing window
	confirm        // which of the delivered windows are there
)

// step is what to do next, and from when on.
type step struct {
	do     action
	window window.Window
	at     time.Time
}

// advance brings the state up to date with the clock.
func (p plan) advance(now time.Time, s *state) {
	if now.Before(s.clock) { // moments by a clock that was wrong mean nothing
		s.progress.retryAt, s.progress.quietUntil = time.Time{}, time.Time{}
		s.backlog.stopWaiting()
	}
	s.clock = now
	newest := p.newest(now, s.progress)
	known := newest.End
	if p.computed(now, s.progress) {
		known = later(known, s.progress.done.End)
	}
	if s.backlog.highWater.After(known) { // begin again: the completion markers say what is there
		s.backlog = backlog{abandoned: s.backlog.abandoned}
	}
	oldest := earlier(now.Add(-p.maxAge), newest.Start)
	s.backlog.reach(newest.End, oldest, p.period)
	if p.maxAge == 0 { // no completion marker is of interest
		s.backlog.unchecked = false
	}
	if !s.backlog.unchecked {
		s.backlog.expire(oldest, s.held)
	}
}

// next returns what to do. What is served goes before what is delivered, but no two
// refreshes follow each other while a window could be delivered: even where a window
// takes longer than a period to compute, the missing ones get their turn.
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

// newest returns the newest window that may be computed. The jitter comes on top of the
// settle delay, except before the first window of all, for which somebody waits.
func (p plan) newest(now time.Time, s progress) window.Window {
	w := window.Settled(now, p.period, p.settle)
	if s.none() || w.Equal(s.failed) {
		return w
	}
	return window.Settled(now, p.period, p.settle+p.jitter)
}

// refresh returns the window to compute next in order to serve it, and the moment from
// which that may be.
func (p plan) refresh(now time.Time, s progress) (window.Window, time.Time) {
	w, at := p.newest(now, s), now
	switch {
	case p.computed(now, s) && !w.End.After(s.done.End):
		w = s.done.Next()
		at = p.due(w)
	case w.Equal(s.failed):
		// A newer window does not wait for an older one's next attempt.
		at = earlier(s.retryAt, p.due(w.Next()))
	}
	return w, later(at, s.quietUntil)
}

// look returns the attempt at the window that is newest by a clock that may be right, or not:
// the upstream's answer shows it.
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

// slow is how long a window may be computed before that is worth a line in the log.
func (p plan) slow() time.Duration { return min(p.period/10, mostSlow) }

// deliveryTime is how long a delivery may take: until there is a window to serve, but not
// so short that it is never done.
func (p plan) deliveryTime(now time.Time, s progress) time.Duration {
	_, at := p.refresh(now, s)
	return max(at.Sub(now), p.period/10)
}

// none says whether nothing was tried yet.
func (s progress) none() bool { return s.done.IsZero() && s.failed.IsZero() }

// due returns the moment from which this exporter computes w.
func (p plan) due(w window.Window) time.Time { return w.Due(p.settle + p.jitter) }

// computed says whether there is a window to go on from. One that has not begun yet
// was computed before the clock was put right, and counts for nothing.
func (p plan) computed(now time.Time, s progress) bool {
	return !s.done.IsZero() && !now.Before(s.done.Start)
}

// succeeded records that w was computed.
func (s progress) succeeded(w window.Window) progress {
	return progress{done: w}
}

// failedAt records that an attempt at w failed, where the upstream may have asked to
// be left alone for a while.
func (p plan) failedAt(now time.Time, s progress, w window.Window, retryAfter time.Duration) progress {
	if !w.Equal(s.failed) {
		s.failed, s.failures = w, 0
	}
	s.failures++
	s.retryAt = now.Add(p.backoff().Wait(s.failures, 0))
	s.quietUntil = now.Add(min(retryAfter, p.period))
	return s
}

// postponed records that a window was not delivered for its own sake, or so it seems: a
// receiver may also refuse all of them.
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

// paused records that no window can be delivered for now. Others may deliver meanwhile.
func (p plan) paused(now time.Time, b *backlog, retryAfter time.Duration) (attempt int, retryAt time.Time) {
	b.pause.failures++
	b.begin(now.Add(p.backoff().Wait(b.pause.failures, retryAfter)))
	return b.pause.failures, b.pause.until
}

func (p plan) backoff() backoff.Policy {
	return backoff.Policy{First: firstRetry, Longest: min(p.period/10, slowestRetry), RetryAfter: p.period}
}

// expires returns the moment from which w is too old to be served: its successor is
// overdue by then, and a scraper would store w's values as the successor's.
func (p plan) expires(w window.Window) time.Time {
	return p.due(w.Next()).Add(max(p.period/10, leastGrace))
}

// mostJitter is a sixtieth of the period, a minute at most: enough to keep replicas
// apart, whose refreshes take seconds, and little that values come later.
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
