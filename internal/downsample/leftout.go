package downsample

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// LeftOut is samples of a pod's that do not count, and why.
type LeftOut struct {
	Pod       PodID
	Container string
	ID        string // the cgroup
	Target    string // that tells of it, by job, instance and path
	Why       string
	Samples   int
}

// Why samples do not count.
const (
	podCgroupRow = "the pod's own cgroup, which is the sum of its containers"
	pauseRow     = "the pause container"
	initRow      = "an init container that runs to completion"
	unlistedRow  = "no container that kube-state-metrics lists"
	strangersRow = "of another pod that had the name"
	anonymousRow = "without an id, beside a row that has one"
	nestedRow    = "a cgroup within the container's own"
	repeatedRow  = "the same container, as another target tells it"
	outlivedRow  = "of a dead container, from after its successor began"
)

// usageRow is a row of cAdvisor for a pod, of whatever kind.
type usageRow struct {
	slice                span
	metric               string
	pod                  podName
	container, id, image string
	target               target
	samples              int
}

// look notes what a slice's pods have, what does not count included.
func (t *trace) look(ctx context.Context, q *querier, pods []*pod, ksm *source, k *kubelets) error {
	t.pods = append(t.pods, pods...)
	t.ksmInterval, t.kubeletInterval = max(t.ksmInterval, ksm.interval), max(t.kubeletInterval, k.interval)
	if len(pods) == 0 {
		return nil
	}
	for metric, extra := range map[string]string{memoryUsage: "", cpuUsage: wholeCPU + ","} {
		for _, f := range k.forms {
			rows, err := q.over(ctx, q.slice, func(length string) string {
				return fmt.Sprintf("max by (%s) (count_over_time(%s{%s%s}[%s]))", q.by(append(ofRows(), "image")...), metric, extra, f.selector(namesOf(pods)), length)
			})
			if err != nil {
				return err
			}
			for _, row := range rows {
				t.rows = append(t.rows, usageRow{
					slice: q.slice, metric: metric, pod: q.podOf(row.Labels),
					container: label(row.Labels, "container"), id: idOf(row.Labels), image: row.Labels.Get("image"),
					target: q.kubeletOf(row.Labels), samples: int(total(row.Samples)),
				})
			}
		}
	}
	if t.inits == nil {
		t.inits = map[podName][]string{}
	}
	byName := asked(pods)
	for _, sel := range selectors(pods) {
		rows, err := q.over(ctx, q.slice, func(length string) string {
			return fmt.Sprintf("group by (%s) (last_over_time(kube_pod_init_container_info{%s}[%s]))", q.by(ofPods("container", "exported_container")...), sel, length)
		})
		if err != nil {
			return err
		}
		for _, row := range rows {
			name, container := q.podOf(row.Labels), label(row.Labels, "container")
			if p := byName[name]; p != nil && !slices.Contains(p.sidecars, container) && !slices.Contains(t.inits[name], container) {
				t.inits[name] = append(t.inits[name], container)
			}
		}
	}
	return nil
}

// leftOut says which samples of the model's pods do not count, and why.
func (t *trace) leftOut(m workload.Model) []LeftOut {
	var out []LeftOut
	listed := map[podName][]containerKey{}
	for _, part := range t.entries {
		for _, a := range part.accounts {
			if a.model != m {
				continue
			}
			listed[a.pod] = append(listed[a.pod], a.containerKey)
			if a.outlived > 0 {
				out = append(out, LeftOut{Pod: a.podID(), Container: a.container, Why: outlivedRow, Samples: a.outlived})
			}
		}
	}
	type place struct {
		pod    podName
		slice  span
		metric string
	}
	rows := map[place][]usageRow{}
	for _, r := range t.rows {
		at := place{r.pod, r.slice, r.metric}
		rows[at] = append(rows[at], r)
	}
	for at, rows := range rows {
		mine := listed[at.pod]
		if len(mine) == 0 {
			continue
		}
		slices.SortStableFunc(rows, func(a, b usageRow) int { // whoever tells most comes first
			return cmp.Or(cmp.Compare(b.samples, a.samples), a.target.compare(b.target))
		})
		for i, r := range rows {
			why := t.why(r, rows[:i], rows, mine)
			if why == "" {
				continue
			}
			pod := mine[0].podID()
			if uid := uidOf(r.id); uid != "" {
				pod.UID = uid
			}
			id := strings.TrimPrefix(r.id, anonymous)
			out = append(out, LeftOut{Pod: pod, Container: r.container, ID: id, Target: r.target.String(), Why: why, Samples: r.samples})
		}
	}
	return merged(out)
}

// why says why a row does not count, given those before it, all that the pod has in the
// slice, and the pod's containers. If it does count, it returns nothing.
func (t *trace) why(r usageRow, before, all []usageRow, mine []containerKey) string {
	sameContainer := func(o usageRow) bool { return o.container == r.container }
	var ids []string
	for _, o := range all {
		if sameContainer(o) {
			ids = append(ids, o.id)
		}
	}
	ids = genuine(ids)
	uid := uidOf(r.id)
	switch {
	case r.container == "POD" || r.container == "" && r.image != "":
		return pauseRow
	case r.container == "":
		return podCgroupRow
	case slices.Contains(t.inits[r.pod], r.container):
		return initRow
	case !slices.ContainsFunc(mine, func(k containerKey) bool { return k.container == r.container }):
		return unlistedRow
	case uid != "" && !slices.ContainsFunc(mine, func(k containerKey) bool { return k.uid == "" || k.uid == uid }):
		return strangersRow
	case !slices.Contains(ids, r.id) && strings.HasPrefix(r.id, anonymous):
		return anonymousRow
	case !slices.Contains(ids, r.id):
		return nestedRow
	case slices.ContainsFunc(before, func(o usageRow) bool { return sameContainer(o) && o.id == r.id }):
		return repeatedRow
	}
	return ""
}

// merged adds up what is the same in several slices, and sorts it.
func merged(all []LeftOut) []LeftOut {
	sums := map[LeftOut]int{}
	for _, o := range all {
		n := o.Samples
		o.Samples = 0
		sums[o] += n
	}
	var out []LeftOut
	for o, n := range sums {
		o.Samples = n
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b LeftOut) int {
		return cmp.Or(a.Pod.compare(b.Pod), compareAll(a.Container, b.Container, a.Why, b.Why, a.ID, b.ID, a.Target, b.Target))
	})
	return out
}
