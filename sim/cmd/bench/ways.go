package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// exporter is this project's way. It learns from each window how to ask for the next.
type exporter struct{ accuracy.Exporter }

// exporters returns it over each transport.
func exporters(s server) (remoteRead, promQL exporter, err error) {
	if remoteRead.Exporter, err = accuracy.NewExporter(s.url, fetch.RemoteRead); err != nil {
		return exporter{}, exporter{}, err
	}
	promQL.Exporter, err = accuracy.NewExporter(s.url, fetch.PromQL)
	return remoteRead, promQL, err
}

func (e exporter) refresh(ctx context.Context, _ server, w window.Window) (cost, error) {
	a, err := e.Averages(ctx, accuracy.Placed{Named: histories.Named{Window: cluster.Span{To: w.Period()}}, Origin: w.Start})
	if err != nil {
		return cost{}, err
	}
	return cost{queries: a.Cost.Queries, samples: a.Cost.SamplesRead, peak: a.Cost.LargestSamples}, nil
}

// queries are a way that asks PromQL and nothing more. What becomes of the answers costs
// the Prometheus nothing.
type queries struct {
	name string
	ask  func(w window.Window) []query
}

// query is evaluated at the window's end, or, where it has a step, throughout the window.
type query struct {
	expr string
	step time.Duration
}

func (q queries) Name() string { return q.name }

func (q queries) refresh(ctx context.Context, s server, w window.Window) (cost, error) {
	var c cost
	for _, one := range q.ask(w) {
		samples, peak, err := one.evaluate(ctx, s.url, w)
		if err != nil {
			return cost{}, err
		}
		c.add(cost{queries: 1, samples: samples, peak: peak})
	}
	return c, nil
}

func (q query) evaluate(ctx context.Context, base *url.URL, w window.Window) (samples, peak int64, err error) {
	endpoint, form := "query", url.Values{"query": {q.expr}, "stats": {"all"}, "time": {w.End.Format(time.RFC3339)}}
	if q.step > 0 {
		endpoint = "query_range"
		form.Set("start", w.Start.Format(time.RFC3339))
		form.Set("end", w.End.Add(-q.step).Format(time.RFC3339))
		form.Set("step", strconv.FormatFloat(q.step.Seconds(), 'f', -1, 64))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base.JoinPath("api/v1", endpoint).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	var answer struct {
		Error string
		Data  struct {
			Stats struct {
				Samples struct{ TotalQueryableSamples, PeakSamples int64 }
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return 0, 0, fmt.Errorf("%s: status %d: %w", q.expr, resp.StatusCode, err)
	}
	if answer.Error != "" {
		return 0, 0, fmt.Errorf("%s: %s", q.expr, answer.Error)
	}
	return answer.Data.Stats.Samples.TotalQueryableSamples, answer.Data.Stats.Samples.PeakSamples, nil
}

// textbook is the recording rules of package accuracy, for the one kind that the clusters have.
func textbook() way {
	return queries{"textbook rules", func(w window.Window) []query {
		var out []query
		for _, q := range accuracy.NewTextbook(nil).Queries(w.Period()) {
			if q.Kind == "SeldonDeployment" {
				out = append(out, query{expr: q.Expr})
			}
		}
		return out
	}}
}

// perPod are the seven metrics of every pod in the cluster at a moment.
func perPod(rateOver string) []string {
	return []string{
		`sum by (namespace, pod) (kube_pod_container_status_running)`,
		`sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{container!="",container!="POD"}[` + rateOver + `]))`,
		`sum by (namespace, pod) (container_memory_usage_bytes{container!="",container!="POD"})`,
		`sum by (namespace, pod) (kube_pod_container_resource_requests{resource="cpu"})`,
		`sum by (namespace, pod) (kube_pod_container_resource_limits{resource="cpu"})`,
		`sum by (namespace, pod) (kube_pod_container_resource_requests{resource="memory"})`,
		`sum by (namespace, pod) (kube_pod_container_resource_limits{resource="memory"})`,
	}
}

// joined averages over a window what models' pods had, joined at every scrape.
func joined(perPod, length string) string {
	return `avg_over_time((
  sum by (namespace, label_seldon_deployment_id) (
    ` + perPod + `
    * on (namespace, pod) group_left (label_seldon_deployment_id)
    max by (namespace, pod, label_seldon_deployment_id) (
      kube_pod_labels{label_seldon_deployment_id!=""}))
)[` + length + `:30s])`
}

// subqueries is what is written where pods change hands within the window: they are
// joined with their models at every scrape and not once.
func subqueries() way {
	return queries{"joins in subqueries", func(w window.Window) []query {
		var out []query
		for _, expr := range perPod("2m") {
			out = append(out, query{expr: joined(expr, model.Duration(w.Period()).String())})
		}
		return out
	}}
}

// rangeQueries is what metering operators do: every hour the whole cluster's pods at a
// minute's steps, to be joined and averaged outside of Prometheus.
func rangeQueries() way {
	return queries{"query_range by the minute", func(window.Window) []query {
		var out []query
		for _, expr := range append(perPod("5m"), `kube_pod_labels`) {
			out = append(out, query{expr: expr, step: time.Minute})
		}
		return out
	}}
}
