package downsample

import (
	"context"
	"fmt"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
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
	labels, running, phases, requests, cpu, memory map[podName][]upstream.Series
}

// batch gathers the evidence on some pods.
func (c *closeLook) batch(ctx context.Context, pods []*pod) (*entries, error) {
	raw, err := c.read(ctx, pods)
	if err != nil {
		return nil, err
	}
	out := &entries{}
	for _, p := range pods {
		c.integrate(p, raw, out)
	}
	return out, nil
}

func (c *closeLook) read(ctx context.Context, pods []*pod) (*raws, error) {
	var withSidecars []*pod
	for _, p := range pods {
		if len(p.sidecars) > 0 {
			withSidecars = append(withSidecars, p)
		}
	}
	r := &raws{}
	length := c.slice.length()
	for _, read := range []struct {
		into      *map[podName][]upstream.Series
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
			*read.into = map[podName][]upstream.Series{}
		}
		asked := asked(pods)
		for _, sel := range read.selectors {
			rows, err := c.instant(ctx, fmt.Sprintf("%s[%dms]", read.expr(sel), length+read.lead))
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				row.Samples = inside(row.Samples, span{c.slice.from - read.lead, c.slice.to})
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
	witnesses := map[string]*witness{}
	for uid, times := range seen {
		witnesses[uid] = newWitness(c.ksm, times, uid != "")
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
			witnesses[uid] = w
		}
	}
	lives := make([]claim, 0, len(claims))
	for who, seen := range claims {
		if s := witnesses[who.uid].life(seen); len(s) > 0 {
			lives = append(lives, claim{who, s})
		}
	}
	for n, cl := range lives {
		if cl.spans.intersect(c.ksm.observed).length() == 0 {
			continue
		}
		out.known = append(out.known, cl.model)
		w := witnesses[cl.uid]
		running := c.running(p, raw, w, cl.uid)
		c.integrateRequests(p, raw, w, cl, out)
		for container, runs := range running {
			key := containerKey{cl.model, p.podName, cl.uid, container}
			a := account{running: float64(runs.intersect(cl.spans).intersect(c.ksm.observed).length())}
			c.integrateUsage(usageQuestion{
				pod: p.podName, container: container, uid: cl.uid,
				witness: w, running: runs, claim: n, claims: lives,
			}, raw, &a)
			out.accounts = append(out.accounts, accountEntry{key, a})
		}
	}
}

