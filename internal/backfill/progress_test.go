package backfill

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/promslog"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

func TestBar(t *testing.T) {
	var out bytes.Buffer
	bar := NewBar(&out)
	fmt.Fprintln(bar, "before")
	bar.Begin(3)
	bar.Delivered(hour(0))
	fmt.Fprintln(bar, "meanwhile")
	bar.Delivered(hour(1))
	bar.Skipped(hour(2).Window)
	bar.End()
	fmt.Fprintln(bar, "after")
	for _, want := range []string{"before\n", "(3/3", "\rmeanwhile\n", "\nafter\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it writes no %q: %q", want, out.String())
		}
	}
	if IsTerminal(&out) {
		t.Error("a buffer is taken for a terminal")
	}
}

// TestNarrowTerminal: no line is wider than the terminal, because the first half of a wrapped
// line would stay.
func TestNarrowTerminal(t *testing.T) {
	for _, columns := range []int{1, 20, 40, 60, 80, 200} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			bar := NewBar(&out)
			bar.columns = func() int { return columns }
			bar.Begin(29_000_000)
			bar.Delivered(hour(0))
			fmt.Fprintln(bar, "x")
			time.Sleep(time.Second) // the bar is drawn at most that often
			bar.Delivered(hour(1))
			bar.End()
			for _, line := range strings.FieldsFunc(out.String(), func(r rune) bool { return r == '\r' || r == '\n' }) {
				if n := utf8.RuneCountInString(line); n >= max(2, columns) {
					t.Errorf("on %d columns it draws %d: %q", columns, n, line)
				}
			}
			if columns >= 20 && !strings.Contains(out.String(), "windows   0%") {
				t.Errorf("on %d columns it draws %q", columns, &out)
			}
		})
	}
}

func TestEstimate(t *testing.T) {
	computed := remember(hour(0), averages(1, 0, nil))
	missing := []window.Span{day(0, 2).Windows()}
	var out bytes.Buffer
	if err := Estimate(t.Context(), computed, day(0, 3), missing, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"From 2026-01-31T00:00:00Z to 2026-01-31T03:00:00Z there are 3 windows of 1h.\n1 exist already, 2 are to be computed.\n",
		"Nothing is known of [2026-01-31T01:00:00Z, 2026-01-31T02:00:00Z).\n",
		"One of them was computed to estimate the cost, [2026-01-31T00:00:00Z, 2026-01-31T01:00:00Z):\n",
		fmt.Sprintf("  values         %14d %14d\n", values(hour(0)), 2*values(hour(0))),
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say\n%sbut\n%s", want, &out)
		}
	}
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	lines := NewLines(promslog.New(&promslog.Config{Writer: &out}))
	lines.Begin(2)
	lines.Skipped(hour(0).Window)
	lines.Delivered(hour(1))
	lines.End()
	for _, want := range []string{`msg="Backfill begins" windows=2`, "done=2 of=2 time_left=0s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not log %s: %s", want, &out)
		}
	}
}
