package accuracy

import (
	"cmp"
	"context"
	"net/url"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Koku emulates the pod report of github.com/project-koku/koku-metrics-operator, by the
// queries of internal/collector/queries.go and the rows of internal/collector/collector.go
// at 02f8acf (2025): each query at every full minute but the last, the values of each pod
// added up and taken for a minute each. The core-seconds and byte-seconds are divided by the
// window's length.
type Koku struct{ base *url.URL }

// NewKoku returns the operator, reading a Prometheus.
func NewKoku(base *url.URL) Koku { return Koku{base} }

// Name implements Way.
func (Koku) Name() string { return "koku-metrics-operator" }

const kokuStep = time.Minute

func (Koku) queries() map[cluster.Metric]string {
	const running = ` * on (pod, namespace) group_left max by (pod, namespace) (kube_pod_status_phase{phase="Running"})`
	settings := func(what, resource string) string {
		return `sum by (pod, namespace, node) (kube_pod_container_resource_` + what + `{pod!="",namespace!="",node!="",resource="` + resource + `"}` + running + `)`
	}
	const containers = `{container!="",container!="POD",pod!="",namespace!="",node!=""}`
	return map[cluster.Metric]string{
		cluster.CPUUsage:       `sum by (pod, namespace, node) (rate(container_cpu_usage_seconds_total` + containers + `[5m]))`,
		cluster.MemoryUsage:    `sum by (pod, namespace, node) (container_memory_usage_bytes` + containers + `)`,
		cluster.CPURequests:    settings("requests", "cpu"),
		cluster.CPULimits:      settings("limits", "cpu"),
		cluster.MemoryRequests: settings("requests", "memory"),
		cluster.MemoryLimits:   settings("limits", "memory"),
	}
}

// Compute implements Way. A query that fails gives nothing.
func (k Koku) Compute(ctx context.Context, p Placed) (Result, error) {
	w := p.Span()
	labels := map[podName]map[string]string{} // of several rows, the last one counts
	answer, err := AskRange(ctx, k.base, `kube_pod_labels{namespace!="",pod!=""} * on (pod, namespace) group_left max by (pod, namespace) (kube_pod_status_phase{phase="Running"})`, w.Start, w.End.Add(-time.Second), kokuStep)
	if err != nil {
		return Result{}, err
	}
	for _, row := range answer.Data.Result {
		labels[k.pod(row)] = row.Metric
	}
	result := Result{}
	result.Lacks[cluster.Containers] = true
	for metric, query := range k.queries() {
		answer, err := AskRange(ctx, k.base, query, w.Start, w.End.Add(-time.Second), kokuStep)
		if err != nil {
			return Result{}, err
		}
		sums, err := last(answer, k.pod, Row.Sum) // a pod on two nodes has two rows
		if err != nil {
			return Result{}, err
		}
		for _, pod := range sums {
			named := podName{namespace: pod.row.Metric["namespace"]}
			if m, ok := named.model(labels[pod.key]); ok {
				result.add(m, metric, pod.value*kokuStep.Seconds()/w.Period().Seconds())
			}
		}
	}
	return result, nil
}

// pod returns the key of a row: its two names, whichever comes first in the alphabet.
func (Koku) pod(row Row) podName {
	namespace, pod := row.Metric["namespace"], row.Metric["pod"]
	if cmp.Less(pod, namespace) {
		namespace, pod = pod, namespace
	}
	return podName{namespace: namespace, pod: pod}
}
