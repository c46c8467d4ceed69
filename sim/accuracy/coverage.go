package accuracy

import (
	"math"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// judgeCoverage holds the observed part of the window against the truth: a window
// without an outage is observed whole; of each outage, both ends lie within a scrape
// interval of what was seen.
func judgeCoverage(p Placed, got cluster.Coverage) []Deviation {
	want := cluster.Covered(&p.History, p.Window)
	every := longestInterval(p.History)
	edge := 2 * every.Seconds() / p.Window.Length().Seconds()
	// An outage that ends with the window's first moment, or begins with its last, has an edge in it.
	beside := cluster.Covered(&p.History, cluster.Span{From: p.Window.From - every, To: p.Window.To + every})
	var out []Deviation
	for _, s := range []struct {
		source            string
		got, want, beside float64
	}{
		{"coverage by kube-state-metrics", got.KSM, want.KSM, beside.KSM},
		{"coverage by cAdvisor", got.CAdvisor, want.CAdvisor, beside.CAdvisor},
	} {
		limit := rounding
		if s.beside < 1 {
			limit += edge * float64(outages(p.History))
		}
		if !(math.Abs(s.got-s.want) <= limit) {
			out = append(out, Deviation{
				Metric: s.source, Got: cluster.Value{V: s.got, OK: true}, Want: cluster.Value{V: s.want, OK: true}, Bound: limit,
			})
		}
	}
	return out
}

func longestInterval(h cluster.History) time.Duration {
	var longest time.Duration
	for _, k := range h.KSMs {
		longest = max(longest, k.Every)
	}
	for _, k := range h.Kubelets {
		longest = max(longest, k.Every)
	}
	return longest
}

// outages returns how many times, at most, a source was lost.
func outages(h cluster.History) int {
	n := len(h.Outages)
	for _, k := range h.KSMs {
		n += 1 + len(k.Holes)
	}
	for _, k := range h.Kubelets {
		n += 1 + len(k.Holes)
	}
	for _, node := range h.Nodes {
		n += 1 + len(node.Holes)
	}
	return n
}
