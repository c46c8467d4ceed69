package downsample

import (
	"context"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// closeLook reads raw samples and integrates them: the definition of every value.
type closeLook struct {
	*querier
	labels  []ownerLabel
	ksm     *source
	kubelet *kubelets
}

// raws are the series of one batch of pods, each by its pod's name.
type raws struct {
	labels, running, phases, requests, cpu, memory map[podName][]promapi.Series
}

// batch gathers the evidence on some pods.
func (c *closeLook) batch(ctx context.Context, q *querier, pods []*pod) (*entries, error) {
	raw, err := c.read(ctx, q, pods)
	if err != nil {
		return nil, err
	}
	out := &entries{slice: c.slice}
	for _, p := range pods {
		c.integrate(p, raw, out)
	}
	return out, nil
}

func (c *closeLook) read(ctx context.Context, q *querier, pods []*pod) (*raws, error) {
	var withSidecars []*pod
	for _, p := range pods {
		if len(p.sidecars) > 0 {
			withSidecars = append(withSidecars, p)
		}
	}
	r := &raws{}
	for _, read := range []struct {
		into      *map[podName][]promapi.Series
		selectors []string
		expr      func(selector string) string
		lead      int64
	}{
		{&r.labels, selectors(pods), func(s string) string { return "kube_pod_labels{" + s + "}" }, 0},
		{&r.running, selectors(pods), func(s string) string { return "kube_pod_container_status_running{" + s + "}" }, 0},
		{&r.running, selectors(withSidecars), func(s string) string { return "kube_pod_init_container_status_running{" + s + "}" }, 0},
		{&r.phases, selectors(pods), func(s string) string { return `kube_pod_status_phase{phase=~"Pending|Running",` + s + "}" }, 0},
		{&r.requests, selectors(pods), func(s string) string {
			return named(slices.Concat(requestNames("requests"), requestNames("limits")), s)
		}, 0},
		{&r.requests, selectors(withSidecars), func(s string) string {
			return named(slices.Concat(initRequestNames("requests"), initRequestNames("limits")), s)
		}, 0},
		{&r.memory, c.kubelet.selectors(pods), func(s string) string { return memoryUsage + "{" + s + "}" }, 0},
		{&r.cpu, c.kubelet.selectors(pods), func(s string) string { return cpuUsage + "{" + s + "," + wholeCPU + "}" }, c.kubelet.lead()},
	} {
		if *read.into == nil {
			*read.into = map[podName][]promapi.Series{}
		}
		asked := asked(pods)
		for _, sel := range read.selectors {
			whole := span{c.slice.from - read.lead, c.slice.to}
			rows, err := q.over(ctx, whole, func(length string) string { return read.expr(sel) + "[" + length + "]" })
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				row.Samples = inside(row.Samples, whole)
				if name := c.podOf(row.Labels); asked[name] != nil && len(row.Samples) > 0 {
					(*read.into)[name] = append((*read.into)[name], row)
				}
			}
		}
	}
	return r, nil
}

// claim is the time in which a pod was one model's.
type claim struct {
	claimant
	spans spans
}

// integrate turns one pod's samples into evidence on the models that had it.
func (c *closeLook) integrate(p *pod, raw *raws, out *entries) {
	claims, seen := c.claims(raw.labels[p.podName])
	witnesses, present := map[string]*witness{}, map[string]spans{}
	for uid, times := range seen {
		witnesses[uid] = newWitness(c.ksm, times, uid != "")
		present[uid] = witnesses[uid].life(times)
	}
	// Where some instance tells no uids, what it shows is anybody's who goes by the name.
	if w := witnesses[""]; w != nil {
		everybody := map[target][]int64{}
		for _, times := range seen {
			for who, t := range times {
				everybody[who] = append(everybody[who], t...)
			}
		}
		w = newWitness(c.ksm, everybody, false)
		for uid := range witnesses {
			witnesses[uid], present[uid] = w, spans{c.slice}
		}
	}
	lives := make([]claim, 0, len(claims))
	for who, seen := range claims {
		if s := witnesses[who.uid].life(seen); len(s) > 0 {
			lives = append(lives, claim{who, s})
		}
	}
	kubelet := c.kubelet.of(p)
	for n, cl := range lives {
		if cl.spans.intersect(c.ksm.observed).length() == 0 {
			continue
		}
		out.known = append(out.known, cl.model)
		w := witnesses[cl.uid]
		running := c.running(p, raw, w, cl.uid)
		c.integrateRequests(p, raw, w, cl, out)
		for container, runs := range running {
			life := runs.intersect(cl.spans)
			a := accountEntry{model: cl.model, containerKey: containerKey{p.podName, cl.uid, container}, changes: life.changes(c.slice)}
			a.running = float64(life.intersect(c.ksm.observed).length())
			c.integrateUsage(usageQuestion{
				pod: p.podName, container: container, uid: cl.uid, kubelet: kubelet,
				present: present[cl.uid], witness: w, running: runs, claim: n, claims: lives,
			}, raw, &a)
			out.accounts = append(out.accounts, a)
		}
	}
}

// claims says which scrapes showed each uid's pod as whose, and which showed it at all.
func (c *closeLook) claims(rows []promapi.Series) (claims map[claimant]map[target][]int64, seen map[string]map[target][]int64) {
	claims, seen = map[claimant]map[target][]int64{}, map[string]map[target][]int64{}
	for _, row := range rows {
		who := c.targetOf(row.Labels)
		note(seen, row.Labels.Get("uid"), who, row.Samples, func(float64) bool { return true })
		for _, l := range c.labels {
			name := row.Labels.Get(l.label)
			if name == "" {
				continue
			}
			model := workload.Model{Namespace: c.podOf(row.Labels).namespace, Type: l.kind, Name: name}
			note(claims, claimant{row.Labels.Get("uid"), model}, who, row.Samples, func(float64) bool { return true })
			break
		}
	}
	return claims, seen
}

// note enters when a target showed something.
func note[K comparable](seen map[K]map[target][]int64, key K, who target, samples []promapi.Sample, shows func(float64) bool) {
	times := seen[key][who]
	for _, s := range samples {
		if shows(s.V) {
			times = append(times, s.T)
		}
	}
	if len(times) == 0 {
		return
	}
	if seen[key] == nil {
		seen[key] = map[target][]int64{}
	}
	seen[key][who] = times
}

func isOne(v float64) bool { return v == 1 }

// sameUID says whether a series may speak of the pod with the uid; before 2.1
// kube-state-metrics told none.
func sameUID(row promapi.Series, uid string) bool {
	of := row.Labels.Get("uid")
	return of == "" || uid == "" || of == uid
}

// running returns when each of the pod's containers ran. Init containers have no such
// series, or one of another name.
func (c *closeLook) running(p *pod, raw *raws, w *witness, uid string) map[string]spans {
	seen := map[string]map[target][]int64{}
	all := map[string]bool{}
	for _, row := range raw.running[p.podName] {
		container := label(row.Labels, "container")
		isInit := row.Labels.Get("__name__") == "kube_pod_init_container_status_running"
		if !sameUID(row, uid) || isInit && !slices.Contains(p.sidecars, container) {
			continue
		}
		all[container] = true
		note(seen, container, c.targetOf(row.Labels), row.Samples, isOne)
	}
	out := make(map[string]spans, len(all))
	for container := range all {
		out[container] = w.life(seen[container])
	}
	return out
}
