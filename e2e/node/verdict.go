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
	rows   rows
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
					transport, clock(end), metric, m.Type, m.Name, g.V, g.OK, w.V, w.OK, v.allowed(), v.off))
			}
		}
	}
}

func compareModels(a, b cluster.Model) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
}

// summary is what became of a metric's values.
type summary struct {
	values int
	worst  value   // by its share of what is allowed
	median float64 // of the errors, relative to the truth
	apart  float64 // by how much the transports differ at most, relative to the truth
}

func (all *verdict) summary(metric cluster.Metric) summary {
	var out summary
	var off []float64
	type place struct {
		end   time.Time
		model cluster.Model
	}
	first := map[place]float64{}
	for _, v := range all.values {
		if v.metric != metric {
			continue
		}
		out.values++
		if out.values == 1 || v.share() > out.worst.share() {
			out.worst = v
		}
		if v.want != 0 {
			off = append(off, math.Abs(v.got/v.want-1))
		}
		at := place{v.end, v.model}
		if other, there := first[at]; there && v.got != other {
			out.apart = max(out.apart, math.Abs(v.got-other)/math.Abs(v.want))
		}
		first[at] = v.got
	}
	slices.Sort(off)
	if len(off) > 0 {
		out.median = off[len(off)/2]
	}
	return out
}

// text is the summary of each metric, and every value if that is wanted.
func (all *verdict) text(every bool) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "metric\tvalues\tworst share of what is allowed\tmedian error\n")
	for metric := range cluster.NumMetrics {
		s := all.summary(metric)
		fmt.Fprintf(w, "%s\t%d\t%.2f of %s, %s, to %s\t%s\n", metric, s.values, s.worst.share(), s.worst.model.Name, s.worst.transport, clock(s.worst.end), percent(s.median))
	}
	fmt.Fprintf(w, "\nrows of cAdvisor, s\tleast\tmedian\t95 %%\tmost\n")
	for _, r := range all.rows.table() {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t%.1f\n", r.What, r.Least, r.Median, r.Most95, r.Most)
	}
	if every {
		fmt.Fprintf(w, "\nwindow to\ttransport\tmodel\tmetric\texporter\ttruth\terror\tallowed\ttruth's own\tshare\n")
		for _, v := range all.values {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.6g\t%.6g\t%+.2f %%\t%.3g\t%.2g\t%.2f\n", clock(v.end), v.transport, v.model.Name, v.metric,
				v.got, v.want, 100*(v.got/v.want-1), v.allowed(), v.off, v.share())
		}
	}
	w.Flush()
	return b.String()
}

// percent shows an error, of which what floating-point sums make is none.
func percent(v float64) string {
	if v < 1e-9 {
		return "0 %"
	}
	return fmt.Sprintf("%.2g %%", 100*v)
}

func clock(t time.Time) string { return t.UTC().Format(time.TimeOnly) }
