package schedule

import (
	"errors"
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// skewTolerance is what a Date header leaves open: it has whole seconds, and takes its way.
const skewTolerance = 2 * time.Second

// errNotEnded says that a window has not ended, or not settled, by the upstream's clock.
var errNotEnded = errors.New("the window is not over by the upstream's clock")

// upstreamClock is what the loop goes by: the upstream's clock, which has stamped the samples, as
// far as it is known to differ from this machine's.
type upstreamClock struct {
	local  func() time.Time
	server func() (time.Time, bool) // nil if nobody knows it; from an answer and the time that was measured since
	skew   time.Duration            // by which the local clock is ahead
	logged time.Duration            // the skew that was logged last
}

// now returns the moment to go by. It is not sure where the local clock has moved ahead since
// the last answer: it was put forward, or the machine was suspended, during which nothing was
// measured. Only another answer can say which.
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

// wall returns what the local clock shows. A reading for measuring time would make moments
// by the clock before it was put right look sane.
func (c *upstreamClock) wall() time.Time { return c.local().Round(0) }

// check takes in the answer that has just come. It returns an error unless w is settled by
// the upstream's clock.
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
	return fmt.Errorf("%w, which shows %s: this machine's is %s ahead: synchronize them (NTP)",
		errNotEnded, server.UTC().Format(time.RFC3339), ahead.Round(time.Second))
}
