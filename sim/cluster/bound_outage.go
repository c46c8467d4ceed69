package cluster

import (
	"math"
	"slices"
	"time"
)

// outageDoubt returns what a model's integral is off by because the edges of outages
// within the window are known to a scrape interval only: the mean over the observed time
// then takes in, or leaves out, that much of a value that may not be the mean.
func (w *watch) outageDoubt(shares []share, m Metric, observed Spans, window Span, mean float64) float64 {
	every := w.sources(m).longest().Seconds()
	var sum float64
	for _, t := range w.outageEdges(m, observed, window) {
		sum += every * math.Abs(valueAt(shares, m, t)-mean)
	}
	return sum
}

// outageSeconds returns how much the observed time itself is off by.
func (w *watch) outageSeconds(m Metric, observed Spans, window Span) float64 {
	return w.sources(m).longest().Seconds() * float64(len(w.outageEdges(m, observed, window)))
}

// outageEdges returns the observed moments next to the edges of outages, and the window's first one if
// an outage began so soon before it that it may as well have begun in it.
func (w *watch) outageEdges(m Metric, observed Spans, window Span) []time.Duration {
	var out []time.Duration
	watchers := w.watching(m)
	if last := watchers.silence(window.From).From; !observed.Hold(window.From) && window.From-last < watchers.longest() {
		out = append(out, window.From)
	}
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
func (w watchers) sources(m Metric) targets {
	if m == CPUUsage || m == MemoryUsage {
		return w.all
	}
	return w.ksms
}

// watching returns these of both Prometheus servers.
func (w *watch) watching(m Metric) targets { return slices.Concat(w.sources(m), w.beside.sources(m)) }

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
