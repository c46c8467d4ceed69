// Package explain prints what a model's values are made of, as text and as JSON.
package explain

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
)

// Text writes an explanation as text, of one metric, or of all metrics if none is named. Lines
// have up to 80 columns, except where names are too long for that. Below each metric is its
// value as it is served.
func Text(out io.Writer, x *ledger.Explanation, metric string) error {
	t := &text{}
	t.head(x)
	for _, v := range x.Values {
		if metric == "" || metric == v.Name {
			t.value(v)
		}
	}
	t.pods(x.Pods)
	t.leftOut(x.LeftOut)
	_, err := io.WriteString(out, t.String())
	return err
}

type text struct{ strings.Builder }

// line writes a line without spaces at its end. Names come from label values, which may hold
// control characters: these are replaced.
func (t *text) line(format string, args ...any) {
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, fmt.Sprintf(format, args...))
	t.WriteString(strings.TrimRight(line, " ") + "\n")
}

func (t *text) head(x *ledger.Explanation) {
	t.line("%s %s/%s", strings.TrimSpace(x.Model.Cluster+" "+x.Model.Type), x.Model.Namespace, x.Model.Name)
	t.line("from %s to %s", x.Window.Start.Format(time.RFC3339), x.Window.End.Format(time.RFC3339))
	const row = "%-20s %11s %13s %13s"
	t.line("")
	t.line(row, "", "observed, s", "of the window", "scraped every")
	period := x.Window.Period().Seconds()
	for _, s := range x.Sources {
		t.line(row, s.Name, number(s.Observed, 8), number(100*s.Observed/period, 4)+" %", number(s.Interval, 4)+" s")
	}
}

const (
	termRow   = " %8s %8s %12s %18s %5s"
	nameWidth = 24
)

func (t *text) value(v ledger.Value) {
	t.line("")
	t.line("%s, in %s", v.Name, v.Unit)
	if !v.OK {
		t.line("  none: the value is unknown")
		return
	}
	t.named("  ", "", "lived, s", "seen, s", "mean", "share", "edges")
	var pod inventory.PodName
	edges := 0
	for i, term := range v.Terms {
		if i == 0 || term.Pod != pod {
			pod = term.Pod
			t.line("  %s", podName(pod))
		}
		edges += term.Changes
		mean := number(term.Mean, 10)
		if term.Seen == 0 && term.Lived > 0 {
			mean = "not seen"
		}
		var changes string
		if term.Changes > 0 {
			changes = strconv.Itoa(term.Changes)
		}
		t.named("    ", term.Container.Name, number(term.Lived, 6), number(term.Seen, 6), mean, number(term.Share, 12), changes)
	}
	t.named("  ", "", "", "", "", strings.Repeat("-", 18), "")
	t.named("  ", "", "", "", "sum", number(v.V, -1), "")
	if edges > 0 {
		t.line("  edges: starts and stops, each known to within a scrape interval: +- %s", number(v.Bound, 2))
	}
}

// named writes a row of numbers after a name, or below a name that is too long.
func (t *text) named(indent, name string, columns ...any) {
	if len(indent)+len(name) > nameWidth {
		t.line("%s%s", indent, name)
		indent, name = "", ""
	}
	t.line("%-*s"+termRow, append([]any{nameWidth, indent + name}, columns...)...)
}

func (t *text) pods(pods []ledger.Pod) {
	t.line("")
	t.line("Pods")
	for _, p := range pods {
		t.line("  %s", podName(p.PodName))
		if p.UID != "" {
			t.line("    uid %s", p.UID)
		}
		for _, target := range p.ShownBy {
			t.line("    shown by %s", target)
		}
	}
}

func (t *text) leftOut(all []measure.LeftOut) {
	if len(all) == 0 {
		return
	}
	t.line("")
	t.line("Left out")
	var pod inventory.PodName
	for i, o := range all {
		if i == 0 || o.Pod != pod {
			pod = o.Pod
			t.line("  %s", podName(pod))
		}
		t.line("    %s: %s", o.Container.Name, o.Why)
		of := ""
		if target := o.Target.String(); target != "" {
			of = " of " + target
		}
		t.line("      %d samples%s", o.Samples, of)
	}
}

func podName(p inventory.PodName) string { return strings.TrimSpace(p.Cluster + " " + p.Name) }

// number formats a number with so many digits, or all of them for -1, without an exponent
// unless it is very small or very large.
func number(v float64, digits int) string {
	rounded := strconv.FormatFloat(v, 'g', digits, 64)
	if v, err := strconv.ParseFloat(rounded, 64); err == nil && math.Abs(v) >= 1e-4 && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return rounded
}
