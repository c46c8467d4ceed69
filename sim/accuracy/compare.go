package accuracy

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Deviation is a value outside its bound, as plain data.
type Deviation struct {
	Model     cluster.Model
	Metric    string // one of the seven, or coverage of a source
	Got, Want cluster.Value
	Bound     float64
}

func (d Deviation) String() string {
	subject := d.Metric
	if d.Model != (cluster.Model{}) {
		subject = fmt.Sprintf("%s of %s/%s/%s", d.Metric, d.Model.Namespace, d.Model.Type, d.Model.Name)
	}
	return fmt.Sprintf("%s is %s, want %s (bound %.3g)", subject, show(d.Got), show(d.Want), d.Bound)
}

// Fields returns the deviation as tab-separated values.
func (d Deviation) Fields() string {
	return strings.Join([]string{
		d.Model.Namespace, d.Model.Type, d.Model.Name, d.Metric, show(d.Got), show(d.Want), strconv.FormatFloat(d.Bound, 'g', 3, 64),
	}, "\t")
}

func show(v cluster.Value) string {
	if !v.OK {
		return "absent"
	}
	return strconv.FormatFloat(v.V, 'g', 9, 64)
}

// Verdict is how a result stands against the truth.
type Verdict struct {
	Values     int // how many values the truth has
	Deviations []Deviation
	Lacks      [cluster.NumMetrics]bool // what was not judged
	// Worst is the largest error of each metric as a share of its bound. A value that
	// must be exact counts by the error that floating-point sums are allowed.
	Worst [cluster.NumMetrics]float64
}

// Right says whether every value is within its bound.
func (v Verdict) Right() bool { return len(v.Deviations) == 0 }

// RightOn says whether every value of a metric is within its bound.
func (v Verdict) RightOn(m cluster.Metric) bool {
	return !slices.ContainsFunc(v.Deviations, func(d Deviation) bool { return d.Metric == m.String() })
}

// rounding is the error allowed to sums in floating point, relative to the value.
const rounding = 1e-9

// Judge compares a result with the truth: every model, metric and presence, and how
// much of the window was observed.
func Judge(p Placed, got Result) Verdict {
	truth, bounds := p.Truth(), p.Bound()
	verdict := compare(got.Values, truth, got.Lacks, func(m cluster.Model, metric cluster.Metric) cluster.Tolerance { return bounds[m][metric] })
	if got.Coverage != nil {
		verdict.Deviations = append(verdict.Deviations, judgeCoverage(p, *got.Coverage)...)
	}
	return verdict
}

// Agree compares two results for one history, which may differ by the bound.
func Agree(p Placed, a, b Result) Verdict {
	bounds := p.Bound()
	return compare(a.Values, b.Values, b.Lacks, func(m cluster.Model, metric cluster.Metric) cluster.Tolerance { return bounds[m][metric] })
}

func compare(got, want map[cluster.Model]cluster.Values, lacks [cluster.NumMetrics]bool, tolerance func(cluster.Model, cluster.Metric) cluster.Tolerance) Verdict {
	verdict := Verdict{Lacks: lacks}
	all := maps.Clone(want)
	maps.Copy(all, got)
	for _, m := range slices.SortedFunc(maps.Keys(all), compareModels) {
		for metric := range cluster.NumMetrics {
			if lacks[metric] {
				continue
			}
			g, w, allowed := got[m][metric], want[m][metric], tolerance(m, metric)
			if w.OK {
				verdict.Values++
			}
			if g.OK != w.OK && allowed.Optional && math.Abs(g.V) <= max(allowed.Max, math.Abs(w.V)) {
				continue
			}
			if !g.OK && !w.OK {
				continue
			}
			limit := allowed.Max + rounding*max(1, math.Abs(w.V))
			off := math.Abs(g.V - w.V)
			if g.OK && w.OK {
				verdict.Worst[metric] = max(verdict.Worst[metric], off/limit)
			}
			if g.OK != w.OK || !(off <= limit) { // NaN is never within
				verdict.Deviations = append(verdict.Deviations, Deviation{m, metric.String(), g, w, limit})
			}
		}
	}
	return verdict
}

func compareModels(a, b cluster.Model) int {
	return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
}
