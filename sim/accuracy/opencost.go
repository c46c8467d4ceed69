package accuracy

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// OpenCost emulates the allocations of github.com/opencost/opencost, by the queries of
// modules/prometheus-source/pkg/prom/metricsquerier.go at 023c35d (2026) and what
// pkg/costmodel/allocation_helpers.go makes of them: a pod runs from the first to the last
// step of 5 minutes in which a container of it did, its containers as long as it does, and
// labels are merged over the window. A model's average is made as Allocation.add of
// core/pkg/opencost/allocation.go does it, of each container's average times its minutes.
//
// It measures the working set of memory. Here it is asked for the usage, like all others.
type OpenCost struct{ base *url.URL }

// NewOpenCost returns OpenCost, reading a Prometheus.
func NewOpenCost(base *url.URL) OpenCost { return OpenCost{base} }

// Name implements Way.
func (OpenCost) Name() string { return "OpenCost" }

// openCostStep is the default of PROMETHEUS_QUERY_RESOLUTION_SECONDS.
const openCostStep = 5 * time.Minute

// queries are per metric, with the window's length as W.
func (OpenCost) queries() map[cluster.Metric]string {
	settings := func(what, resource, unit string) string {
		return fmt.Sprintf(`avg by (container, pod, namespace, node, uid, cluster) (avg_over_time(kube_pod_container_resource_%s{resource="%s",unit="%s",container!="",container!="POD",node!=""}[W]))`, what, resource, unit)
	}
	usage := func(function, series string) string {
		return fmt.Sprintf(`avg by (container_name, container, pod_name, pod, namespace, node, instance, uid, cluster) (%s(%s{container!="",container_name!="POD",container!="POD"}[W]))`, function, series)
	}
	return map[cluster.Metric]string{
		cluster.CPUUsage:       usage("rate", "container_cpu_usage_seconds_total"),
		cluster.MemoryUsage:    usage("avg_over_time", "container_memory_usage_bytes"),
		cluster.CPURequests:    settings("requests", "cpu", "core"),
		cluster.CPULimits:      settings("limits", "cpu", "core"),
		cluster.MemoryRequests: settings("requests", "memory", "byte"),
		cluster.MemoryLimits:   settings("limits", "memory", "byte"),
	}
}

// Compute implements Way.
func (o OpenCost) Compute(ctx context.Context, p Placed) (Result, error) {
	w := p.Span()
	ran, err := o.pods(ctx, p)
	if err != nil {
		return Result{}, err
	}
	labels := map[podName]map[string]string{}
	answer, err := o.ask(ctx, p, `avg_over_time(kube_pod_labels[W])`)
	if err != nil {
		return Result{}, err
	}
	for _, row := range answer.Data.Result {
		pod := o.pod(p, row)
		if labels[pod] == nil {
			labels[pod] = map[string]string{}
		}
		maps.Copy(labels[pod], row.Metric)
	}

	result := Result{}
	result.Lacks[cluster.Containers] = true
	type container struct {
		pod  podName
		name string
	}
	for metric, query := range o.queries() {
		answer, err := o.ask(ctx, p, query)
		if err != nil {
			return Result{}, err
		}
		of := func(row Row) container { return container{o.pod(p, row), row.Metric["container"]} }
		averages, err := last(answer, of, Row.Number)
		if err != nil {
			return Result{}, err
		}
		for _, c := range averages {
			minutes, ok := ran[c.key.pod]
			m, models := c.key.pod.model(labels[c.key.pod])
			if ok && models {
				result.add(m, metric, c.value*minutes.Minutes()/w.Period().Minutes())
			}
		}
	}
	return result, nil
}

// pods returns for how long each pod ran.
func (o OpenCost) pods(ctx context.Context, p Placed) (map[podName]time.Duration, error) {
	w := p.Span()
	query := fmt.Sprintf(`avg by (pod, namespace, uid, cluster) (kube_pod_container_status_running != 0)[%s:%s]`,
		model.Duration(w.Period()+openCostStep), model.Duration(openCostStep))
	answer, err := o.ask(ctx, p, query)
	if err != nil {
		return nil, err
	}
	type life struct{ from, to time.Time }
	lives := map[podName]life{}
	for _, row := range answer.Data.Result {
		from, to, err := row.Moments()
		if err != nil {
			return nil, err
		}
		if from.Equal(to) {
			from, to = from.Add(-openCostStep/2), to.Add(openCostStep/2)
		}
		if from.Before(w.Start) {
			from = w.Start
		}
		if to.After(w.End) {
			to = w.End
		}
		pod := o.pod(p, row)
		if known, ok := lives[pod]; ok {
			if known.from.Before(from) {
				from = known.from
			}
			if known.to.After(to) {
				to = known.to
			}
		}
		lives[pod] = life{from, to}
	}
	ran := map[podName]time.Duration{}
	for pod, l := range lives {
		ran[pod] = l.to.Sub(l.from)
	}
	return ran, nil
}

func (o OpenCost) ask(ctx context.Context, p Placed, query string) (Answer, error) {
	w := p.Span()
	query = strings.ReplaceAll(query, "[W]", "["+model.Duration(w.Period()).String()+"]")
	return Ask(ctx, o.base, query, w.End)
}

// pod returns whose row it is. PROM_CLUSTER_ID_LABEL is set where there are several clusters.
func (OpenCost) pod(p Placed, row Row) podName {
	pod := podName{namespace: row.Metric["namespace"], pod: row.Metric["pod"]}
	if p.History.Clusters() > 1 {
		pod.cluster = row.Metric["cluster"]
	}
	return pod
}
