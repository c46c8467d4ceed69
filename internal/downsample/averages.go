// Package downsample turns a window into averages per model.
package downsample

import (
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Averages is what one window came to. It is immutable once made.
type Averages struct {
	Window   window.Window
	Coverage Coverage
	Models   []Model // sorted by workload.Model.Compare
	Cost     Cost
}

// Model is one model's averages.
type Model struct {
	workload.Model
	Values usage.Values
}

// Coverage tells how much of the window each kind of source observed, from 0 to 1.
type Coverage struct {
	KubeStateMetrics float64
	CAdvisor         float64
}

// Cost is what a window's queries asked of the upstream.
type Cost struct {
	Queries     int
	Series      int   // series in the answers
	SamplesRead int64 // samples the upstream says it read
	HasSamples  bool  // false where the upstream tells no stats
	PeakSamples int64 // the largest number of samples one query held
}
