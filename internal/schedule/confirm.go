package schedule

import (
	"context"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

const (
	// lookAfter is when a window that was delivered is looked for: a receiver may take a while to
	// show what it has taken.
	lookAfter = 30 * time.Second
	// mostDeliveries is how often a receiver is given a window that is then not to be found.
	mostDeliveries = 3
)

// unconfirmed is a window that the receiver took, and that was not seen there yet.
type unconfirmed struct {
	window.Window
	deliveries int
	lookAt     time.Time
}

// looks returns when the next delivered window is to be looked for, zero if none is.
func (b *backlog) looks() time.Time {
	if len(b.unconfirmed) == 0 {
		return time.Time{}
	}
	return later(b.unconfirmed[0].lookAt, b.pause.until)
}

// takeUnconfirmed takes out the windows that are to be looked for by now, the oldest first.
func (b *backlog) takeUnconfirmed(now time.Time) []unconfirmed {
	n := 0
	for n < len(b.unconfirmed) && !b.unconfirmed[n].lookAt.After(now) {
		n++
	}
	due := slices.Clone(b.unconfirmed[:n])
	b.unconfirmed = b.unconfirmed[n:]
	slices.SortFunc(due, func(a, b unconfirmed) int { return a.End.Compare(b.End) })
	return due
}

// lost makes a window missing again that the receiver took and does not have, unless it has been
// given it often enough.
func (b *backlog) lost(u unconfirmed, retryAt time.Time) {
	if u.deliveries >= mostDeliveries {
		b.giveUp(lost, window.SpanOf(u.Start, u.End, u.Period()))
		return
	}
	at, found := slices.BinarySearchFunc(b.windows, u.End, func(m missing, end time.Time) int { return m.End.Compare(end) })
	if !found {
		b.windows = slices.Insert(b.windows, at, missing{Window: u.Window, deliveries: u.deliveries, retryAt: retryAt})
	}
}

// confirm looks for windows that were delivered. A receiver may take what it then does not
// store, or store it where it is not looked for.
func (l *Loop) confirm(ctx context.Context) {
	now, b := l.now(), &l.state.backlog
	due := b.takeUnconfirmed(now)
	there, err := l.deliverer.Delivered(ctx, due[0].Start, due[len(due)-1].End)
	if ctx.Err() != nil {
		return
	}
	if err != nil { // that nobody could look says nothing of what is there
		b.unconfirmed = append(due, b.unconfirmed...)
		l.deliveryFailed(due[0].Window, err)
		return
	}
	for _, u := range due {
		if there.Has(u.End) {
			continue
		}
		wait := l.plan.backoff().Longest
		b.lost(u, l.now().Add(wait))
		const text = "the receiver took the window, and it is not to be found"
		l.update(func(s *Status) { s.DeliveryError, s.DeliveryErrorTime = text, now })
		l.log.Warn("Delivered window is not found", "window", u.Window, "deliveries", u.deliveries, "of", mostDeliveries,
			"next_try_in", wait.String(), "remedy", lostRemedy)
	}
}

const lostRemedy = "see whether the receiver stores what it accepts (its log, its limits; some lose messages of version 2: set --remote-write.protobuf-message=prometheus.WriteRequest), and whether --remote-write.query-url reads the same server"
