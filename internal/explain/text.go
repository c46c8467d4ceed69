// Package explain shows what a model's values are made of, to people and to programs.
package explain

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// Text writes an explanation of the metrics for people, in 80 columns but for names that are
// too long for that. At the bottom of each metric is its value, as it is served.
func Text(out io.Writer, x *downsample.Explanation, metrics []usage.Metric) error {
	t := &text{}
	t.head(x)
	for _, metric := range metrics {
		t.value(usage.Table()[metric], x.Values[metric])
	}
	t.pods(x.Pods)
	t.leftOut(x.LeftOut)
	_, err := io.WriteString(out, t.String())
	return err
}

type text struct{ strings.Builder }

// line writes a line without spaces at its end.
func (t *text) line(format string, args ...any) {
	t.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (t *text) head(x *downsample.Explanation) {
	t.line("%s %s/%s", x.Model.Type, x.Model.Namespace, x.Model.Name)
	t.line("from %s to %s", x.Window.Start.Format(time.RFC3339), x.Window.End.Format(time.RFC3339))
	const row = "%-20s %11s %13s %13s"
	t.line("")
	t.line(row, "", "observed, s", "of the window", "scraped every")
	period := x.Window.Period().Seconds()
	for _, s := range []struct {
		name string
		downsample.SourceTime
	}{{"kube-state-metrics", x.KubeStateMetrics}, {"cAdvisor", x.CAdvisor}} {
		t.line(row, s.name, number(s.Observed, 8), number(100*s.Observed/period, 4)+" %", number(s.Interval, 4)+" s")
	}
}

const (
	termRow   = " %8s %8s %12s %18s %5s"
	nameWidth = 24
)

func (t *text) value(info usage.Info, v downsample.ExplainedValue) {
	t.line("")
	t.line("%s, in %s", info.Name, info.Unit)
	if !v.OK {
		t.line("  none: nothing is known of it")
		return
	}
	t.named("  ", "", "lived, s", "seen, s", "mean", "share", "edges")
	var pod downsample.PodID
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
		t.named("    ", cmp.Or(term.Container, "all containers"), number(term.Lived, 6), number(term.Seen, 6), mean, number(term.Share, 12), changes)
	}
	t.named("  ", "", "", "", "", strings.Repeat("-", 18), "")
	t.named("  ", "", "", "", "sum", number(v.V, -1), "")
	if edges > 0 {
		t.line("  edges: starts and stops, each known to within a scrape interval: +- %s", number(v.Uncertain, 2))
	}
}

// named writes a row of numbers behind a name, or below it where that is too long.
func (t *text) named(indent, name string, columns ...any) {
	if len(indent)+len(name) > nameWidth {
		t.line("%s%s", indent, name)
		indent, name = "", ""
	}
	t.line("%-*s"+termRow, append([]any{nameWidth, indent + name}, columns...)...)
}

func (t *text) pods(pods []downsample.ExplainedPod) {
	t.line("")
	t.line("Pods")
	for _, p := range pods {
		t.line("  %s", podName(p.PodID))
		if p.UID != "" {
			t.line("    uid %s", p.UID)
		}
		for _, who := range p.ToldBy {
			t.line("    told by %s", who)
		}
		if p.Shortcut > 0 {
			t.line("    nothing happened to it for %s s: computed by the shortcut", number(p.Shortcut, 8))
		}
		if p.CloseLook > 0 {
			t.line("    looked at closely for %s s: computed from raw samples", number(p.CloseLook, 8))
		}
	}
}

func (t *text) leftOut(all []downsample.LeftOut) {
	if len(all) == 0 {
		return
	}
	t.line("")
	t.line("Left out")
	var pod downsample.PodID
	for i, o := range all {
		if i == 0 || o.Pod != pod {
			pod = o.Pod
			t.line("  %s", podName(pod))
		}
		t.line("    %s: %s", cmp.Or(o.Container, "(no container)"), o.Why)
		told := fmt.Sprintf("      %d samples", o.Samples)
		if o.Target != "" {
			told += " of " + o.Target
		}
		t.line("%s", told)
	}
}

func podName(p downsample.PodID) string {
	return strings.Join(slices.DeleteFunc([]string{strings.ReplaceAll(p.Cluster, "\xff", " "), p.Name}, func(s string) bool { return s == "" }), " ")
}

// number writes a number rounded to so many digits, or all of them for -1, without an
// exponent where people can read it so.
func number(v float64, digits int) string {
	rounded := strconv.FormatFloat(v, 'g', digits, 64)
	if v, err := strconv.ParseFloat(rounded, 64); err == nil && math.Abs(v) >= 1e-4 && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return rounded
}
