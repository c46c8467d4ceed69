package cluster

import "math"

// Label is one label of a series.
type Label struct{ Name, Value string }

// Sample is one sample, its time in milliseconds since the Unix epoch.
type Sample struct {
	T int64
	V float64
}

// Series is one series as a Prometheus stores it: labels sorted by name, __name__
// among them, and samples sorted by time.
type Series struct {
	Labels  []Label
	Samples []Sample
}

// StaleNaN is the value of a staleness marker: the bits by which Prometheus knows
// that a series ended (model/value.StaleNaN).
func StaleNaN() float64 { return math.Float64frombits(0x7ff0000000000002) }