// claims says which scrapes showed each uid's pod as whose, and which showed it at all.
func (c *closeLook) claims(rows []upstream.Series) (claims map[claimant]map[target][]int64, seen map[string]map[target][]int64) {
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
func note[K comparable](seen map[K]map[target][]int64, key K, who target, samples []upstream.Sample, shows func(float64) bool) {
	for _, s := range samples {
		if !shows(s.V) {
			continue
		}
		if seen[key] == nil {
			seen[key] = map[target][]int64{}
		}
		seen[key][who] = append(seen[key][who], s.T)
	}
}

func isOne(v float64) bool { return v == 1 }

// sameUID says whether a series may speak of the pod with the uid; before 2.1
// kube-state-metrics told none.
func sameUID(row upstream.Series, uid string) bool {
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

// integrateRequests adds up requests and limits while the pod is pending or running.
func (c *closeLook) integrateRequests(p *pod, raw *raws, w *witness, cl claim, out *entries) {
	active := cl.spans.intersect(c.ksm.observed)
	phases, told := map[bool]map[target][]int64{}, false
	for _, row := range raw.phases[p.podName] {
		if sameUID(row, cl.uid) {
			told = true
			note(phases, true, c.targetOf(row.Labels), row.Samples, isOne)
		}
	}
	if told {
		active = active.intersect(w.life(phases[true]))
	}

	type item struct {
		container string
		metric    usage.Metric
	}
	type level struct {
		item
		value float64
	}
	type telling struct {
		item
		who target
	}
	isNew := map[telling]bool{}
	for _, row := range raw.requests[p.podName] {
		if metric, old, ok := requestOf(row.Labels); ok && !old && sameUID(row, cl.uid) {
			isNew[telling{item{label(row.Labels, "container"), metric}, c.targetOf(row.Labels)}] = true
		}
	}
	levels := map[level]map[target][]int64{}
	for _, row := range raw.requests[p.podName] {
		metric, old, ok := requestOf(row.Labels)
		it := item{label(row.Labels, "container"), metric}
		if !ok || !sameUID(row, cl.uid) || old && isNew[telling{it, c.targetOf(row.Labels)}] {
			continue
		}
		if isInit(row) && !slices.Contains(p.sidecars, it.container) {
			continue
		}
		for _, s := range row.Samples {
			note(levels, level{it, s.V}, c.targetOf(row.Labels), []upstream.Sample{s}, func(float64) bool { return true })
		}
	}
	for lv, seen := range levels {
		life := float64(w.life(seen).intersect(active).length())
		out.requests = append(out.requests, requestEntry{cl.model, lv.metric, evidence{life: life, seen: life, integral: lv.value * life}})
	}
}

func isInit(row upstream.Series) bool {
	name := row.Labels.Get("__name__")
	return slices.Contains(initRequestNames("requests"), name) || slices.Contains(initRequestNames("limits"), name)
}

// usageQuestion is what one container's use of CPU and memory depends on.
type usageQuestion struct {
	pod       podName
	container string
	uid       string
	witness   *witness
	running   spans
	claims    []claim
	claim     int // which of them is asked about
}

// integrateUsage gathers the evidence of cAdvisor's rows in the container's life.
func (c *closeLook) integrateUsage(u usageQuestion, raw *raws, a *account) {
	cpu, told := c.rows(raw.cpu[u.pod], u)
	memory, alsoTold := c.rows(raw.memory[u.pod], u)
	all := instances(c.slice, c.kubelet.interval, cpu, memory)
	life := c.usageLife(u, all, told && alsoTold, slices.Concat(cpu, memory)).
		intersect(c.kubelet.existence(slices.Concat(cpu, memory))).
		intersect(c.kubelet.observed)
	cpuSince := func(since int64) evidence {
		return integrate(all, life, c.slice, func(i *instance) evidence {
			return i.cpuSeen(since, life, u.running, c.slice, c.kubelet.interval)
		})
	}
	if a.cpu = cpuSince(c.since); a.cpu.seen == 0 {
		// One sample in a short window: the one before it tells more than nothing.
		a.cpu = cpuSince(c.slice.from - c.kubelet.lead())
	}
	a.memory = integrate(all, life, c.slice, func(i *instance) evidence {
		return i.memorySeen(life, c.kubelet.interval)
	})
}

// rows picks the container's rows, those aside that name another pod's uid, and says
// whether all tell whose they are.
func (c *closeLook) rows(all []upstream.Series, u usageQuestion) (out []row, told bool) {
	told = true
	for _, s := range all {
		if label(s.Labels, "container") != u.container {
			continue
		}
		id := idOf(s.Labels)
		uid := uidOf(id)
		if uid != "" && u.uid != "" && uid != u.uid {
			continue
		}
		told = told && uid != ""
		out = append(out, row{id: id, target: c.kubeletOf(s.Labels), samples: s.Samples})
	}
	return out, told
}

// usageLife returns when the container ran as its model's. While no kube-state-metrics that
// could tell was scraped, cAdvisor's rows do.
func (c *closeLook) usageLife(u usageQuestion, all []*instance, told bool, rows []row) spans {
	mine := u.claims[u.claim]
	life := u.running.intersect(mine.spans).intersect(u.witness.known)
	var shown spans
	for _, hole := range u.witness.known.complement(c.slice) {
		ours := spans{hole}
		if len(ours.intersect(mine.spans)) == 0 || len(ours.intersect(u.running)) == 0 {
			continue
		}
		contested := false
		for n, other := range u.claims {
			if n != u.claim && len(ours.intersect(other.spans)) > 0 && (other.uid == mine.uid || !told) {
				contested = true
			}
		}
		if contested {
			ours = ours.intersect(mine.spans).intersect(u.running)
		}
		if shown == nil {
			shown = c.shown(all, rows)
		}
		life = life.union(ours.intersect(shown))
	}
	return life
}

// housekeeping is how old a sample is at most for which cAdvisor sets the timestamp: it
// looks at each cgroup every 10 s, and somewhat later when it is busy.
const housekeeping = 15_000

// shown returns when a container's rows were there, judged at the scrapes of the target that
// has most of them. Between two samples that are no outage apart nothing was missing; a
// sample with a timestamp of its own also speaks for the scrapes that found nothing newer.
func (c *closeLook) shown(all []*instance, rows []row) spans {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		used := slices.ContainsFunc(all, func(i *instance) bool { return i.id == r.id })
		return !used || c.kubelet.targets[r.target] == nil
	})
	times := sightingsOf(all)
	if len(rows) == 0 || len(times) == 0 {
		return nil
	}
	main := slices.MaxFunc(rows, func(a, b row) int { return len(a.samples) - len(b.samples) }).target
	sc := c.kubelet.targets[main]
	if sc.standIn { // whose scrapes are not known, only when others' samples were taken
		unobserved := c.kubelet.observed.complement(c.slice)
		return observed(c.slice, times, sc.interval).union(unobserved).joined(2 * sc.interval)
	}
	var seen []int64
	for i, t := range times {
		first, own := slices.BinarySearch(sc.ok, t)
		until := t
		if !own {
			until = t + housekeeping
			if first < len(sc.ok) && sc.ok[first]-t <= sc.interval+housekeeping {
				until = max(until, sc.ok[first])
			}
		}
		if i+1 < len(times) && times[i+1]-t <= sc.silence() {
			until = times[i+1]
		}
		for n := first; n < len(sc.ok) && sc.ok[n] <= until; n++ {
			seen = append(seen, sc.ok[n])
		}
	}
	slices.Sort(seen)
	shown := map[target][]int64{main: slices.Compact(seen)}
	return newWitness(c.kubelet.source, shown, false).life(shown)
}
