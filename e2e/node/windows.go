package node

import "time"

// windows are successive windows of the exporter's.
type windows struct {
	first  time.Time // when the first begins
	period time.Duration
	n      int
}

func (w windows) start(i int) time.Time { return w.first.Add(time.Duration(i) * w.period) }

func (w windows) end(i int) time.Time { return w.start(i + 1) }

// The periods that windows may have: two minutes, or little more or less.
const (
	shortest = 110 * time.Second
	longest  = 130 * time.Second
)

// soonest returns windows of that period whose first begins soonest after a moment. Windows
// begin at multiples of their period, so the next of just two minutes is a minute away on average.
func soonest(after time.Time, n int) windows {
	var best windows
	for period := shortest; period <= longest; period += time.Second {
		epoch := time.Unix(0, 0) // Truncate counts from another
		first := epoch.Add((after.Sub(epoch)/period + 1) * period)
		if best.n == 0 || first.Before(best.first) {
			best = windows{first, period, n}
		}
	}
	return best
}
