package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// allowLabels is how kube-state-metrics is told to export the labels, by itself and in the
// charts that install it.
const allowLabels = `The flag of kube-state-metrics:

    --metric-labels-allowlist={labels}

In the values of the chart kube-prometheus-stack:

    kube-state-metrics:
      metricLabelsAllowlist:
        - {labels}

In the values of the chart kube-state-metrics:

    metricLabelsAllowlist:
      - {labels}`

func kubeStateMetricsChecks() []Check {
	needs := []string{"reachable", "credentials"}
	return []Check{
		{
			Name:     "kube-state-metrics",
			Question: "Is kube-state-metrics scraped, by which version, and how does it name pods?",
			Judged:   "by the targets that the window showed, and their `up` now.",
			Needs:    needs,
			Faults: []Fault{
				{Name: "none", Status: Fail, Means: "No kube-state-metrics was scraped in the window: it is not known which pods there were.",
					Remedy: "Install kube-state-metrics, let this Prometheus scrape it, and check that no relabeling drops `kube_node_info` and `kube_pod_labels`."},
				{Name: "down", Status: Fail, Means: "A target of kube-state-metrics cannot be scraped now (`up` is 0).",
					Remedy: "Check the pod and the network policies before it; the page /targets of the Prometheus has the error."},
				{Name: "ignored", Status: Warn, Means: "A target shows series of kube-state-metrics, and is not recognized as one: its series do not count.",
					Remedy: "If it is one, select it with `--source.kube-state-metrics`."},
			},
			run: kubeStateMetrics,
		},
		{
			Name:     "model-labels",
			Question: "Does `kube_pod_labels` have the labels that name models?",
			Judged:   "by counting the series that have them now.",
			Needs:    append(needs, "kube-state-metrics"),
			Faults: []Fault{
				{Name: "no-series", Status: Fail, Means: "There is no `kube_pod_labels`: kube-state-metrics from 2.10 on exports none unless labels are allowed.",
					Remedy:   "Start kube-state-metrics with the labels allowed, unless a relabeling drops `kube_pod_labels`.",
					Settings: allowLabels},
				{Name: "no-labels", Status: Fail, Means: "`kube_pod_labels` has no labels of pods: kube-state-metrics 2.0 to 2.9 exports none unless they are allowed.",
					Remedy:   "Start kube-state-metrics with the labels allowed, unless a relabeling drops them.",
					Settings: allowLabels},
				{Name: "other-labels", Status: Fail, Means: "`kube_pod_labels` has labels of pods, but none that names a model of the chosen kinds.",
					Remedy:   "If there are models, check `--kinds`, and add the labels to those that kube-state-metrics exports already.",
					Settings: allowLabels},
			},
			run: modelLabels,
		},
		{
			Name:     "requests-and-limits",
			Question: "Are requests and limits exported, under the names of kube-state-metrics 1.x or 2.x?",
			Judged:   "by the series of some of the models' pods at the end of the window.",
			Needs:    append(needs, "model-labels"),
			Faults: []Fault{{Name: "dropped", Status: Fail, Means: "No container of any pod has a request or limit.",
				Remedy: "Check that `kube_pod_container_resource_requests` and `kube_pod_container_resource_limits` are not left out by `--metric-allowlist` or `--metric-denylist` of kube-state-metrics, nor dropped by a relabeling."}},
			run: requestsAndLimits,
		},
	}
}

func kubeStateMetrics(ctx context.Context, e *exam) (Finding, error) {
	if err := e.survey(ctx); err != nil && !e.nothingThere() {
		return skip("it needs a window")
	}
	if e.nothingThere() || len(e.found.Targets[0].Scrapes) == 0 {
		return fault("none", "no kube_node_info and no kube_pod_labels between %s", e.window)
	}
	down, err := e.down(ctx, 0)
	if err != nil {
		return Finding{}, err
	}
	if len(down) > 0 {
		return fault("down", "up is 0: %s", some(down))
	}
	if ignored := e.ignored(0); len(ignored) > 0 {
		return fault("ignored", "%s", some(ignored))
	}
	text := e.targets(0)
	versions, err := e.ask(ctx, "count by (version) (kube_state_metrics_build_info)")
	if err != nil {
		return Finding{}, err
	}
	if len(versions) > 0 {
		var all []string
		for _, row := range versions {
			all = append(all, row.Labels.Get("version"))
		}
		text += ", version " + some(all)
	}
	if named := e.podNames(); named != "" {
		text += "; " + named
	}
	return pass("%s", text)
}

