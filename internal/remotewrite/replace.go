package remotewrite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Stored returns what is stored of a window, nil if nothing is. The error is an *Error.
func (w *Writer) Stored(ctx context.Context, of window.Window) (*ledger.Averages, error) {
	header, err := w.at(ctx, of.End, selector(Coverage, w.id.added, w.id.own))
	if err != nil || len(header) == 0 {
		return nil, err
	}
	a := &ledger.Averages{Window: of, Metrics: w.table.Metrics}
	for _, row := range header {
		a.Coverage = append(a.Coverage, ledger.Coverage{Source: row.Labels.Get("source"), Ratio: row.Samples[0].V})
	}
	slices.SortFunc(a.Coverage, func(a, b ledger.Coverage) int { return w.table.SourceIndex(a.Source) - w.table.SourceIndex(b.Source) })
	models := map[workload.Model][]metric.Value{}
	for i, info := range w.table.Metrics {
		rows, err := w.at(ctx, of.End, selector(info.Name, w.id.added, w.id.cluster))
		if err != nil {
			return nil, err
		}
		for _, row := range w.ours(header, rows) {
			m := workload.Model{Namespace: row.Labels.Get("namespace"), Type: row.Labels.Get("type"), Name: row.Labels.Get("name")}
			if !w.shard.Holds(m.Namespace) {
				continue
			}
			if w.id.clusters {
				m.Cluster = row.Labels.Get("cluster")
			}
			if models[m] == nil {
				models[m] = make([]metric.Value, len(w.table.Metrics))
			}
			models[m][i] = metric.Value{V: row.Samples[0].V, OK: true}
		}
	}
	for m, values := range models {
		a.Models = append(a.Models, ledger.Model{Model: m, Values: values})
	}
	slices.SortFunc(a.Models, func(a, b ledger.Model) int { return a.Compare(b.Model) })
	return a, nil
}

// Replace writes the samples of a window that differ from the stored ones. The error is an
// *Error. Most receivers refuse a second value for one timestamp.
func (w *Writer) Replace(ctx context.Context, stored, a *ledger.Averages) error {
	had := map[string]float64{}
	for _, s := range slices.Concat(w.id.coverage(stored.Coverage), slices.Concat(w.id.averages(stored)...)) {
		had[selector(s.metric, s.labels)] = s.value
	}
	var changed []sample
	for _, s := range slices.Concat(w.id.coverage(a.Coverage), slices.Concat(w.id.averages(a)...)) {
		if v, ok := had[selector(s.metric, s.labels)]; !ok || !alike(v, s.value) {
			changed = append(changed, s)
		}
	}
	err := w.write(ctx, changed, a.Window.End)
	if failure, ok := errors.AsType[*Error](err); ok && failure.Kind != Transient {
		failure.Err = fmt.Errorf("%w: most receivers accept no second value for one timestamp: delete the samples of %s (Prometheus: api/v1/admin/tsdb/delete_series) and write the window with --output", failure.Err, a.Window.End.Format(time.RFC3339))
	}
	return err
}
