package accuracy

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Outcome is a history by every way, in the ways' order.
type Outcome struct {
	History  Placed
	Verdicts []Verdict
}

// Document writes outcomes for readers, as Markdown.
func Document(out io.Writer, version string, ways []Way, outcomes []Outcome) error {
	var b strings.Builder
	fmt.Fprintf(&b, opening, version)
	summary(&b, ways, outcomes)
	b.WriteString(reasons)
	header(&b, "history", append([]string{"what happens"}, names(ways)...))
	for _, o := range outcomes {
		fmt.Fprintf(&b, "| %s | %s |", o.History.Name, strings.ReplaceAll(o.History.About, "|", `\|`))
		for _, v := range o.Verdicts {
			fmt.Fprintf(&b, " %s |", cell(v))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func names(ways []Way) []string {
	var all []string
	for _, w := range ways {
		all = append(all, w.Name())
	}
	return all
}

func header(b *strings.Builder, first string, columns []string) {
	fmt.Fprintf(b, "| %s |", first)
	for _, c := range columns {
		fmt.Fprintf(b, " %s |", c)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(columns)) + "\n")
}

// summary says in how many histories each way was right, in all and by metric.
func summary(b *strings.Builder, ways []Way, outcomes []Outcome) {
	header(b, fmt.Sprintf("right, of %d histories", len(outcomes)), names(ways))
	row := func(name string, right func(Verdict) bool, lacks func(Verdict) bool) {
		fmt.Fprintf(b, "| %s |", name)
		for i := range ways {
			n, measured := 0, false
			for _, o := range outcomes {
				measured = measured || !lacks(o.Verdicts[i])
				if right(o.Verdicts[i]) {
					n++
				}
			}
			if measured {
				fmt.Fprintf(b, " %d |", n)
			} else {
				b.WriteString(" - |")
			}
		}
		b.WriteByte('\n')
	}
	row("**in every value**", Verdict.Right, func(Verdict) bool { return false })
	for m := range cluster.NumMetrics {
		row(short[m], func(v Verdict) bool { return v.RightOn(m) }, func(v Verdict) bool { return v.Lacks[m] })
	}
}

// short names the metrics where there is little room.
var short = [cluster.NumMetrics]string{
	"containers", "CPU", "memory", "CPU requests", "CPU limits", "memory requests", "memory limits",
}

// cell says in a few words how right a way was on a history.
func cell(v Verdict) string {
	if v.Right() {
		return "right"
	}
	var missing, invented, off int
	var worst Deviation
	for _, d := range v.Deviations {
		switch {
		case !d.Got.OK:
			missing++
		case !d.Want.OK:
			invented++
		default:
			off++
			if relative(d) > relative(worst) || off == 1 {
				worst = d
			}
		}
	}
	var parts []string
	if missing > 0 {
		parts = append(parts, fmt.Sprintf("missing %d of %d", missing, v.Values))
	}
	if off > 0 {
		parts = append(parts, fmt.Sprintf("off %d of %d, worst %s %s", off, v.Values, shortOf(worst.Metric), change(worst)))
	}
	if invented > 0 {
		parts = append(parts, fmt.Sprintf("made up %d", invented))
	}
	return strings.Join(parts, "; ")
}

func shortOf(metric string) string {
	for m := range cluster.NumMetrics {
		if m.String() == metric {
			return short[m]
		}
	}
	return metric // coverage
}

func relative(d Deviation) float64 {
	if d.Want.V == 0 {
		return math.Inf(1)
	}
	return math.Abs(d.Got.V/d.Want.V - 1)
}

func change(d Deviation) string {
	if d.Want.V == 0 {
		return fmt.Sprintf("%.3g instead of 0", d.Got.V)
	}
	percent := 100 * (d.Got.V/d.Want.V - 1)
	if math.Abs(percent) < 10 {
		return fmt.Sprintf("%+.2g %%", percent)
	}
	return fmt.Sprintf("%+.0f %%", percent)
}
