package remotewrite

import (
	"context"
	"fmt"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"math"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// tolerance is how far apart, as a share of either, the values of two computations of one
// window may be: they add up the same numbers, but not always in the same order.
const tolerance = 1e-9

// lacking returns what is to be delivered of a window, in order: nothing of one that has
// its completion marker, all of one without a header, and of one between what is not there.
func (w *Writer) lacking(ctx context.Context, a *ledger.Averages) ([]sample, error) {
	end := a.Window.End
	markers, err := w.at(ctx, end, selector(CompletionMarker, w.id.added, w.id.own))
	if err != nil {
		return nil, err
	}
	header, err := w.at(ctx, end, selector(Coverage, w.id.added, w.id.own))
	if err != nil || w.id.complete(header, markers).Has(end) {
		return nil, err
	}
	coverage, averages, marker := w.id.coverage(a.Coverage), w.id.averages(a), w.id.marker(end)
	if len(header) == 0 {
		return append(append(coverage, slices.Concat(averages...)...), marker), nil
	}

	var found comparison
	lacking := found.lacking(coverage, header)
	for _, samples := range averages {
		rows, err := w.at(ctx, end, selector(samples[0].metric, w.id.added))
		if err != nil {
			return nil, err
		}
		lacking = append(lacking, found.lacking(samples, w.ours(header, rows))...)
	}
	if err := found.err(); err != nil {
		return nil, err
	}
	return append(lacking, marker), nil
}

// ours returns those rows of averages that have what the server that is asked adds to the
// labels of the window's header: others are another exporter's.
func (w *Writer) ours(header, rows []promapi.Series) []promapi.Series {
	added := map[string]bool{}
	for _, row := range header {
		added[beyond(row.Labels, w.id.added, w.id.coverageLabels(""))] = true
	}
	return slices.DeleteFunc(rows, func(row promapi.Series) bool {
		return !added[beyond(row.Labels, w.id.added, w.id.model(workload.Model{}))]
	})
}

// at returns the rows that have a sample at a moment, with that sample alone.
func (w *Writer) at(ctx context.Context, t time.Time, selector string) ([]promapi.Series, error) {
	return w.stored(ctx, selector, t.Add(-time.Millisecond), t)
}

// comparison holds what is stored of a window against what is computed of it now.
type comparison struct {
	differ int
	first  string // of those that differ
}

// lacking returns the samples of one metric that no row has.
func (c *comparison) lacking(computed []sample, rows []promapi.Series) []sample {
	stored := map[string][]float64{}
	for _, row := range rows {
		labels := slices.Clone(computed[0].labels) // all samples have the same names
		for i := range labels {
			labels[i].value = row.Labels.Get(labels[i].name)
		}
		key := selector("", labels)
		stored[key] = append(stored[key], row.Samples[0].V)
	}
	var lacking []sample
	for _, s := range computed {
		there := stored[selector("", s.labels)]
		if len(there) == 0 {
			lacking = append(lacking, s)
		}
		for _, v := range there {
			if alike(v, s.value) {
				continue
			}
			if c.differ++; c.differ == 1 {
				c.first = fmt.Sprintf("%s is %v, and %v now", selector(s.metric, s.labels), v, s.value)
			}
		}
	}
	return lacking
}

func alike(a, b float64) bool {
	return math.Abs(a-b) <= tolerance*max(math.Abs(a), math.Abs(b))
}

func (c *comparison) err() error {
	if c.differ == 0 {
		return nil
	}
	return &Error{Kind: Conflict, Err: fmt.Errorf("%d samples are there already with other values than are computed now, the first: %s", c.differ, c.first)}
}
