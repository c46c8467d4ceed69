package monitoring

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// want is what a query gives at a moment, by labels, where lines are told apart by "by".
type want func(at time.Time, by string) map[string]float64

// wants has the truth of the queries about windows, by their panel's title and their letter.
func wants() map[string]want {
	table := "Usage, requests and limits "
	return map[string]want{
		"Models A": total(func(ledger.Model) (float64, bool) { return 1, true }),

		"Containers running A":   total(value(cluster.Containers)),
		"CPU used, cores A":      total(value(cluster.CPUUsage)),
		"CPU requested, cores A": total(value(cluster.CPURequests)),
		"Memory used A":          total(value(cluster.MemoryUsage)),
		"Memory requested A":     total(value(cluster.MemoryRequests)),

		table + "A": perEach(value(cluster.Containers)),
		table + "B": perEach(value(cluster.CPUUsage)),
		table + "C": perEach(value(cluster.CPURequests)),
		table + "D": perEach(value(cluster.CPULimits)),
		table + "E": ratio(perEach(value(cluster.CPUUsage)), perEach(value(cluster.CPURequests))),
		table + "F": perEach(value(cluster.MemoryUsage)),
		table + "G": perEach(value(cluster.MemoryRequests)),
		table + "H": perEach(value(cluster.MemoryLimits)),
		table + "I": ratio(perEach(value(cluster.MemoryUsage)), perEach(value(cluster.MemoryRequests))),

		"Most CPU, in core-hours A":        overRange(perEach(value(cluster.CPUUsage))),
		"Most memory A":                    perEach(value(cluster.MemoryUsage)),
		"Least of its CPU requests used A": ratio(overRange(perEach(value(cluster.CPUUsage))), overRange(perEach(value(cluster.CPURequests)))),

		"CPU, cores A": total(value(cluster.CPUUsage)),
		"CPU, cores B": total(value(cluster.CPURequests)),
		"CPU, cores C": total(value(cluster.CPULimits)),
		"Memory A":     total(value(cluster.MemoryUsage)),
		"Memory B":     total(value(cluster.MemoryRequests)),
		"Memory C":     total(value(cluster.MemoryLimits)),

		"Containers, by $by A":               sum(value(cluster.Containers)),
		"CPU used in cores, by $by A":        sum(value(cluster.CPUUsage)),
		"Memory used, by $by A":              sum(value(cluster.MemoryUsage)),
		"CPU used of requested, by $by A":    ratio(sum(valueWith(cluster.CPUUsage, cluster.CPURequests)), sum(value(cluster.CPURequests))),
		"Memory used of requested, by $by A": ratio(sum(valueWith(cluster.MemoryUsage, cluster.MemoryRequests)), sum(value(cluster.MemoryRequests))),

		"Coverage A": func(at time.Time, _ string) map[string]float64 {
			a := shownAt(at)
			if a == nil {
				return nil
			}
			return map[string]float64{"kube-state-metrics": a.CoverageOf(metric.KubeStateMetrics), "cadvisor": a.CoverageOf(metric.CAdvisor)}
		},
	}
}

// shownAt returns the window that ended an hour before the full hour, nil if it is missing.
func shownAt(at time.Time) *ledger.Averages {
	if hour := int(at.Sub(epoch)/period) - 2; hour != missing {
		return truth(hour)
	}
	return nil
}

// of is a model's value, if it has one.
type of func(ledger.Model) (float64, bool)

func value(of cluster.Metric) of {
	return func(m ledger.Model) (float64, bool) { return m.Values[of].V, m.Values[of].OK }
}

// valueWith is a metric of the models that have the other one as well.
func valueWith(one, other cluster.Metric) of {
	return func(m ledger.Model) (float64, bool) {
		return m.Values[one].V, m.Values[one].OK && m.Values[other].OK
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

func group(m ledger.Model, by string) string {
	label := map[string]string{"cluster": m.Cluster, "namespace": m.Namespace, "type": m.Type, "name": m.Name}
	var parts []string
	for name := range strings.SplitSeq(by, ", ") {
		if label[name] != "" {
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
