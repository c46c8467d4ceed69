package measure

import (
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// LeftOut is samples that do not count, and why.
type LeftOut struct {
	Model workload.Model
	Container
	ID      string // of the row: the cgroup
	Target  timeline.Target
	Why     string
	Samples int
}

// Why samples do not count.
const (
	unlistedRow = "no container of the pod's that kube-state-metrics shows running, such as an init container"
	otherPodRow = "of another pod that had the name"
	withoutID   = "without an id, beside a row that has one"
	nestedRow   = "a cgroup within the container's own"
	repeatedRow = "the same container, as another target shows it"
	outlivedRow = "of a dead container, from after its successor began"
	notANumber  = "it holds a value that is not a number"
)

// leaveOut notes that a row's samples do not count.
func (l life) leaveOut(out *Result, r row, why string, samples int) {
	if samples > 0 {
		out.LeftOut = append(out.LeftOut, LeftOut{l.tenure().Model, l.container, r.id.String(), r.target, why, samples})
	}
}

// unlisted notes the rows of containers that are none of the pod's.
func (u *usage) unlisted(t inventory.Tenure, p *inventory.Pod, running map[string]timeline.Spans, out *Result) {
	for container, rows := range u.rows {
		if _, ok := running[container]; ok {
			continue
		}
		for n := range u.metrics {
			for _, r := range rows.of(t.UID, n, t.Present.Whole()) {
				if r.uid == "" {
					r.samples = in(r.samples, t.Present, 0)
				}
				if len(r.samples) > 0 {
					out.LeftOut = append(out.LeftOut, LeftOut{t.Model, Container{p.Name, t.UID, container}, r.id.String(), r.target, unlistedRow, len(r.samples)})
				}
			}
		}
	}
}

// strangers notes the rows of pods that had the name and were never a model's.
func (u *usage) strangers(tenures []inventory.Tenure, p *inventory.Pod, out *Result) {
	if len(tenures) == 0 || tenures[0].UID == "" {
		return
	}
	known := map[string]bool{}
	for _, t := range tenures {
		known[t.UID] = true
	}
	for container, rows := range u.rows {
		for uid, byMetric := range rows.byUID {
			for _, r := range slices.Concat(byMetric...) {
				if !known[uid] {
					out.LeftOut = append(out.LeftOut, LeftOut{tenures[0].Model, Container{p.Name, tenures[0].UID, container}, r.id.String(), r.target, otherPodRow, len(r.samples)})
				}
			}
		}
	}
}
