package monitoring

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// want is what a query gives at a moment, by labels, where lines are told apart by "by".
type want func(at time.Time, by string) map[string]float64

// wants has the truth of the queries about windows, by their panel's title and their letter.
func wants() map[string]want {
	table := "Usage, requests and limits "
	return map[string]want{
		"Models A": total(func(downsample.Model) (float64, bool) { return 1, true }),

		"Containers running A":   total(value(usage.Containers)),
		"CPU used, cores A":      total(value(usage.CPUUsage)),
		"CPU requested, cores A": total(value(usage.CPURequests)),
		"Memory used A":          total(value(usage.MemoryUsage)),
		"Memory requested A":     total(value(usage.MemoryRequests)),

		table + "A": perEach(value(usage.Containers)),
		table + "B": perEach(value(usage.CPUUsage)),
		table + "C": perEach(value(usage.CPURequests)),
		table + "D": perEach(value(usage.CPULimits)),
		table + "E": ratio(perEach(value(usage.CPUUsage)), perEach(value(usage.CPURequests))),
		table + "F": perEach(value(usage.MemoryUsage)),
		table + "G": perEach(value(usage.MemoryRequests)),
		table + "H": perEach(value(usage.MemoryLimits)),
		table + "I": ratio(perEach(value(usage.MemoryUsage)), perEach(value(usage.MemoryRequests))),

		"Most CPU, in core-hours A":        overRange(perEach(value(usage.CPUUsage))),
		"Most memory A":                    perEach(value(usage.MemoryUsage)),
		"Least of its CPU requests used A": ratio(overRange(perEach(value(usage.CPUUsage))), overRange(perEach(value(usage.CPURequests)))),

		"CPU, cores A": total(value(usage.CPUUsage)),
		"CPU, cores B": total(value(usage.CPURequests)),
		"CPU, cores C": total(value(usage.CPULimits)),
		"Memory A":     total(value(usage.MemoryUsage)),
		"Memory B":     total(value(usage.MemoryRequests)),
		"Memory C":     total(value(usage.MemoryLimits)),

		"Containers, by $by A":               sum(value(usage.Containers)),
		"CPU used in cores, by $by A":        sum(value(usage.CPUUsage)),
		"Memory used, by $by A":              sum(value(usage.MemoryUsage)),
		"CPU used of requested, by $by A":    ratio(sum(valueWith(usage.CPUUsage, usage.CPURequests)), sum(value(usage.CPURequests))),
		"Memory used of requested, by $by A": ratio(sum(valueWith(usage.MemoryUsage, usage.MemoryRequests)), sum(value(usage.MemoryRequests))),

		"Coverage A": func(at time.Time, _ string) map[string]float64 {
			a := shownAt(at)
			if a == nil {
				return nil
			}
			return map[string]float64{"kube-state-metrics": a.Coverage.KubeStateMetrics, "cadvisor": a.Coverage.CAdvisor}
		},
	}
}

// shownAt returns the window that ended an hour before the full hour, nil if it is missing.
func shownAt(at time.Time) *downsample.Averages {
	if hour := int(at.Sub(epoch)/period) - 2; hour != missing {
		return truth(hour)
	}
	return nil
}

// of is a model's value, if it has one.
type of func(downsample.Model) (float64, bool)

func value(metric usage.Metric) of {
	return func(m downsample.Model) (float64, bool) { return m.Values[metric].V, m.Values[metric].OK }
}

// valueWith is a metric of the models that have the other one as well.
func valueWith(metric, other usage.Metric) of {
	return func(m downsample.Model) (float64, bool) {
		return m.Values[metric].V, m.Values[metric].OK && m.Values[other].OK
	}
}

func sum(v of) want {
	return func(at time.Time, by string) map[string]float64 {
		out := map[string]float64{}
		a := shownAt(at)
		if a == nil {
			return out
		}
		for _, m := range a.Models {
			if v, ok := v(m); ok {
				out[group(m, by)] += v
			}
		}
		return out
	}
}

func group(m downsample.Model, by string) string {
	label := map[string]string{"namespace": m.Namespace, "type": m.Type, "name": m.Name}
	var parts []string
	for name := range strings.SplitSeq(by, ", ") {
		if name != "" {
			parts = append(parts, label[name])
		}
	}
	return strings.Join(parts, "/")
}

func total(v of) want   { return regroup(sum(v), "") }
func perEach(v of) want { return regroup(sum(v), perModel) }

func regroup(w want, by string) want {
	return func(at time.Time, _ string) map[string]float64 { return w(at, by) }
}

// overRange adds up what is shown at the full hours from the earliest moment on.
func overRange(w want) want {
	return func(at time.Time, by string) map[string]float64 {
		out := map[string]float64{}
		for hour := earliest.Truncate(period).Add(period); !hour.After(at); hour = hour.Add(period) {
			for labels, v := range w(hour, by) {
				out[labels] += v
			}
		}
		return out
	}
}

func ratio(a, b want) want {
	return func(at time.Time, by string) map[string]float64 {
		out := a(at, by)
		divisors := b(at, by)
		for _, labels := range slices.Collect(maps.Keys(out)) {
			if d, ok := divisors[labels]; ok {
				out[labels] /= d
			} else {
				delete(out, labels)
			}
		}
		return out
	}
}
