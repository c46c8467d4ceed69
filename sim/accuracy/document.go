package accuracy

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Outcome is a history by every way, in the ways' order.
type Outcome struct {
	History  Placed
	Verdicts []Verdict
}

// Document writes outcomes for readers, as Markdown.
func Document(out io.Writer, version string, ways []Way, outcomes []Outcome) error {
	var b strings.Builder
	b.WriteString(`# Accuracy

<!-- Written by "make accuracy". Do not edit. -->

Each row is a simulated cluster whose exact averages are known by integration over its
history. What its kube-state-metrics and kubelets would have exposed is stored in a real
`)
	fmt.Fprintf(&b, "Prometheus (%s), and the window's averages are then computed from there in several ways.\n\n", version)
	b.WriteString(`**right** means that every value of every model is within the error that the scrape interval
makes unknowable, and that no value is missing or made up. Otherwise the cell says how many
of the values are not, and the worst of them.

The exporter is this project. The textbook rules are what a competent user would write as
recording rules: ` + "`avg_over_time` or `rate`" + ` over the window per container, joined with
` + "`kube_pod_labels`" + ` and summed, for kube-state-metrics 2.x.

`)
	b.WriteString("[On a real node](node.md) compares the exporter with what a kernel counted for real containers.\n\n")
	b.WriteString("| history | what happens |")
	for _, w := range ways {
		fmt.Fprintf(&b, " %s |", w.Name())
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" --- |", len(ways)) + "\n")
	right := make([]int, len(ways))
	for _, o := range outcomes {
		fmt.Fprintf(&b, "| %s | %s |", o.History.Name, strings.ReplaceAll(o.History.About, "|", `\|`))
		for i, v := range o.Verdicts {
			if v.Right() {
				right[i]++
			}
			fmt.Fprintf(&b, " %s |", cell(v))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "| **right** | of %d |", len(outcomes))
	for _, n := range right {
		fmt.Fprintf(&b, " **%d** |", n)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(out, b.String())
	return err
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
		parts = append(parts, fmt.Sprintf("%d of %d values missing", missing, v.Values))
	}
	if off > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d values off, worst `%s` %s", off, v.Values, worst.Metric, change(worst)))
	}
	if invented > 0 {
		parts = append(parts, fmt.Sprintf("%d values made up", invented))
	}
	return strings.Join(parts, "; ")
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
