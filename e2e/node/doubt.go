package node

import (
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// doubts is by how much the truth itself may be off, per model:
//
//   - a start or an end by its lag, with all that the container used;
//   - what was used after the last reading of a counter, for as long as there is between two;
//   - a counter at the window's start and end, which lie between two readings;
//   - memory, by what it did between two readings.
func doubts(h *cluster.History, late lags, window cluster.Span) map[cluster.Model]cluster.Values {
	out := map[cluster.Model]cluster.Values{}
	for i := range h.Pods {
		p := &h.Pods[i]
		m, ok := modelOf(p)
		if !ok || p.Life.And(window).Length() == 0 {
			continue
		}
		values := out[m]
		for j := range p.Containers {
			c := &p.Containers[j]
			if c.Role == cluster.Init {
				continue
			}
			for metric, off := range doubt(p, c, late, window) {
				values[metric].V += off / window.Length().Seconds()
			}
		}
		out[m] = values
	}
	return out
}

// doubt returns it for the integral of each metric of a container.
func doubt(p *cluster.Pod, c *cluster.Container, late lags, window cluster.Span) (out [cluster.NumMetrics]float64) {
	for _, r := range c.Runs {
		in := r.And(window)
		if in.Length() == 0 {
			continue
		}
		_, cores := c.CPU.Range(in)
		_, memory := c.Memory.Range(in)
		for _, t := range []time.Duration{r.From, r.To} {
			if !window.Holds(t) {
				continue
			}
			lag := late[edge{p.UID, c.Name, t}]
			out[cluster.Containers] += lag.Seconds()
			out[cluster.CPUUsage] += max(lag, every).Seconds() * cores
			out[cluster.MemoryUsage] += max(lag, every).Seconds() * memory
		}
		for _, t := range []time.Duration{window.From, window.To} {
			if r.From < t && t < r.To {
				out[cluster.CPUUsage] += every.Seconds() * c.CPU.At(t)
			}
		}
		out[cluster.MemoryUsage] += every.Seconds() * c.Memory.Variation(in) / 2
	}
	return out
}

// modelOf returns the model that a pod's labels name.
func modelOf(p *cluster.Pod) (cluster.Model, bool) {
	labels := p.Labels[0].Set
	for _, k := range cluster.DefaultKinds() {
		carries := true
		for label, value := range k.Where {
			carries = carries && labels[label] == value
		}
		for _, label := range k.Labels {
			if carries && labels[label] != "" {
				return cluster.Model{Namespace: p.Namespace, Type: k.Name, Name: labels[label]}, true
			}
		}
	}
	return cluster.Model{}, false
}
