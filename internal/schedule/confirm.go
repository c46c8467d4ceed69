package schedule

import (
	"context"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

const (
	// lookAfter is how long after its delivery a window is looked for: a receiver may take a
	// while to make it visible.
	lookAfter = 30 * time.Second
	// mostDeliveries is how often a window is delivered that is not found afterwards.
	mostDeliveries = 3
)

// unconfirmed is a window that the receiver accepted and that was not found there yet.
type unconfirmed struct {
	window.Window
	deliveries int
	lookAt     time.Time
}

// looks returns when to look for the next delivered window, zero if there is none.
func (b *backlog) looks() time.Time {
	if len(b.unconfirmed) == 0 {
		return time.Time{}
	}
	return later(b.unconfirmed[0].lookAt, b.pause.until)
}

// takeUnconfirmed removes and returns the windows to look for now, the oldest first.
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

// lost makes a window missing again that the receiver accepted and does not have, unless it was
// delivered often enough.
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

// confirm looks for windows that were delivered. A receiver may accept samples that it does not
// store, or store them where they are not looked for.
func (l *Loop) confirm(ctx context.Context) {
	now, b := l.now(), &l.state.backlog
	due := b.takeUnconfirmed(now)
	there, err := l.deliverer.Delivered(ctx, due[0].Start, due[len(due)-1].End)
	if ctx.Err() != nil {
		return
	}
	if err != nil { // an answer that failed says nothing about the windows
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
		const text = "the receiver accepted the window, and it is not found there"
		l.update(func(s *Status) { s.DeliveryError, s.DeliveryErrorTime = text, now })
		l.log.Warn("Delivered window is not found", "window", u.Window, "deliveries", u.deliveries, "of", mostDeliveries,
			"next_try_in", wait.String(), "remedy", lostRemedy)
	}
}

const lostRemedy = "see whether the receiver stores what it accepts (its log, its limits; VictoriaMetrics drops what is older than its -retentionPeriod; some lose messages of version 2: set --remote-write.protobuf-message=prometheus.WriteRequest), and whether --remote-write.query-url reads the same server"
