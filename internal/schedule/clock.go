package schedule

import (
	"errors"
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// skewTolerance is the error of a Date header: it has whole seconds, and takes time to arrive.
const skewTolerance = 2 * time.Second

// errNotEnded is the failure of a window that has not settled by the upstream's clock.
var errNotEnded = errors.New("the window has not settled by the upstream's clock")

// upstreamClock is the loop's clock: this machine's, corrected by its difference from the
// upstream's, which timestamps the samples.
type upstreamClock struct {
	local  func() time.Time
	server func() (time.Time, bool) // the last answer's time plus the time since; nil if unknown
	skew   time.Duration            // how far the local clock is ahead
	logged time.Duration            // the skew that was logged last
}

// now returns the current time. It is not sure if the local clock has moved ahead since the last
// answer: either the clock was set forward, or the machine was suspended, and monotonic time
// stood still. Only another answer shows which.
func (c *upstreamClock) now() (now time.Time, sure bool) {
	ahead, known := c.ahead()
	switch {
	case known && ahead > c.skew+skewTolerance:
		return c.wall().Add(-ahead), false
	case known && ahead < c.skew-skewTolerance:
		c.skew = ahead
	}
	return c.wall().Add(-c.skew), true
}

// ahead returns how far the local clock is ahead of the upstream's.
func (c *upstreamClock) ahead() (ahead time.Duration, known bool) {
	if c.server == nil {
		return 0, false
	}
	server, known := c.server()
	return c.wall().Sub(server), known
}

// wall returns the local time without its monotonic reading, which would hide that the clock
// was set.
func (c *upstreamClock) wall() time.Time { return c.local().Round(0) }

// check updates the skew from the last answer. It returns an error unless w is settled by the
// upstream's clock.
func (c *upstreamClock) check(w window.Window, settle time.Duration) error {
	ahead, known := c.ahead()
	if !known {
		return nil
	}
	if (ahead - c.skew).Abs() > skewTolerance {
		c.skew = ahead
	}
	server := c.wall().Add(-ahead)
	if !server.Before(w.Due(settle - min(settle, skewTolerance))) {
		return nil
	}
	return fmt.Errorf("%w, which shows %s: this machine's clock is %s ahead: synchronize the clocks (NTP)",
		errNotEnded, server.UTC().Format(time.RFC3339), ahead.Round(time.Second))
}
