// Package window defines windows, and says which one is due. Pure: no clock, no I/O.
package window

import (
	"fmt"
	"log/slog"
	"time"
)

// Window is the half-open time [Start, End) of one set of averages. End is a whole multiple of
// the period since the Unix epoch, in UTC, so that two replicas, a restart and a backfill all
// compute the same windows.
type Window struct {
	Start, End time.Time
}

// Containing returns the window that contains t. The period has whole milliseconds. It computes
// in milliseconds, because nanoseconds overflow in the year 2262.
func Containing(t time.Time, period time.Duration) Window {
	ms, p := t.UnixMilli(), period.Milliseconds()
	offset := ms % p
	if offset < 0 {
		offset += p
	}
	start := time.UnixMilli(ms - offset).UTC()
	return Window{Start: start, End: start.Add(period)}
}

// Settled returns the newest window that ended at least the settle delay ago, so that late
// scrapes are stored.
func Settled(now time.Time, period, settle time.Duration) Window {
	return Containing(now.Add(-settle), period).Previous()
}

// Previous returns the window that ends where w starts.
func (w Window) Previous() Window {
	return Window{Start: w.Start.Add(-w.Period()), End: w.Start}
}

// Next returns the window that starts where w ends.
func (w Window) Next() Window {
	return Window{Start: w.End, End: w.End.Add(w.Period())}
}

// Period returns the window's length.
func (w Window) Period() time.Duration { return w.End.Sub(w.Start) }

// Due returns when w may be computed.
func (w Window) Due(settle time.Duration) time.Time { return w.End.Add(settle) }

// Equal says whether w and v are the same window. Unlike ==, it ignores time zones and
// monotonic readings.
func (w Window) Equal(v Window) bool { return w.Start.Equal(v.Start) && w.End.Equal(v.End) }

// IsZero says whether w is the zero window.
func (w Window) IsZero() bool { return w.End.IsZero() }

// LogValue logs w as text in every log format.
func (w Window) LogValue() slog.Value { return slog.StringValue(w.String()) }

func (w Window) String() string {
	return fmt.Sprintf("[%s, %s)", w.Start.UTC().Format(time.RFC3339Nano), w.End.UTC().Format(time.RFC3339Nano))
}
