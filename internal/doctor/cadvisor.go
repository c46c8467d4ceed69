package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

func cadvisorChecks() []Check {
	needs := []string{"reachable", "credentials", "window"}
	return []Check{
		{
			Name:     "cadvisor",
			Question: "Are the kubelets' cAdvisor endpoints scraped, by which jobs, and who sets the timestamps?",
			Judged:   "by the targets that the window showed, and the timestamps of one of them.",
			Needs:    needs,
			Faults: []Fault{
				{Name: "none", Status: Fail, Means: "No kubelet was scraped in the window: CPU and memory are unknown.",
					Remedy: "Let this Prometheus scrape `/metrics/cadvisor` of the kubelets."},
				{Name: "ignored", Status: Warn, Means: "A target shows cAdvisor's series, and is not recognized as a kubelet: its series do not count.",
					Remedy: "If it is one, select it with `--source.cadvisor`."},
			},
			run: cadvisor,
		},
		{
			Name:     "cadvisor-rows",
			Question: "Do the models' running containers have CPU and memory?",
			Judged:   "by the values of the window.",
			Needs:    append(needs, "models"),
			Faults: []Fault{
				{Name: "no-cpu", Status: Fail, Means: "No model has CPU.",
					Remedy: "Check that no relabeling drops `container_cpu_usage_seconds_total`, nor its labels `namespace`, `pod` and `container`."},
				{Name: "no-memory", Status: Fail, Means: "No model has memory. `/metrics/resource` alone does not have `container_memory_usage_bytes`.",
					Remedy: "Let this Prometheus scrape `/metrics/cadvisor`, and check that no relabeling drops `container_memory_usage_bytes`."},
				{Name: "some", Status: Warn, Means: "Some models have no CPU or no memory.",
					Remedy: "Check that the kubelets of their nodes are scraped, and that no relabeling drops their rows."},
			},
			run: cadvisorRows,
		},
		{
			Name:     "container-ids",
			Question: "Do cAdvisor's rows have the label `id`?",
			Judged:   "by the memory rows of some of the models' pods at the end of the window.",
			Needs:    append(needs, "models"),
			Faults: []Fault{{Name: "dropped", Status: Warn, Means: "They have no `id`: a restarted container cannot be told from the one before, and values around a restart are less exact.",
				Remedy: "Remove the relabeling that drops the label `id`."}},
			run: containerIDs,
		},
		{
			Name:     "cadvisor-jobs",
			Question: "Is each container scraped once?",
			Judged:   "by the CPU rows of some of the models' pods at the end of the window.",
			Needs:    append(needs, "models"),
			Faults: []Fault{{Name: "twice", Status: Warn, Means: "Several targets show the same container. It counts once, and costs the Prometheus more than once.",
				Remedy: "Remove the job or endpoint that nothing else needs: of `/metrics/cadvisor` and `/metrics/resource`, keep the former."}},
			run: cadvisorJobs,
		},
	}
}

func cadvisor(ctx context.Context, e *exam) (Finding, error) {
	if err := e.survey(ctx); err != nil {
		return skip("it needs a window")
	}
	at := e.kubeletTargets()
	if len(e.found.Targets[at].Scrapes) == 0 {
		return fault("none", "no kubelet between %s", e.window)
	}
	if ignored := e.ignored(at); len(ignored) > 0 {
		return fault("ignored", "%s", some(ignored))
	}
	stamps, err := e.stamps(ctx, at)
	if err != nil {
		return Finding{}, err
	}
	return pass("%s%s", e.targets(at), stamps)
}

