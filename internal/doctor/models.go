package doctor

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// servingContainers are names of containers that serve models.
func servingContainers() []string {
	return []string{
		"seldon-container-engine", // Seldon Core's orchestrator
		"kserve-container", "kfserving-container",
		"mlserver", "triton", "tritonserver", // of Seldon Core 2's servers, and of others
	}
}

func modelChecks() []Check {
	return []Check{
		{
			Name:     "models",
			Question: "Which models are there, and how many pods has each?",
			Judged:   "by the window.",
			Needs:    []string{"reachable", "credentials", "model-labels"},
			Faults: []Fault{{Name: "none", Status: Warn, Means: "No pod was a model's in the window.",
				Remedy: "If kube-state-metrics exports the labels only since then, wait for the next window. Otherwise check `--kinds`, and whether this is the right cluster's Prometheus."}},
			run: models,
		},
		{
			Name:     "unlabeled-pods",
			Question: "Are there pods that look like a model's and have no model's label?",
			Judged:   "by the names of running containers: " + code(servingContainers()) + ".",
			Needs:    []string{"reachable", "credentials", "kube-state-metrics"},
			Faults: []Fault{{Name: "unlabeled", Status: Warn, Means: "A pod has such a container, and no label of the chosen kinds: it counts for no model.",
				Remedy:   "Add its kind to `--kinds`, or describe it with `--kind`, and let kube-state-metrics export the labels of all kinds that you chose.",
				Settings: allowLabels}},
			run: unlabeled,
		},
	}
}

func code(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }

func models(ctx context.Context, e *exam) (Finding, error) {
	if err := e.survey(ctx); err != nil {
		return skip("it needs a window")
	}
	pods := map[workload.Model]int{}
	for _, p := range e.found.Pods {
		for _, m := range p.Owners() {
			pods[m]++
		}
	}
	if len(pods) == 0 {
		return fault("none", "none between %s", e.window)
	}
	byKind := map[string]int{}
	for m := range pods {
		byKind[m.Type]++
	}
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		kinds = append(kinds, fmt.Sprintf("%d %s", byKind[kind], kind))
	}
	each := slices.Sorted(maps.Values(pods))
	least, most := each[0], each[len(each)-1]
	per := fmt.Sprintf("%d to %s", least, count(most, "pod"))
	if least == most {
		per = count(most, "pod")
	}
	return pass("%s: %s; %s each", count(len(pods), "model"), strings.Join(kinds, ", "), per)
}

func unlabeled(ctx context.Context, e *exam) (Finding, error) {
	pattern := regexp.QuoteMeta(servingContainers()[0])
	for _, name := range servingContainers()[1:] {
		pattern += "|" + regexp.QuoteMeta(name)
	}
	const running = `kube_pod_container_status_running{%s=~%q} == 1`
	rows, err := e.ask(ctx, fmt.Sprintf(running+" or "+running, "container", pattern, "exported_container", pattern))
	if err != nil || len(rows) == 0 {
		return Finding{Found: "no container has such a name"}, err
	}
	owned, err := e.ask(ctx, either(labelled(e.Kinds)))
	if err != nil {
		return Finding{}, err
	}
	naming := inventory.Naming{ClusterLabel: e.ClusterLabel}
	known := map[inventory.PodName]bool{}
	for _, row := range owned {
		known[naming.Pod(row.Labels)] = true
	}
	pods := map[string]bool{}
	for _, row := range rows {
		if p := naming.Pod(row.Labels); !known[p] {
			pods[fmt.Sprintf("%s/%s (%s)", p.Namespace, p.Name, inventory.Label(row.Labels, "container"))] = true
		}
	}
	if len(pods) == 0 {
		return pass("every pod that looks like a model's has a label")
	}
	f, _ := fault("unlabeled", "%s: %s", count(len(pods), "pod"), some(slices.Collect(maps.Keys(pods))))
	if e.unmet["model-labels"] != "" {
		f.Remedy = "Do first what model-labels says."
	}
	return f, nil
}
