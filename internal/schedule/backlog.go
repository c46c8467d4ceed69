package schedule

import (
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// patience is how many rounds end at the first window that fails, because a receiver may
// need windows in order. After that, each round may have one more failure, so that the
// newer windows are delivered however many of the older ones fail.
const patience = 3

// reason is why a window is given up.
type reason string

const (
	tooLate reason = "too_late" // it ended longer ago than windows are caught up
	noData  reason = "no_data"  // its sources have no data, though a newer window's have
	tooOld  reason = "too_old"  // the receiver accepts nothing that old
	lost    reason = "lost"     // the receiver accepted it and does not have it
)

func reasons() []reason { return []reason{tooLate, noData, tooOld, lost} }

// missing is a window that has ended and is not delivered yet.
type missing struct {
	window.Window
	failures int
	retryAt  time.Time
	// noDataAt is the end of the newest window when this one had no data. It is tried again
	// after a newer window was computed.
	noDataAt   time.Time
	deliveries int // that the receiver accepted
}

// backlog is the set of missing windows. It is lost with the process, and rebuilt from the
// completion markers of the windows that were delivered.
type backlog struct {
	windows     []missing     // oldest first
	highWater   time.Time     // all windows that end up to here are in windows, or done
	unchecked   bool          // some of the windows may have their completion marker
	unconfirmed []unconfirmed // delivered and not confirmed yet; oldest delivery first
	pause       pause
	failed      int                      // windows that failed in this round
	abandoned   map[reason][]window.Span // given up, and not yet reported
	setting     string                   // of the receiver, for those that were tooOld
}

// pause is the time between two rounds. Each round begins with the oldest window.
type pause struct {
	failures int // rounds that failed since a window was delivered
	until    time.Time
}

// reach adds the windows that end after oldest and up to newest.
func (b *backlog) reach(newest, oldest time.Time, period time.Duration) {
	from := b.highWater
	if end := window.Containing(oldest, period).Start; from.Before(end) {
		if !from.IsZero() {
			b.giveUp(tooLate, window.SpanOf(from, end, period))
		}
		from = end
	}
	due := window.EndingIn(from, newest, period)
	for _, w := range due {
		b.windows = append(b.windows, missing{Window: w})
	}
	b.unchecked = b.unchecked || len(due) > 1
	b.highWater = later(b.highWater, newest)
}

// stopWaiting forgets all times to wait for.
func (b *backlog) stopWaiting() {
	b.pause.until = time.Time{}
	for i := range b.windows {
		b.windows[i].retryAt, b.windows[i].noDataAt = time.Time{}, time.Time{}
	}
}

// begin begins a new round at a time. It checks again which windows are delivered.
func (b *backlog) begin(at time.Time) {
	b.pause.until, b.failed, b.unchecked = at, 0, true
	for i := range b.windows {
		b.windows[i].retryAt = time.Time{}
	}
}

// expire gives up the windows that ended up to oldest, except the one whose averages are held.
func (b *backlog) expire(oldest time.Time, held window.Window) {
	for _, m := range slices.Clone(b.windows) {
		switch {
		case m.End.After(oldest) || m.Equal(held):
		case m.noDataAt.IsZero():
			b.drop(m.Window, tooLate)
		default:
			b.drop(m.Window, noData)
		}
	}
}

// next returns the window to deliver next, and when: a zero time if there is none. A window
// without data waits until a newer window was computed.
func (b *backlog) next(now, computed time.Time, except window.Window) (next window.Window, at time.Time) {
	for _, m := range b.windows {
		waits := !m.noDataAt.IsZero() && !computed.After(m.noDataAt)
		if m.Equal(except) || waits {
			continue
		}
		t := later(m.retryAt, b.pause.until)
		if at.IsZero() || t.Before(at) {
			next, at = m.Window, later(t, now)
		}
		if !t.After(now) {
			break
		}
	}
	return next, at
}

// checked removes the windows that are delivered, by their ends.
func (b *backlog) checked(there window.Ends) {
	b.windows = slices.DeleteFunc(b.windows, func(m missing) bool { return there.Has(m.End) })
	b.unchecked = false
}

// delivered removes a window that was delivered. It is looked for at lookAt.
func (b *backlog) delivered(w window.Window, lookAt time.Time) {
	if m := b.find(w); m != nil {
		b.unconfirmed = append(b.unconfirmed, unconfirmed{Window: w, deliveries: m.deliveries + 1, lookAt: lookAt})
	}
	b.remove(w)
	b.pause.failures, b.failed = 0, 0
}

func (b *backlog) remove(w window.Window) {
	b.windows = slices.DeleteFunc(b.windows, func(m missing) bool { return m.Equal(w) })
}

// drop gives up a window.
func (b *backlog) drop(w window.Window, why reason) {
	b.remove(w)
	b.giveUp(why, window.SpanOf(w.Start, w.End, w.Period()))
}

func (b *backlog) giveUp(why reason, s window.Span) {
	if b.abandoned == nil {
		b.abandoned = map[reason][]window.Span{}
	}
	b.abandoned[why] = append(b.abandoned[why], s)
}

// empty records that a window had no data. It is tried once more when a newer window has
// data, because late data arrives in order.
func (b *backlog) empty(w window.Window) {
	if m := b.find(w); m != nil {
		m.noDataAt = b.highWater
	}
}

// found records that a window has data.
func (b *backlog) found(w window.Window) {
	if m := b.find(w); m != nil {
		m.noDataAt = time.Time{}
	}
}

// find returns a window's entry, nil if it is not missing.
func (b *backlog) find(w window.Window) *missing {
	i := slices.IndexFunc(b.windows, func(m missing) bool { return m.Equal(w) })
	if i < 0 {
		return nil
	}
	return &b.windows[i]
}
