package remotewrite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Stored returns what is stored of a window, nil where nothing is. The error is an *Error.
func (w *Writer) Stored(ctx context.Context, of window.Window) (*downsample.Averages, error) {
	header, err := w.at(ctx, of.End, selector(Coverage, w.id.added, w.id.own))
	if err != nil || len(header) == 0 {
		return nil, err
	}
	a := &downsample.Averages{Window: of}
	for _, row := range header {
		switch v := row.Samples[0].V; row.Labels.Get("source") {
		case "cadvisor":
			a.Coverage.CAdvisor = v
		case "kube-state-metrics":
			a.Coverage.KubeStateMetrics = v
		}
	}
	models := map[workload.Model]*usage.Values{}
	for metric, info := range usage.Table() {
		rows, err := w.at(ctx, of.End, selector(info.Name, w.id.added))
		if err != nil {
			return nil, err
		}
		for _, row := range w.ours(header, rows) {
			m := workload.Model{Namespace: row.Labels.Get("namespace"), Type: row.Labels.Get("type"), Name: row.Labels.Get("name")}
			if !w.shard.Holds(m.Namespace) {
				continue
			}
			if models[m] == nil {
				models[m] = &usage.Values{}
			}
			models[m][metric] = usage.Value{V: row.Samples[0].V, OK: true}
		}
	}
	for m, values := range models {
		a.Models = append(a.Models, downsample.Model{Model: m, Values: *values})
	}
	slices.SortFunc(a.Models, func(a, b downsample.Model) int { return a.Compare(b.Model) })
	return a, nil
}

// Replace writes those samples of a window that are not what is stored of it. The error is
// an *Error. Most receivers refuse a second value at one time.
func (w *Writer) Replace(ctx context.Context, stored, a *downsample.Averages) error {
	had := map[string]float64{}
	for _, s := range slices.Concat(w.id.coverage(stored.Coverage), slices.Concat(averagesOf(stored)...)) {
		had[selector(s.metric, s.labels)] = s.value
	}
	var changed []sample
	for _, s := range slices.Concat(w.id.coverage(a.Coverage), slices.Concat(averagesOf(a)...)) {
		if v, ok := had[selector(s.metric, s.labels)]; !ok || !alike(v, s.value) {
			changed = append(changed, s)
		}
	}
	err := w.write(ctx, changed, a.Window.End)
	if failure, ok := errors.AsType[*Error](err); ok && failure.Kind != Transient {
		failure.Err = fmt.Errorf("%w: most receivers take no second value for one time: delete what is stored of %s (Prometheus: api/v1/admin/tsdb/delete_series) and write the window with --output", failure.Err, a.Window.End.Format(time.RFC3339))
	}
	return err
}
