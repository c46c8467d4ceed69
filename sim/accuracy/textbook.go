package accuracy

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Textbook is the seven averages as a competent user would write them as recording rules:
// one step over the window per container, joined with the pods' labels, and summed.
type Textbook struct{ base *url.URL }

// NewTextbook returns the rules, to be evaluated by a Prometheus.
func NewTextbook(base *url.URL) Textbook { return Textbook{base} }

// Name implements Way.
func (Textbook) Name() string { return "textbook rules" }

// rules are per metric, with the window's length as W.
func (Textbook) rules() [cluster.NumMetrics]string {
	return [cluster.NumMetrics]string{
		cluster.Containers:     `avg_over_time(kube_pod_container_status_running[W])`,
		cluster.CPUUsage:       `rate(container_cpu_usage_seconds_total{container!="",container!="POD"}[W])`,
		cluster.MemoryUsage:    `avg_over_time(container_memory_usage_bytes{container!="",container!="POD"}[W])`,
		cluster.CPURequests:    `avg_over_time(kube_pod_container_resource_requests{resource="cpu"}[W])`,
		cluster.CPULimits:      `avg_over_time(kube_pod_container_resource_limits{resource="cpu"}[W])`,
		cluster.MemoryRequests: `avg_over_time(kube_pod_container_resource_requests{resource="memory"}[W])`,
		cluster.MemoryLimits:   `avg_over_time(kube_pod_container_resource_limits{resource="memory"}[W])`,
	}
}

// Queries returns what is evaluated at a window's end, a query per kind and metric.
func (t Textbook) Queries(period time.Duration) []Query {
	var queries []Query
	for metric, perContainer := range t.rules() {
		perContainer = strings.ReplaceAll(perContainer, "[W]", "["+model.Duration(period).String()+"]")
		for _, kind := range workload.Kinds() {
			label := workload.Rendered(kind.Labels[0])
			queries = append(queries, Query{
				Kind: kind.Name, Label: label, Metric: cluster.Metric(metric),
				Expr: fmt.Sprintf(`sum by (namespace, %[1]s) (%[2]s * on (namespace, pod) group_left (%[1]s) kube_pod_labels{%[1]s!=""})`,
					label, perContainer),
			})
		}
	}
	return queries
}

// Query is one of the rules, for one kind.
type Query struct {
	Kind   string
	Label  string // the label that names the model
	Metric cluster.Metric
	Expr   string
}

// Compute implements Way. A rule that fails gives nothing for its metric, as it would in Prometheus.
func (t Textbook) Compute(ctx context.Context, p Placed) (Result, error) {
	w := p.Span()
	result := Result{Values: map[cluster.Model]cluster.Values{}}
	for _, q := range t.Queries(w.Period()) {
		answer, err := Ask(ctx, t.base, q.Expr, w.End)
		if err != nil {
			return Result{}, err
		}
		for _, r := range answer.Data.Result {
			m := cluster.Model{Namespace: r.Metric["namespace"], Type: q.Kind, Name: r.Metric[q.Label]}
			values := result.Values[m]
			v, err := r.Number()
			if err != nil {
				return Result{}, fmt.Errorf("%s: %w", q.Expr, err)
			}
			values[q.Metric] = cluster.Value{V: v, OK: true}
			result.Values[m] = values
		}
	}
	return result, nil
}
