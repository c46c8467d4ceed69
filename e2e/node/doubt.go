package node

import (
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// doubts is by how much the truth itself may be off, per model:
//
//   - a start or an end by its lag, with all that the container used; where the lag holds a
//     scrape of kube-state-metrics, that one did not show it yet, so by an interval more;
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
			for metric, off := range doubt(p, c, late, h.KSMs[0].Schedule, window) {
				values[metric].V += off / window.Length().Seconds()
			}
		}
		out[m] = values
	}
	return out
}

// doubt returns it for the integral of each metric of a container.
func doubt(p *cluster.Pod, c *cluster.Container, late lags, ksm cluster.Schedule, window cluster.Span) (out [cluster.NumMetrics]float64) {
	for _, r := range c.Runs {
		in := r.And(window)
		used := in
		if in.Length() == 0 {
			used = r.Span // by as much as before, if it went on
		}
		_, cores := c.CPU.Range(used)
		_, memory := c.Memory.Range(used)
		for _, t := range []time.Duration{r.From, r.To} {
			lag := unsaid(late[edge{p.UID, c.Name, t}], ksm, window)
			out[cluster.Containers] += lag
			if window.Holds(t) {
				lag = max(lag, every.Seconds())
			}
			out[cluster.CPUUsage] += lag * cores
			out[cluster.MemoryUsage] += lag * memory
		}
		if in.Length() == 0 {
			continue
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

// unsaid returns for how many seconds of a window a lag leaves in doubt what scrapes showed.
func unsaid(lag cluster.Span, ksm cluster.Schedule, window cluster.Span) float64 {
	next := func(t time.Duration) time.Duration {
		n := (t - ksm.Offset) / ksm.Every
		for ksm.Offset+n*ksm.Every < t {
			n++
		}
		return ksm.Offset + n*ksm.Every
	}
	later := cluster.Span{From: next(lag.From), To: next(lag.To)} // empty unless there is a scrape in the lag
	return lag.And(window).Length().Seconds() + later.And(window).Length().Seconds()
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
