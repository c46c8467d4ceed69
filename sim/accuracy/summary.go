package accuracy

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Summary sets tallies side by side: what was judged, what failed, and the worst error
// of each metric as a share of its bound, with the history that it was on.
func Summary(tallies []*Tally) string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	row := func(name string, cell func(*Tally) string) {
		fmt.Fprint(table, name)
		for _, t := range tallies {
			fmt.Fprint(table, "\t"+cell(t))
		}
		fmt.Fprintln(table)
	}
	row("Prometheus", func(t *Tally) string { return t.Version })
	row("way", func(t *Tally) string { return t.Way })
	row("windows", func(t *Tally) string { return fmt.Sprint(t.windows) })
	row("values", func(t *Tally) string { return fmt.Sprint(t.values) })
	row("histories wrong", func(t *Tally) string { return fmt.Sprint(len(t.failed)) })
	for m := range cluster.NumMetrics {
		row(m.String(), func(t *Tally) string { return percent(t.worst[m].share) })
	}
	table.Flush()
	text.WriteString("(of the bound, at worst)\n")
	for _, t := range tallies {
		if failed := t.Failed(); len(failed) > 0 {
			fmt.Fprintf(&text, "wrong by %s on %s: %s\n", t.Way, t.Version, strings.Join(failed, ", "))
		}
	}
	return text.String()
}

func percent(share float64) string {
	if share >= 10 {
		return "> 999 %" // a value that must be exact is not
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}
