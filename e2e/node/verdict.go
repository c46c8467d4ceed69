package node

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// verdict is how values stand against the truth.
type verdict struct {
	values []value
	wrong  []string
}

// value is one value of a window over one transport.
type value struct {
	transport   string
	end         time.Time
	model       cluster.Model
	metric      cluster.Metric
	got, want   float64
	bound, off  float64 // what the contract allows, and what the truth itself may be off by
	bothPresent bool
}

// share is the error as a share of what is allowed.
func (v value) share() float64 { return math.Abs(v.got-v.want) / v.allowed() }

// allowed is the contract's bound, and what the truth is off by.
func (v value) allowed() float64 { return v.bound + v.off + 1e-9*math.Abs(v.want) }

// compare holds a window's values against the truth.
func (all *verdict) compare(transport string, end time.Time, got, truth map[cluster.Model]cluster.Values, bounds map[cluster.Model]cluster.Tolerances, off map[cluster.Model]cluster.Values) {
	models := maps.Clone(truth)
	maps.Copy(models, got)
	for _, m := range slices.SortedFunc(maps.Keys(models), compareModels) {
		for metric := range cluster.NumMetrics {
			g, w, b := got[m][metric], truth[m][metric], bounds[m][metric]
			if !g.OK && !w.OK || g.OK != w.OK && b.Optional && math.Abs(g.V) <= max(b.Max, math.Abs(w.V)) {
				continue
			}
			v := value{transport, end, m, metric, g.V, w.V, b.Max, off[m][metric].V, g.OK && w.OK}
			all.values = append(all.values, v)
			if !v.bothPresent || !(math.Abs(v.got-v.want) <= v.allowed()) {
				all.wrong = append(all.wrong, fmt.Sprintf("%s, window to %s: %s of %s %s is %g (there: %t), want %g (there: %t) within %g, of which the truth's own error is %g",
					transport, end.UTC().Format(time.TimeOnly), metric, m.Type, m.Name, g.V, g.OK, w.V, w.OK, v.allowed(), v.off))
			}
		}
	}
}

func compareModels(a, b cluster.Model) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
}

// text is the worst share of the bound by metric, and every value.
func (all *verdict) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "metric\tvalues\tworst share\tof\n")
	for metric := range cluster.NumMetrics {
		n := 0
		var worst value
		for _, v := range all.values {
			if v.metric != metric {
				continue
			}
			n++
			if worst.model == (cluster.Model{}) || v.share() > worst.share() {
				worst = v
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%.2f\t%s, %s, to %s\n", metric, n, worst.share(), worst.model.Name, worst.transport, worst.end.UTC().Format(time.TimeOnly))
	}
	fmt.Fprintf(w, "\nwindow\ttransport\tmodel\tmetric\texporter\ttruth\toff\tallowed\ttruth's\tshare\n")
	for _, v := range all.values {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.6g\t%.6g\t%+.2f %%\t%.3g\t%.2g\t%.2f\n", v.end.UTC().Format(time.TimeOnly), v.transport, v.model.Name, v.metric,
			v.got, v.want, 100*(v.got/v.want-1), v.allowed(), v.off, v.share())
	}
	w.Flush()
	return b.String()
}
