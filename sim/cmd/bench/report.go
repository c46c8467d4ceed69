package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what was measured, as tables.
type report struct {
	goals  table
	tables []table
}

type table struct {
	title string
	rows  [][]string // the first is the header
}

func newReport() *report {
	return &report{goals: table{title: "Goals", rows: [][]string{{"work", "measured", "against", "ratio", "goal", "met"}}}}
}

// goal is a row of the table of goals.
type goal struct {
	work              string
	measured, against string
	ratio             float64
	most              float64 // that the ratio may be
	least             float64 // that it has to be, instead
	unit              string  // of ratio, most and least; "x" if none is set
}

func (r *report) add(goals ...goal) {
	for _, g := range goals {
		unit := g.unit
		if unit == "" {
			unit = "x"
		}
		wanted, met := "at most "+number(g.most)+unit, g.ratio <= g.most
		if g.least > 0 {
			wanted, met = "at least "+number(g.least)+unit, g.ratio >= g.least
		}
		verdict := "yes"
		if !met {
			verdict = "**no**"
		}
		r.goals.rows = append(r.goals.rows, []string{g.work, g.measured, g.against, number(g.ratio) + unit, wanted, verdict})
	}
}

// failed notes that a group could not be measured.
func (r *report) failed(group string, err error) {
	r.goals.rows = append(r.goals.rows, []string{group, "failed: " + strings.ReplaceAll(err.Error(), "\n", "; "), "", "", "", "**no**"})
}

// verdict says how many goals are met.
func (r *report) verdict() string {
	goals, met := r.goals.rows[1:], 0
	for _, row := range goals {
		if row[len(row)-1] == "yes" {
			met++
		}
	}
	return fmt.Sprintf("%d of %d goals are met.", met, len(goals))
}

// from returns the rows from the n-th on, below the header.
func (t table) from(n int) table {
	return table{t.title, slices.Concat(t.rows[:1], t.rows[n:])}
}

// print writes the table for a terminal.
func (t table) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n", t.title)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range t.rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
}

// markdown writes the table for a document.
func (t table) markdown(out *bytes.Buffer) {
	fmt.Fprintf(out, "\n## %s\n\n", t.title)
	for i, row := range t.rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(out, "|%s\n", strings.Repeat(" --- |", len(row)))
		}
	}
}

// number writes three significant digits, or the whole number if it has more.
func number(v float64) string {
	if v >= 100 {
		return thousands(int64(v + 0.5))
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// thousands writes 1234567 as 1,234,567.
func thousands[T int | int64](n T) string {
	text := strconv.FormatInt(int64(n), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func seconds(d time.Duration) string {
	if d < 10*time.Millisecond {
		return number(float64(d)/float64(time.Millisecond)) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
}

func megabytes(n int64) string { return number(float64(n)/1e6) + " MB" }
