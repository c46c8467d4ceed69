package backfill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Replacer stores windows that can be replaced.
type Replacer interface {
	Destination
	// Stored returns what is stored of a window, nil if nothing is.
	Stored(context.Context, window.Window) (*ledger.Averages, error)
	// Replace writes the samples of a window that differ from the stored ones.
	Replace(ctx context.Context, stored, a *ledger.Averages) error
}

// Replacement is what would change by computing a window again.
type Replacement struct {
	Stored, Computed *ledger.Averages
	Models           int     // with a change
	Gone             int     // values that are stored and no longer computed
	Largest          float64 // change of a value, as a share of it
}

// Outcome is what happens to a stored window.
type Outcome string

// The outcomes.
const (
	Same    Outcome = "same"
	Replace Outcome = "replace"
	Keep    Outcome = "keep" // the new result saw less of the window
)

// tolerance is how far two computations of one value may differ, as a share of it.
const tolerance = 1e-9

// Compare compares a new result with what is stored of the window.
func Compare(stored, computed *ledger.Averages) Replacement {
	r := Replacement{Stored: stored, Computed: computed}
	had, has := valuesOf(stored), valuesOf(computed)
	for m, values := range has {
		changed := false
		for i, v := range values {
			var before metric.Value
			if of := had[m]; of != nil {
				before = of[i]
			}
			switch change := relative(before.V, v.V); {
			case before.OK && !v.OK:
				r.Gone++
			case v.OK && !before.OK:
				changed = true
			case change > tolerance:
				changed = true
				r.Largest = max(r.Largest, change)
			}
		}
		if changed {
			r.Models++
		}
	}
	for m, values := range had {
		if _, there := has[m]; there {
			continue
		}
		for _, v := range values {
			if v.OK {
				r.Gone++
			}
		}
	}
	return r
}

func valuesOf(a *ledger.Averages) map[workload.Model][]metric.Value {
	all := make(map[workload.Model][]metric.Value, len(a.Models))
	for _, m := range a.Models {
		all[m.Model] = m.Values
	}
	return all
}

func relative(from, to float64) float64 {
	if from == to {
		return 0
	}
	return math.Abs(to-from) / math.Abs(from)
}

// Outcome returns what happens to the stored window. A result that saw less of the window
// replaces nothing. Neither do values that are gone: remote write cannot delete them.
func (r Replacement) Outcome() Outcome {
	switch {
	case seesLess(r.Computed, r.Stored):
		return Keep
	case r.Models > 0 || seesLess(r.Stored, r.Computed):
		return Replace
	}
	return Same
}

// seesLess says whether a saw less of the window than b, of any source.
func seesLess(a, b *ledger.Averages) bool {
	return slices.ContainsFunc(b.Coverage, func(c ledger.Coverage) bool { return a.CoverageOf(c.Source) < c.Ratio-tolerance })
}

// Replace computes the delivered windows of the span again, and prints what would change in
// each. If it may, it computes the windows to replace once more, because they do not all fit
// into memory, and delivers them.
func (j Job) Replace(ctx context.Context, r Replacer, span Span, out io.Writer, may func() (bool, error)) error {
	_, delivered, err := span.Split(ctx, r)
	if err != nil {
		return err
	}
	replaced, err := j.plan(ctx, r, delivered, out)
	if err != nil || len(replaced) == 0 {
		return err
	}
	if ok, err := may(); err != nil || !ok {
		return err
	}
	return j.replace(ctx, r, replaced)
}

// plan returns the windows to replace.
func (j Job) plan(ctx context.Context, r Replacer, windows []window.Span, out io.Writer) ([]window.Span, error) {
	const row = "%-20s  %-13s  %-12s  %7s  %9s  %s\n"
	fmt.Fprintf(out, row, "", "seen of kube-", "seen of", "models", "largest", "")
	fmt.Fprintf(out, row, "window's end", "state-metrics", "cAdvisor", "changed", "change", "")
	var replaced []window.Span
	gone, kept := 0, 0
	for w, averages := range j.computed(ctx, windows) {
		replacement, err := j.replacement(ctx, r, w, averages)
		if err != nil {
			return nil, err
		}
		largest := fmt.Sprintf("%.3g %%", 100*replacement.Largest)
		if math.IsInf(replacement.Largest, 1) {
			largest = "from 0"
		}
		seen := func(source string) string {
			return change(replacement.Stored.CoverageOf(source), replacement.Computed.CoverageOf(source))
		}
		fmt.Fprintf(out, row, w.End.Format(time.RFC3339), seen(metric.KubeStateMetrics), seen(metric.CAdvisor),
			fmt.Sprint(replacement.Models), largest, replacement.Outcome())
		gone += replacement.Gone
		switch replacement.Outcome() {
		case Replace:
			replaced = window.Append(replaced, w)
		case Keep:
			kept++
		}
	}
	fmt.Fprintf(out, "\n%d of %d delivered windows are to be replaced.\n", window.Count(replaced), window.Count(windows))
	if kept > 0 {
		fmt.Fprintf(out, "%d are kept: the new results saw less of them.\n", kept)
	}
	if gone > 0 {
		fmt.Fprintf(out, "%d stored values are no longer computed: they stay until they are deleted.\n", gone)
	}
	return replaced, nil
}

func (j Job) replace(ctx context.Context, r Replacer, windows []window.Span) error {
	j.Progress.Begin(window.Count(windows))
	defer j.Progress.End()
	for w, averages := range j.computed(ctx, windows) {
		replacement, err := j.replacement(ctx, r, w, averages)
		if err != nil {
			return err
		}
		if replacement.Outcome() != Replace {
			j.Progress.Skipped(w)
			continue
		}
		if err := r.Replace(ctx, replacement.Stored, replacement.Computed); err != nil {
			return fmt.Errorf("window %s: %w", w, err)
		}
		j.Progress.Delivered(replacement.Computed)
	}
	return nil
}

func (j Job) replacement(ctx context.Context, r Replacer, w window.Window, averages func() (*ledger.Averages, error)) (Replacement, error) {
	stored, err := r.Stored(ctx, w)
	if err == nil && stored == nil {
		err = errors.New("it has a completion marker, but no samples")
	}
	if err != nil {
		return Replacement{}, fmt.Errorf("window %s: %w", w, err)
	}
	computed, err := averages()
	if errors.Is(err, downsample.ErrNoSources) {
		computed, err = &ledger.Averages{Window: w}, nil // its data is gone
	}
	if err != nil {
		return Replacement{}, fmt.Errorf("window %s: %w", w, err)
	}
	return Compare(stored, computed), nil
}

// change prints a share of a window, before and after, in percent.
func change(before, after float64) string {
	if math.Abs(before-after) <= tolerance {
		return fmt.Sprintf("%.3g", 100*after)
	}
	return fmt.Sprintf("%.3g -> %.3g", 100*before, 100*after)
}
