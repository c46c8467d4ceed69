package accuracy

import (
	"context"
	"errors"
	"net/url"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Stored returns what a Prometheus has of a window, stored with the window's end as time.
func Stored(ctx context.Context, base *url.URL, w window.Window) (Result, error) {
	answer, err := Ask(ctx, base, `{__name__=~"model_.*|seldon_exporter_window_coverage_ratio"}`, w.End)
	if err != nil {
		return Result{}, err
	}
	if answer.Error != "" {
		return Result{}, errors.New(answer.Error)
	}
	result := Result{Values: map[cluster.Model]cluster.Values{}, Coverage: &cluster.Coverage{}}
	for _, row := range answer.Data.Result {
		v, err := row.Number()
		if err != nil {
			return Result{}, err
		}
		switch row.Metric["source"] {
		case "kube-state-metrics":
			result.Coverage.KSM = v
			continue
		case "cadvisor":
			result.Coverage.CAdvisor = v
			continue
		}
		m := cluster.Model{Namespace: row.Metric["namespace"], Type: row.Metric["type"], Name: row.Metric["name"]}
		values := result.Values[m]
		for metric := range cluster.NumMetrics {
			if metric.String() == row.Metric["__name__"] {
				values[metric] = cluster.Value{V: v, OK: true}
			}
		}
		result.Values[m] = values
	}
	return result, nil
}
