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

// Replacer has windows that can be replaced.
type Replacer interface {
	Destination
	// Stored returns what is stored of a window, nil where nothing is.
	Stored(context.Context, window.Window) (*ledger.Averages, error)
	// Replace writes what of a window is not as stored.
	Replace(ctx context.Context, stored, a *ledger.Averages) error
}

// Replacement is what computing a window again would change.
type Replacement struct {
	Stored, Computed *ledger.Averages
	Models           int     // of which something changes
	Gone             int     // values that are stored, and not computed any more
	Largest          float64 // change of a value, as a share of it
}

// Outcome says what becomes of a replacement.
type Outcome string

// The outcomes.
const (
	Same    Outcome = "same"
	Replace Outcome = "replace"
	Keep    Outcome = "keep" // what was computed now saw less of the window
)

// tolerance is how far apart, as a share of it, two computations of one value may be.
const tolerance = 1e-9

// Compare holds a window that was computed now against what is stored of it.
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

// Outcome returns what becomes of it. What sees less of the window replaces nothing, neither
// do values that are gone: remote write cannot take any back.
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

// Replace computes again the span's windows that have been delivered, and writes for people,
// window by window, what that would change. If it may, it computes what is to be replaced
// once more, for so much does not fit into memory, and delivers that.
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

// plan returns which windows are to be replaced.
func (j Job) plan(ctx context.Context, r Replacer, windows []window.Span, out io.Writer) ([]window.Span, error) {
	const row = "%-20s  %-13s  %-12s  %7s  %9s  %s\n"
	fmt.Fprintf(out, row, "", "seen of kube-", "seen of", "models", "largest", "")
	fmt.Fprintf(out, row, "window's end", "state-metrics", "cAdvisor", "changed", "change", "")
	var replaced []window.Span
	gone, kept := 0, 0
	for w := range window.Each(windows) {
		replacement, err := j.replacement(ctx, r, w)
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
	fmt.Fprintf(out, "\n%d of %d windows that have been delivered are to be replaced.\n", window.Count(replaced), window.Count(windows))
	if kept > 0 {
		fmt.Fprintf(out, "%d are kept: less was seen of them now than is stored.\n", kept)
	}
	if gone > 0 {
		fmt.Fprintf(out, "%d values are stored that are not computed any more: they stay until they are\ndeleted.\n", gone)
	}
	return replaced, nil
}

func (j Job) replace(ctx context.Context, r Replacer, windows []window.Span) error {
	j.Progress.Begin(window.Count(windows))
	defer j.Progress.End()
	for w := range window.Each(windows) {
		replacement, err := j.replacement(ctx, r, w)
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

func (j Job) replacement(ctx context.Context, r Replacer, w window.Window) (Replacement, error) {
	stored, err := r.Stored(ctx, w)
	if err == nil && stored == nil {
		err = errors.New("it is marked as delivered, but nothing of it is there")
	}
	if err != nil {
		return Replacement{}, fmt.Errorf("window %s: %w", w, err)
	}
	computed, err := j.compute(ctx, w)
	if errors.Is(err, downsample.ErrNoSources) {
		computed, err = &ledger.Averages{Window: w}, nil // nothing is seen of it any more
	}
	if err != nil {
		return Replacement{}, fmt.Errorf("window %s: %w", w, err)
	}
	return Compare(stored, computed), nil
}

// change is a share of a window, before and after, in percent.
func change(before, after float64) string {
	if math.Abs(before-after) <= tolerance {
		return fmt.Sprintf("%.3g", 100*after)
	}
	return fmt.Sprintf("%.3g -> %.3g", 100*before, 100*after)
}
