package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// values are a window's averages as the Prometheus has them back.
type values struct {
	end    time.Time // of the window
	models map[string]map[string]float64
}

// metrics in the order of the table's columns.
var metrics = []string{
	"model_containers_average",
	"model_cpu_usage_seconds_total", "model_memory_usage_bytes",
	"model_cpu_requests", "model_memory_requests_bytes",
	"model_cpu_limits", "model_memory_limits_bytes",
}

// shortKinds are as kubectl abbreviates them.
var shortKinds = map[string]string{"SeldonDeployment": "sdep", "InferenceService": "isvc"}

// readBack asks the Prometheus for what it has scraped from the exporter.
func readBack(ctx context.Context, api v1.API) (values, error) {
	v := values{models: map[string]map[string]float64{}}
	at := time.Now()
	end, err := vector(ctx, api, `max(seldon_exporter_window_end_timestamp_seconds)`, at)
	if err != nil || len(end) == 0 {
		return v, err
	}
	v.end = time.Unix(int64(end[0].Value), 0)
	samples, err := vector(ctx, api, fmt.Sprintf(`max by (__name__, namespace, type, name) (last_over_time({__name__=~"model_.+"}[%s]))`, scrapeBack*3), at)
	if err != nil {
		return v, err
	}
	for _, s := range samples {
		kind := string(s.Metric["type"])
		name := fmt.Sprintf("%s %s/%s", shortKinds[kind], s.Metric["namespace"], s.Metric["name"])
		if v.models[name] == nil {
			v.models[name] = map[string]float64{}
		}
		v.models[name][string(s.Metric[model.MetricNameLabel])] = float64(s.Value)
	}
	return v, nil
}

func vector(ctx context.Context, api v1.API, query string, at time.Time) (model.Vector, error) {
	answer, _, _, err := api.Query(ctx, query, at)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	samples, ok := answer.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("%s: a %s instead of a vector", query, answer.Type())
	}
	return samples, nil
}

// complete says whether every one of the seven metrics is there for some model.
func (v values) complete() bool {
	for _, metric := range metrics {
		if !slices.ContainsFunc(slices.Collect(maps.Values(v.models)), func(m map[string]float64) bool {
			_, ok := m[metric]
			return ok
		}) {
			return false
		}
	}
	return true
}

// print writes a table of no more than 80 columns, at once: others write, too.
func (v values) print(to io.Writer) {
	out := &strings.Builder{}
	fmt.Fprintf(out, "\nAverages from %s to %s, as scraped back into the Prometheus:\n\n",
		v.end.Add(-period).Format(time.TimeOnly), v.end.Format(time.TimeOnly))
	fmt.Fprintf(out, row, "", "", "", "used", "", "requested", "", "limit")
	fmt.Fprintf(out, row, "model", "running", "cores", "memory", "cores", "memory", "cores", "memory")
	for _, name := range slices.Sorted(maps.Keys(v.models)) {
		cells := []any{name}
		for _, metric := range metrics {
			cells = append(cells, cell(metric, v.models[name]))
		}
		fmt.Fprintf(out, row, cells...)
	}
	fmt.Fprintln(to, out)
}

// row is a line of the table: a model, and the metrics in order.
const row = "%-23s %7s %6s %8s %6s %9s %6s %8s\n"

func cell(metric string, of map[string]float64) string {
	v, ok := of[metric]
	switch {
	case !ok:
		return "-"
	case strings.HasSuffix(metric, "_bytes"):
		return bytes(v)
	}
	return fmt.Sprintf("%.2f", v)
}

const (
	mebi = 1 << 20
	gibi = 1 << 30
)

func bytes(v float64) string {
	if v >= gibi {
		return fmt.Sprintf("%.2f Gi", v/gibi)
	}
	return fmt.Sprintf("%.0f Mi", v/mebi)
}
