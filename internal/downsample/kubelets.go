package downsample

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

const (
	cpuUsage    = "container_cpu_usage_seconds_total"
	memoryUsage = "container_memory_usage_bytes"

	// realContainers leaves out the pod's cgroup, pause containers, and nodes' slices.
	realContainers = `container!="",container!="POD"`
	// wholeCPU leaves out what some cAdvisors tell of each single CPU.
	wholeCPU = `cpu=~"|total"`
)

// ofRows are the labels that say which container's row a series of cAdvisor is.
func ofRows() []string {
	return []string{"namespace", "pod", "container", "exported_namespace", "exported_pod", "exported_container", "id", "metrics_path"}
}

// kubelets is where usage comes from in one slice.
type kubelets struct {
	*source
	forms []form // by which cAdvisor's rows name pods
}

// meanRow is the mean memory of one row, nothing where only CPU is told.
type meanRow struct {
	container, id string
	target        target
	mean          float64
	told          bool
}

// selectors returns what restricts a query to the pods' real containers.
func (k *kubelets) selectors(pods []*pod) []string {
	if len(pods) == 0 {
		return nil
	}
	out := make([]string, len(k.forms))
	for i, f := range k.forms {
		out[i] = realContainers + "," + f.selector(namesOf(pods))
	}
	return out
}

// lead is how far before the slice a counter's last sample may lie.
func (k *kubelets) lead() int64 { return int64(outageIntervals * float64(k.interval)) }

// any says whether usage is told at all.
func (k *kubelets) any() bool { return len(k.targets) > 0 }

// of is what tells of one pod: what came of it depends on no other pod's kubelets.
func (k *kubelets) of(p *pod) *kubelets {
	return &kubelets{source: k.only(p.shownBy...), forms: k.forms}
}

// existence returns when the nodes that show a container were there, by their targets: a
// container ends with its node's. That a target came late ends nothing; and of one that
// tells nothing of itself, all that is known is that it was there.
func (k *kubelets) existence(rows []row) spans {
	var out spans
	for _, r := range rows {
		if _, ok := k.targets[r.target]; !ok {
			return spans{k.slice}
		}
		out = out.union(k.source.existence([]target{r.target}))
	}
	if len(out) > 0 {
		out[0].from = k.slice.from
	}
	return out
}

// kubelets finds the targets that tell of the pods' usage, when they were scraped, and the
// mean memory of every row of the pods. Silence of the pods' own nodes is an outage only if
// all others are silent, too: those of other shards' pods, and those without a model.
func (q *querier) kubelets(ctx context.Context, pods, elsewhere []*pod) (*kubelets, error) {
	k := &kubelets{}
	var err error
	if k.forms, err = q.usageForms(ctx, slices.Concat(pods, elsewhere)); err != nil {
		return nil, err
	}
	var asked []*pod
	standIns := func(t target) []string {
		var all []string
		for _, node := range nodeRows() {
			all = append(all, "{"+node+","+t.matchers()+"}")
		}
		mine := slices.DeleteFunc(slices.Clone(asked), func(p *pod) bool {
			return !slices.Contains(p.shownBy, t)
		})
		for _, sel := range k.selectors(mine[:min(len(mine), maxStandIns)]) {
			all = append(all, fmt.Sprintf("{%s,%s,%s}", matcher("__name__", []string{memoryUsage, cpuUsage}), t.matchers(), sel))
		}
		return all
	}
	var targets []target
	look := func(pods []*pod) error {
		asked = append(asked, pods...)
		if err := q.rowsOf(ctx, k, pods); err != nil {
			return err
		}
		for _, p := range pods {
			targets = append(targets, p.shownBy...)
		}
		k.source, err = q.scrapes(ctx, targets, standIns)
		return err
	}
	if err := look(pods); err != nil || k.observed.is(q.slice) {
		return k, err
	}
	if len(elsewhere) > 0 {
		if err := look(elsewhere); err != nil || k.observed.is(q.slice) {
			return k, err
		}
	}
	others, err := q.otherKubelets(ctx, targets)
	if err != nil {
		return nil, err
	}
	k.source, err = q.scrapes(ctx, append(targets, others...), standIns)
	return k, err
}

// rowsOf finds the rows of the pods, and their mean memory.
func (q *querier) rowsOf(ctx context.Context, k *kubelets, pods []*pod) error {
	if err := q.means(ctx, k, pods, memoryUsage, "", rowMeans); err != nil {
		return err
	}
	// Of what only /metrics/resource tells, there is no memory_usage_bytes.
	rest := slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return len(p.means) > 0 })
	return q.means(ctx, k, rest, cpuUsage, ","+wholeCPU, rowCounts)
}

// usageForms tells whether cAdvisor, too, is scraped without honor_labels.
func (q *querier) usageForms(ctx context.Context, pods []*pod) ([]form, error) {
	forms := []form{{"namespace", "pod"}}
	for _, other := range []struct {
		pod, matcher string
		forms        []form
	}{
		{"exported_pod", `exported_pod!=""`, []form{{"exported_namespace", "exported_pod"}, {"namespace", "exported_pod"}}},
		{"pod", `exported_namespace!="",exported_pod=""`, []form{{"exported_namespace", "pod"}}},
	} {
		used, err := q.anyUsage(ctx, other.matcher, other.pod, pods)
		if err != nil {
			return nil, err
		}
		if used {
			forms = append(forms, other.forms...)
		}
	}
	return forms, nil
}

