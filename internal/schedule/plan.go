package schedule

import (
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

const (
	firstRetry   = time.Second
	slowestRetry = 5 * time.Minute
	leastGrace   = time.Minute
)

// plan says when which window is computed. Pure: time is an argument.
type plan struct {
	period, settle time.Duration
}

// progress is how far the windows have come.
type progress struct {
	done       window.Window // the newest that was computed, zero before the first
	failed     window.Window // the one whose last attempt failed
	failures   int           // how often in a row
	retryAt    time.Time     // when failed is tried again
	quietUntil time.Time     // when the upstream may be asked for anything again
}

// next returns the window to compute next, and the moment from which that may be.
func (p plan) next(now time.Time, s progress) (window.Window, time.Time) {
	w, at := window.Settled(now, p.period, p.settle), now
	switch {
	case p.computed(now, s) && !w.End.After(s.done.End):
		w = s.done.Next()
		at = w.Due(p.settle)
	case w == s.failed:
		// A newer window does not wait for an older one's next attempt.
		at = earlier(s.retryAt, w.Next().Due(p.settle))
	}
	return w, later(at, s.quietUntil)
}

// computed tells whether there is a window to go on from. One that has not begun yet
// was computed before the clock was put right, and counts for nothing.
func (p plan) computed(now time.Time, s progress) bool {
	return !s.done.End.IsZero() && !now.Before(s.done.Start)
}

// succeeded records that w was computed.
func (s progress) succeeded(w window.Window) progress {
	return progress{done: w}
}

// failedAt records that an attempt at w failed, where the upstream may have asked to
// be left alone for a while.
func (p plan) failedAt(now time.Time, s progress, w window.Window, retryAfter time.Duration) progress {
	if w != s.failed {
		s.failed, s.failures = w, 0
	}
	s.failures++
	s.retryAt = now.Add(p.backoff(s.failures))
	s.quietUntil = now.Add(min(retryAfter, p.period))
	return s
}

// backoff doubles with each failure, up to a tenth of the period.
func (p plan) backoff(failures int) time.Duration {
	most := min(p.period/10, slowestRetry)
	d := firstRetry
	for range failures - 1 {
		if d *= 2; d >= most {
			return most
		}
	}
	return min(d, most)
}

// expires returns the moment from which w is too old to be served: its successor is
// overdue by then, and a scraper would store w's values as the successor's.
func (p plan) expires(w window.Window) time.Time {
	return w.Next().Due(p.settle).Add(max(p.period/10, leastGrace))
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
