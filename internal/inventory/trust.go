package inventory

import (
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// Anybody whose pod is scraped can expose series of any name, with the labels of another's
// pods. Only the series of a source's own targets count.

// trust decides which targets are a source's.
type trust struct {
	set map[string]func(label func(string) string) bool // by the user, for a source's name
	log *slog.Logger

	mu     sync.Mutex
	warned map[timeline.Target]bool
	chosen map[string]string // the jobs of each source's targets, as they were logged last
}

// judge divides candidates into the source's own targets and the others. Where the user does
// not say, the former are those that show what only such a target has for itself, unless they
// live in a namespace of models' pods, and those of the same job and namespace: a shard of
// kube-state-metrics may have no node. What is no pod counts, too: nobody can run a node. If
// no target shows what only such a target has, all there are have to do.
func (t *trust) judge(source metric.Source, found *candidates, models []*Pod) (own *candidates, others map[timeline.Target]bool) {
	is := likeMarked(found, models)
	if set := t.set[source.Name]; set != nil {
		is = func(c *candidate) bool { return set(c.ownLabels().Get) }
	}
	own, others = &candidates{}, map[timeline.Target]bool{}
	var jobs []string
	for _, c := range found.all {
		if !is(c) {
			others[c.Target] = true
			continue
		}
		own.all = append(own.all, c)
		if !slices.Contains(jobs, c.Job) {
			jobs = append(jobs, c.Job)
		}
	}
	slices.Sort(jobs)
	t.report(source, strings.Join(jobs, ", "), len(own.all), others)
	return own, others
}

// ownLabels are the target's labels as far as they are known.
func (c *candidate) ownLabels() promapi.Labels {
	if c.labels == nil {
		return promapi.Labels{{Name: "job", Value: c.Job}, {Name: "instance", Value: c.Instance}}
	}
	return c.labels
}

// isNoPod says that service discovery knows the target as something else than a pod, such as
// a node: nobody can run one of these.
func (c *candidate) isNoPod() bool {
	return c.labels != nil && c.labels.Get("pod") == "" && c.labels.Get("pod_name") == "" && c.labels.Get("kubernetes_pod_name") == ""
}

// likeMarked says whether a target is like those that have their source's markers.
func likeMarked(found *candidates, models []*Pod) func(*candidate) bool {
	type home struct{ job, namespace string }
	ofModels := map[string]bool{}
	for _, p := range models {
		ofModels[p.Name.Namespace] = true
	}
	for _, besideModels := range []bool{false, true} {
		homes, jobs := map[home]bool{}, map[string]bool{}
		for _, c := range found.all {
			if namespace := c.labels.Get("namespace"); c.marked && ofModels[namespace] == besideModels {
				homes[home{c.Job, namespace}], jobs[c.Job] = true, true
			}
		}
		if len(homes) > 0 {
			return func(c *candidate) bool {
				return homes[home{c.Job, c.labels.Get("namespace")}] || c.labels == nil && jobs[c.Job] || c.isNoPod()
			}
		}
	}
	return func(*candidate) bool { return true }
}

// report logs what was chosen when that changes, and once of each target that shows series of
// a source and is none of its.
func (t *trust) report(source metric.Source, jobs string, targets int, others map[timeline.Target]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.chosen[source.Name] != jobs && targets > 0 {
		t.chosen[source.Name] = jobs
		t.log.Info("Targets found", "of", source.Name, "targets", targets, "jobs", jobs)
	}
	const most = 1000 // that are remembered
	for target := range others {
		if !t.warned[target] && len(t.warned) < most {
			t.warned[target] = true
			t.log.Warn("A target shows series of a source that it is not: they do not count", "of", source.Name, "target", target.String())
		}
	}
}