// anyUsage says whether the matcher selects rows of CPU usage: any rows at all, or if these
// are too many, any of the pods'.
func (q *querier) anyUsage(ctx context.Context, matching, podLabel string, pods []*pod) (bool, error) {
	var found atomic.Bool
	of := question{name: "rows with " + matching, most: len(pods), interval: shortInterval}
	err := inBatches(ctx, q, of, pods, func(ctx context.Context, q *querier, batch []*pod) error {
		selector := matching
		if len(batch) < len(pods) {
			var names []string
			for _, p := range batch {
				names = append(names, p.pod)
			}
			selector += "," + matcher(podLabel, names)
		}
		rows, err := q.over(ctx, q.slice, func(length string) string {
			return fmt.Sprintf(`group by (job) (last_over_time(%s{%s}[%s]))`, cpuUsage, selector, length)
		})
		if len(rows) > 0 {
			found.Store(true)
		}
		return err
	})
	return found.Load(), err
}

// means reads the mean memory of every row of the pods, or only that there are rows.
func (q *querier) means(ctx context.Context, k *kubelets, pods []*pod, metric, extra string, read func(ctx context.Context, q *querier, selector string) ([]promapi.Series, error)) error {
	of := question{name: "pods' rows of " + metric, most: maxSet, series: seriesPerPod, interval: shortInterval}
	return inBatches(ctx, q, of, pods, func(ctx context.Context, q *querier, batch []*pod) error {
		var all []promapi.Series
		for _, sel := range k.selectors(batch) {
			rows, err := read(ctx, q, metric+"{"+sel+extra+"}")
			if err != nil {
				return err
			}
			all = append(all, rows...)
		}
		of := q.byPod(all)
		for _, p := range batch {
			for _, r := range of[p.podName] {
				t := q.kubeletOf(r.Labels)
				p.means = append(p.means, meanRow{
					container: label(r.Labels, "container"), id: idOf(r.Labels), target: t, mean: r.Samples[0].V, told: metric == memoryUsage,
				})
				if !slices.Contains(p.shownBy, t) {
					p.shownBy = append(p.shownBy, t)
				}
			}
		}
		return nil
	})
}

// ofEachRow has a function of what a selector selects evaluated for each row.
func (q *querier) ofEachRow(ctx context.Context, function, selector string) ([]promapi.Series, error) {
	return q.over(ctx, q.slice, func(length string) string {
		return fmt.Sprintf("max by (%s) (%s(%s[%s]))", q.by(ofRows()...), function, selector, length)
	})
}

// rowMeans averages each row over the slice. Averages of pieces do not add up: sums do.
func rowMeans(ctx context.Context, q *querier, selector string) ([]promapi.Series, error) {
	if q.reach == 0 {
		return q.ofEachRow(ctx, "avg_over_time", selector)
	}
	counts, err := rowCounts(ctx, q, selector)
	if err != nil {
		return nil, err
	}
	count := make(map[string]float64, len(counts))
	for _, r := range counts {
		count[keyOf(r.Labels)] = total(r.Samples)
	}
	sums, err := q.ofEachRow(ctx, "sum_over_time", selector)
	for i, r := range sums {
		sums[i].Samples = []promapi.Sample{{T: q.slice.to - 1, V: total(r.Samples) / count[keyOf(r.Labels)]}}
	}
	return sums, err
}

func rowCounts(ctx context.Context, q *querier, selector string) ([]promapi.Series, error) {
	return q.ofEachRow(ctx, "count_over_time", selector)
}

func asked(pods []*pod) map[podName]*pod {
	m := make(map[podName]*pod, len(pods))
	for _, p := range pods {
		m[p.podName] = p
	}
	return m
}

// otherKubelets finds every target of the same jobs, or of any where none is known, by the
// row that each node has for itself.
func (q *querier) otherKubelets(ctx context.Context, like []target) ([]target, error) {
	var ofJobs string
	if len(like) > 0 {
		var jobs []string
		for _, t := range like {
			jobs = append(jobs, t.job)
		}
		ofJobs = "," + matcher("job", jobs)
	}
	var others []target
	for _, node := range nodeRows() {
		rows, err := q.coarse(ctx, "nodes' "+node, fmt.Sprintf("group by (%s) ({%s%s})", q.by("metrics_path"), node, ofJobs))
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			others = append(others, q.kubeletOf(r.Labels))
		}
	}
	return others, nil
}

// nodeRows selects the rows that each node has for itself: the root cgroup; where ids are
// dropped whatever is no pod's; and what /metrics/resource tells of the node.
func nodeRows() []string {
	return []string{
		`__name__="` + memoryUsage + `",id="/"`,
		`__name__="` + memoryUsage + `",container="",pod=""`,
		`__name__="node_cpu_usage_seconds_total"`,
	}
}