// targets says which targets of a source the window showed.
func (e *exam) targets(source int) string {
	found := e.found.Targets[source]
	var jobs []string
	for t := range found.Scrapes {
		jobs = append(jobs, t.Job)
	}
	return fmt.Sprintf("%s of the job %s, scraped every %s", count(len(found.Scrapes), "target"), some(jobs), seconds(found.Interval))
}

func seconds(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// down returns the targets of a source whose up is 0 now.
func (e *exam) down(ctx context.Context, source int) ([]string, error) {
	rows, err := e.ask(ctx, upOf(e.found.Targets[source])+" == 0")
	if err != nil {
		return nil, err
	}
	var all []string
	for _, row := range rows {
		all = append(all, e.found.Target(row.Labels, e.Table.Sources[source]).String())
	}
	return all, nil
}

// upOf is PromQL for the up series of targets.
func upOf(of *timeline.Targets) string {
	return inventory.Up(slices.Collect(maps.Keys(of.Scrapes))).String()
}

// ignored returns the targets that show series of a source and do not count.
func (e *exam) ignored(source int) []string {
	var all []string
	for _, t := range e.found.Ignored(source) {
		all = append(all, t.String())
	}
	return all
}

// podNames says by which labels kube-state-metrics names pods.
func (e *exam) podNames() string {
	var all []string
	for _, p := range e.found.Pods {
		for _, f := range p.Forms {
			if text := f.Namespace + " and " + f.Pod; !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return "pods are named by " + strings.Join(all, ", or by ")
}

func modelLabels(ctx context.Context, e *exam) (Finding, error) {
	pods, err := e.ask(ctx, "count(kube_pod_labels)")
	if err != nil {
		return Finding{}, err
	}
	if number(pods) == 0 {
		return fault("no-series", "there is no kube_pod_labels now")
	}
	var found []string
	rules := labelled(e.Kinds)
	for _, rule := range rules {
		rows, err := e.ask(ctx, "count("+rule.String()+")")
		if err != nil {
			return Finding{}, err
		}
		if n := number(rows); n > 0 {
			found = append(found, fmt.Sprintf("%s (%s)", rule[1].Name, count(n, "pod")))
		}
	}
	if len(found) > 0 {
		return pass("of %s: %s", count(number(pods), "pod"), strings.Join(found, ", "))
	}
	// A few series show whether there are any labels of pods at all.
	rows, err := e.ask(ctx, "topk(50, kube_pod_labels)")
	if err != nil {
		return Finding{}, err
	}
	var others []string
	for _, row := range rows {
		for _, l := range row.Labels {
			if strings.HasPrefix(l.Name, "label_") {
				others = append(others, l.Name)
			}
		}
	}
	if len(others) == 0 {
		return fault("no-labels", "%v series, none with a label of its pod", number(pods))
	}
	return fault("other-labels", "no model's label on %s; there are %s", count(number(pods), "pod"), some(others))
}

func requestsAndLimits(ctx context.Context, e *exam) (Finding, error) {
	if err := e.survey(ctx); err != nil || len(e.found.Pods) == 0 {
		return skip("it needs a window with models")
	}
	rows, err := instant(ctx, e.Server, "count by (__name__) ("+either(e.found.Series(e.Table, 0, e.somePods()))+")", e.atEnd())
	if err != nil {
		return Finding{}, err
	}
	old := map[string]bool{} // whether a name is of 1.x
	for _, m := range e.Table.Metrics {
		for _, series := range m.Series {
			old[series.Name] = series.Old
		}
	}
	var as1, as2 bool
	for _, row := range rows {
		if isOld, known := old[row.Labels.Get("__name__")]; known {
			as1, as2 = as1 || isOld, as2 || !isOld
		}
	}
	switch {
	case as1 && as2:
		return pass("under the names of 1.x and of 2.x; each counts once")
	case as2:
		return pass("under the names of 2.x")
	case as1:
		return pass("under the names of 1.x")
	}
	others, err := e.ask(ctx, `count({__name__=~"kube_pod_container_resource_(?:requests|limits)(?:_cpu_cores|_memory_bytes)?"})`)
	if err != nil {
		return Finding{}, err
	}
	if number(others) == 0 {
		return fault("dropped", "no kube_pod_container_resource_requests or ..._limits of any pod")
	}
	return pass("the models' pods set none, others do")
}

// atEnd is the last moment of the window.
func (e *exam) atEnd() time.Time { return e.window.End.Add(-time.Millisecond) }

// kubeletTargets is the place of the source that kubelets are.
func (e *exam) kubeletTargets() int { return e.Table.SourceIndex(metric.CAdvisor) }