// stamps says who sets the timestamps of a source's samples: those of one scrape have that of
// up, unless the target sets them.
func (e *exam) stamps(ctx context.Context, source int) (string, error) {
	for _, endpoint := range e.Table.Sources[source].Endpoints {
		for _, marker := range slices.Concat(endpoint.Markers, endpoint.Fallback) {
			s := promapi.Selector{{Name: "__name__", Value: marker.Name}}
			for _, m := range marker.Match {
				s = append(s, promapi.Matcher{Name: m.Label, Value: m.Values[0]})
			}
			rows, err := e.ask(ctx, fmt.Sprintf("topk(1, timestamp(%s))", s))
			if err != nil {
				return "", err
			}
			if len(rows) == 0 {
				continue
			}
			t := e.found.Target(rows[0].Labels, e.Table.Sources[source])
			scrapes, err := e.ask(ctx, "timestamp("+inventory.Up([]timeline.Target{t}).String()+")")
			if err != nil || len(scrapes) == 0 {
				return "", err
			}
			if slices.ContainsFunc(scrapes, func(up promapi.Series) bool { return valueOf(up) == valueOf(rows[0]) }) {
				return ", with the timestamps of the scrapes", nil
			}
			return ", with timestamps of their own", nil
		}
	}
	return "", nil
}

func cadvisorRows(_ context.Context, e *exam) (Finding, error) {
	running, cpu, memory := 0, 0, 0
	var lacking []string
	at := func(name string) int { return e.Table.Index(name) }
	for _, m := range e.averages.Models {
		if v := m.Values[at("model_containers_average")]; !v.OK || v.V == 0 {
			continue
		}
		running++
		hasCPU, hasMemory := m.Values[at("model_cpu_usage_seconds_total")].OK, m.Values[at("model_memory_usage_bytes")].OK
		if hasCPU {
			cpu++
		}
		if hasMemory {
			memory++
		}
		if !hasCPU || !hasMemory {
			lacking = append(lacking, m.Namespace+"/"+m.Name)
		}
	}
	switch {
	case running == 0:
		return skip("no container ran")
	case cpu == 0:
		return fault("no-cpu", "none of %s", count(running, "model"))
	case memory == 0:
		return fault("no-memory", "none of %s", count(running, "model"))
	case len(lacking) > 0:
		return fault("some", "%d of %s: %s", len(lacking), count(running, "model"), some(lacking))
	}
	return pass("all %s", count(running, "model"))
}

// kubeletRows returns the kubelets' rows of some pods, at the end of the window.
func (e *exam) kubeletRows(ctx context.Context) ([]promapi.Series, error) {
	return instant(ctx, e.Server, either(e.found.Series(e.Table, e.kubeletTargets(), e.somePods())), e.atEnd())
}

func containerIDs(ctx context.Context, e *exam) (Finding, error) {
	rows, err := e.kubeletRows(ctx)
	if err != nil {
		return Finding{}, err
	}
	total, without := 0, 0
	for _, row := range rows {
		if row.Labels.Get("__name__") != "container_memory_usage_bytes" {
			continue
		}
		total++
		if row.Labels.Get(e.Table.Sources[e.kubeletTargets()].IDLabel) == "" {
			without++
		}
	}
	switch {
	case total == 0:
		return skip("there are no rows of memory")
	case without > 0:
		return fault("dropped", "%d of %s have no id", without, count(total, "row"))
	}
	return pass("all %s", count(total, "row"))
}

func cadvisorJobs(ctx context.Context, e *exam) (Finding, error) {
	rows, err := e.kubeletRows(ctx)
	if err != nil {
		return Finding{}, err
	}
	type container struct {
		pod  inventory.PodName
		name string
	}
	source := e.Table.Sources[e.kubeletTargets()]
	shown := map[container][]timeline.Target{}
	var endpoints []string
	twice := 0
	for _, row := range rows {
		t := e.found.Target(row.Labels, source)
		if row.Labels.Get("__name__") != "container_cpu_usage_seconds_total" || e.found.Ignores(e.kubeletTargets(), t) {
			continue
		}
		c := container{e.found.Pod(row.Labels), inventory.Label(row.Labels, "container")}
		if !slices.Contains(shown[c], t) {
			shown[c] = append(shown[c], t)
		}
		if len(shown[c]) == 2 {
			twice++
		}
		endpoints = append(endpoints, cmp.Or(t.Job+" "+t.Path, metric.CAdvisor))
	}
	switch {
	case len(shown) == 0:
		return skip("there are no rows of CPU")
	case twice > 0:
		return fault("twice", "%d of %s, by %s", twice, count(len(shown), "container"), some(endpoints))
	}
	return pass("%s, by %s", count(len(shown), "container"), some(endpoints))
}
