package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// What a builder's story begins with.
const usualSpread = 3100 * time.Millisecond

func ksmOffset(i int) time.Duration {
	return time.Duration(7+5*i)*time.Second + 204*time.Millisecond
}

func kubeletOffset(i int) time.Duration {
	return time.Duration(11+8*i)*time.Second + 731*time.Millisecond
}

func nodeName(i int) string { return fmt.Sprintf("node-%d", i+1) }

func usualUID(i int, p *cluster.Pod) string {
	return cluster.UID(p.Cluster, p.Namespace, p.Name, fmt.Sprint(i))
}

// moment returns an offset as an expression.
func moment(t time.Duration) string {
	switch {
	case t <= cluster.Beginning:
		return "cluster.Beginning"
	case t >= cluster.Forever:
		return "end"
	}
	return duration(t)
}

// duration returns an expression in a story's units.
func duration(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	var parts []string
	if minutes := d / time.Minute; minutes > 0 {
		parts = append(parts, fmt.Sprintf("%s%d*m", sign, minutes))
	}
	if seconds := d % time.Minute / time.Second; seconds > 0 {
		parts = append(parts, fmt.Sprintf("%s%d*s", sign, seconds))
	}
	if rest := d % time.Second; rest > 0 {
		parts = append(parts, fmt.Sprintf("%s%d*time.Millisecond", sign, rest.Milliseconds()))
	}
	return strings.ReplaceAll(strings.Join(parts, " + "), "+ -", "- ")
}

func span(s cluster.Span) string { return fmt.Sprintf("span(%s, %s)", moment(s.From), moment(s.To)) }

func spans(all cluster.Spans) string {
	text := make([]string, len(all))
	for i, s := range all {
		text[i] = span(s)
	}
	return "cluster.Spans{" + strings.Join(text, ", ") + "}"
}

func curve(c cluster.Curve) string {
	if len(c) == 1 && c[0].Slope == 0 && c[0].Swing == 0 {
		return "cluster.Flat(" + amount(c[0].Level) + ")"
	}
	pieces := make([]string, len(c))
	for i, p := range c {
		pieces[i] = fmt.Sprintf("{At: %s, Level: %s", moment(p.At), amount(p.Level))
		if p.Slope != 0 {
			pieces[i] += ", Slope: " + amount(p.Slope)
		}
		if p.Swing != 0 {
			pieces[i] += fmt.Sprintf(", Swing: %s, Period: %s", amount(p.Swing), duration(p.Period))
		}
		pieces[i] += "}"
	}
	return "cluster.Curve{" + strings.Join(pieces, ", ") + "}"
}

func amount(v float64) string {
	if n := v / (1 << 20); n >= 1 && n == float64(int64(n)) {
		return fmt.Sprintf("%d*Mi", int64(n))
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
