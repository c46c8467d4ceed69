package remotewrite

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// tolerance is how far the values of two computations of one window may differ, as a share of
// either: they add the same numbers, but not always in the same order.
const tolerance = 1e-9

// lacking returns the samples of a window to deliver, in order: none if it has its completion
// marker, all if it has no header, and otherwise those that are not stored.
func (w *Writer) lacking(ctx context.Context, a *ledger.Averages) ([]sample, error) {
	if err := w.awaitShown(ctx); err != nil {
		return nil, err
	}
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
		rows, err := w.at(ctx, end, selector(samples[0].metric, w.id.added, w.id.cluster))
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

// ours returns the rows of averages to which the server has added the same labels as to the
// window's header. The others are another exporter's.
func (w *Writer) ours(header, rows []promapi.Series) []promapi.Series {
	added := map[string]bool{}
	for _, row := range header {
		added[beyond(row.Labels, w.id.added, w.id.coverageLabels(""))] = true
	}
	return slices.DeleteFunc(rows, func(row promapi.Series) bool {
		return !added[beyond(row.Labels, w.id.added, w.id.model(workload.Model{}))]
	})
}

// at returns the rows that have a sample at a time, with that sample only.
func (w *Writer) at(ctx context.Context, t time.Time, selector string) ([]promapi.Series, error) {
	return w.stored(ctx, selector, t.Add(-time.Millisecond), t)
}

// comparison compares what is stored of a window with what was computed.
type comparison struct {
	differ int
	first  string // difference
}

// lacking returns the samples of one metric that are in no row.
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
