// Package backoff says how long to wait before something is tried again. Pure: it waits for
// nothing itself.
package backoff

import "time"

// Policy doubles the wait with each failure in a row.
type Policy struct {
	First, Longest time.Duration
	RetryAfter     time.Duration // the longest wait that a server may ask for
}

// Wait returns the wait after so many failures in a row, where the server has asked to be left
// alone for a while, or not (0).
func (p Policy) Wait(failures int, retryAfter time.Duration) time.Duration {
	wait := min(p.First, p.Longest)
	for n := 1; n < failures && wait < p.Longest; n++ {
		wait = min(2*wait, p.Longest)
	}
	return max(wait, min(retryAfter, p.RetryAfter))
}
