package accuracy

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// SeldonRules emulates the recording rules that Seldon Core shipped for Seldon Deploy:
// helm-charts/seldon-core-analytics/files/prometheus/rules/model-usage.rules.yml of
// github.com/SeldonIO/seldon-core at 2985075 (2021). They are evaluated every two minutes. A
// model's average is that of the evaluations that a running Prometheus makes in the window; one
// without the model counts as zero.
//
// It reads histories as InTheirDays made them.
type SeldonRules struct{ base *url.URL }

// NewSeldonRules returns the rules, to be evaluated by a Prometheus.
func NewSeldonRules(base *url.URL) SeldonRules { return SeldonRules{base} }

// Name implements Way.
func (SeldonRules) Name() string { return "Seldon's usage rules" }

const seldonRulesStep = 2 * time.Minute

// managedBy is a label of Seldon Core's pods by which the rules find them.
const managedBy = "app.kubernetes.io/managed-by"

// InTheirDays returns the same histories as what the rules need would have shown them: a
// kube-state-metrics 1.9, with the old names beside the new ones, Seldon Core's label, and
// KFServing's beside KServe's.
func InTheirDays(placed []Placed) []Placed {
	placed = slices.Clone(placed)
	for i := range placed {
		h := &placed[i].History
		h.KSMs = slices.Clone(h.KSMs)
		for k := range h.KSMs {
			if h.KSMs[k].Version == cluster.KSM2 {
				h.KSMs[k].Version = cluster.KSM19
			}
		}
		h.Pods = slices.Clone(h.Pods)
		for k := range h.Pods {
			h.Pods[k].Labels = slices.Clone(h.Pods[k].Labels)
			for l, labels := range h.Pods[k].Labels {
				set := maps.Clone(labels.Set)
				if set[cluster.SeldonLabel] != "" {
					set[managedBy] = "seldon-core"
				}
				if name := set[cluster.KServeLabel]; name != "" {
					set[cluster.KubeflowLabel] = name
				}
				h.Pods[k].Labels[l].Set = set
			}
		}
	}
	return placed
}

// rules are per metric: what is known of each container.
func (SeldonRules) rules() [cluster.NumMetrics]string {
	const containers = `by (namespace, pod, container)`
	return [cluster.NumMetrics]string{
		cluster.Containers:     `max ` + containers + ` (avg_over_time(kube_pod_container_info[2m]))`,
		cluster.CPUUsage:       `sum ` + containers + ` (rate(container_cpu_usage_seconds_total[2m]))`,
		cluster.MemoryUsage:    `sum ` + containers + ` (rate(container_memory_usage_bytes[2m]))`,
		cluster.CPURequests:    `sum ` + containers + ` (kube_pod_container_resource_requests_cpu_cores)`,
		cluster.CPULimits:      `sum ` + containers + ` (kube_pod_container_resource_limits_cpu_cores)`,
		cluster.MemoryRequests: `sum ` + containers + ` (kube_pod_container_resource_requests_memory_bytes)`,
		cluster.MemoryLimits:   `sum ` + containers + ` (kube_pod_container_resource_limits_memory_bytes)`,
	}
}

// Compute implements Way.
func (s SeldonRules) Compute(ctx context.Context, p Placed) (Result, error) {
	var moments []time.Time
	w := p.Span()
	for at := w.Start.Add(seldonRulesStep); !at.After(w.End); at = at.Add(seldonRulesStep) {
		if !p.History.Outages.Hold(at.Sub(p.Origin)) {
			moments = append(moments, at)
		}
	}
	result := Result{}
	for _, kind := range []struct{ name, label, pods string }{
		{"SeldonDeployment", workload.Rendered(cluster.SeldonLabel), workload.Rendered(managedBy) + `=~"seldon-core"`},
		{"InferenceService", workload.Rendered(cluster.KubeflowLabel), workload.Rendered(cluster.KubeflowLabel) + `!=""`},
	} {
		for metric, rule := range s.rules() {
			expr := fmt.Sprintf(`sum by (%[1]s, namespace) ((sum_over_time(kube_pod_labels{%[2]s}[2m]) / scalar(max(sum_over_time(kube_pod_labels[2m])))) * on (pod, namespace) group_right (%[1]s) %[3]s)`,
				kind.label, kind.pods, rule)
			for _, at := range moments {
				answer, err := Ask(ctx, s.base, expr, at) // a rule that fails records nothing
				if err != nil {
					return Result{}, err
				}
				for _, row := range answer.Data.Result {
					v, err := row.Number()
					if err != nil {
						return Result{}, err
					}
					m := cluster.Model{Namespace: row.Metric["namespace"], Type: kind.name, Name: row.Metric[kind.label]}
					result.add(m, cluster.Metric(metric), v/float64(len(moments)))
				}
			}
		}
	}
	return result, nil
}
