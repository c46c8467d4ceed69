package accuracy

import (
	"context"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Way is a way of computing a window's averages from a Prometheus that it knows.
type Way interface {
	Name() string
	Compute(ctx context.Context, p Placed) (Result, error)
}

// Result is what a way made of a window.
type Result struct {
	Values   map[cluster.Model]cluster.Values
	Coverage *cluster.Coverage // nil where the way tells none
	// Lacks are the metrics that the way does not measure, which are not judged.
	Lacks [cluster.NumMetrics]bool
}

// add adds to a model's value, which is known from then on.
func (r *Result) add(m cluster.Model, metric cluster.Metric, v float64) {
	if r.Values == nil {
		r.Values = map[cluster.Model]cluster.Values{}
	}
	values := r.Values[m]
	values[metric] = cluster.Value{V: values[metric].V + v, OK: true}
	r.Values[m] = values
}

// podName is how systems that know no uids tell pods apart.
type podName struct{ cluster, namespace, pod string }

// model returns whose a pod with these labels is, as kube-state-metrics renders them. Systems
// that leave this to their users are given the exporter's own rule.
func (p podName) model(labels map[string]string) (cluster.Model, bool) {
	kind, name := workload.Owner(workload.Rules(workload.Kinds()), func(label string) string { return labels[label] })
	return cluster.Model{Cluster: p.cluster, Namespace: p.namespace, Type: kind, Name: name}, kind != ""
}
