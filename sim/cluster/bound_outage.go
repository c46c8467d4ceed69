package cluster

import (
	"math"
	"time"
)

// outageDoubt returns what a model's integral is off by because the edges of outages
// within the window are known to a scrape interval only: the mean over the observed time
// then takes in, or leaves out, that much of a value that may not be the mean.
func (w *watch) outageDoubt(shares []share, m Metric, observed Spans, window Span, mean float64) float64 {
	every := w.sources(m).longest().Seconds()
	var sum float64
	for _, t := range outageEdges(observed, window) {
		sum += every * math.Abs(valueAt(shares, m, t)-mean)
	}
	return sum
}

// outageSeconds returns how much the observed time itself is off by.
func (w *watch) outageSeconds(m Metric, observed Spans, window Span) float64 {
	return w.sources(m).longest().Seconds() * float64(len(outageEdges(observed, window)))
}

// outageEdges returns the observed moments next to the edges of outages.
func outageEdges(observed Spans, window Span) []time.Duration {
	var out []time.Duration
	for _, o := range observed {
		if o.From > window.From {
			out = append(out, o.From)
		}
		if o.To < window.To {
			out = append(out, o.To-1)
		}
	}
	return out
}

// sources returns the targets that a metric comes from.
func (w *watch) sources(m Metric) targets {
	if m == CPUUsage || m == MemoryUsage {
		return w.all
	}
	return w.ksms
}

// valueAt returns the model's value at one moment.
func valueAt(shares []share, m Metric, t time.Duration) float64 {
	var sum float64
	for _, s := range shares {
		if !s.owned.Hold(t) {
			continue
		}
		for i := range s.pod.Containers {
			c := &s.pod.Containers[i]
			switch {
			case c.Role == Init:
			case m == Containers:
				sum += during(s.running(c))(t)
			case m == CPUUsage || m == MemoryUsage:
				for _, r := range c.Runs {
					if r.Holds(t) {
						sum += c.usage(m).At(t)
					}
				}
			default:
				if s.active().Hold(t) {
					sum += c.setting(m).At(t)
				}
			}
		}
	}
	return sum
}
