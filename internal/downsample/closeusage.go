package downsample

import (
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// usageQuestion is what one container's use of CPU and memory depends on.
type usageQuestion struct {
	pod       podName
	container string
	uid       string
	kubelet   *kubelets // as far as it tells of the pod
	present   spans     // when the pod was there, whoever had it
	witness   *witness
	running   spans
	claims    []claim
	claim     int // which of them is asked about
}

// integrateUsage gathers the evidence of cAdvisor's rows in the container's life.
func (c *closeLook) integrateUsage(u usageQuestion, raw *raws, a *accountEntry) {
	cpu, told := c.rows(raw.cpu[u.pod], u)
	memory, alsoTold := c.rows(raw.memory[u.pod], u)
	all := instances(c.slice, u.kubelet.interval, cpu, memory)
	for _, i := range all {
		a.outlived += i.outlived
	}
	u.kubelet.scrapesBeside(all, slices.Concat(cpu, memory))
	life := c.usageLife(u, all, told && alsoTold, slices.Concat(cpu, memory)).
		intersect(u.kubelet.existence(slices.Concat(cpu, memory))).
		intersect(u.kubelet.observed)
	cpuSince := func(since int64) evidence {
		return integrate(all, life, c.slice, func(i *instance) evidence {
			return i.cpuSeen(since, life, u.running, c.slice, u.kubelet.interval)
		})
	}
	if a.cpu = cpuSince(c.since); a.cpu.seen == 0 {
		// One sample in a short window: the one before it tells more than nothing.
		a.cpu = cpuSince(c.slice.from - u.kubelet.lead())
	}
	a.memory = integrate(all, life, c.slice, func(i *instance) evidence {
		return i.memorySeen(life, u.kubelet.interval)
	})
}

// scrapesBeside finds between which scrapes each instance was there, where its id is its own
// and its targets' scrapes are known.
func (k *kubelets) scrapesBeside(all []*instance, rows []row) {
	for _, i := range all {
		if strings.HasPrefix(i.id, anonymous) {
			continue
		}
		for _, r := range rows {
			if sc := k.targets[r.target]; r.id == i.id && sc != nil && !sc.standIn {
				i.absent(r.samples, sc.ok)
			}
		}
	}
}

// rows picks the container's rows, those aside that name another pod's uid, and says
// whether all tell whose they are. Of one that does not, what is this pod's is told by when
// it was there: the pod before or after it under its name may have gone on with the row.
func (c *closeLook) rows(all []promapi.Series, u usageQuestion) (out []row, told bool) {
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
		samples := inside(s.Samples, span{c.slice.from - u.kubelet.lead(), c.slice.to})
		if uid == "" {
			samples = slices.DeleteFunc(slices.Clone(samples), func(x promapi.Sample) bool {
				t := max(x.T, c.slice.from)
				return !u.present.holds(t, t)
			})
		}
		if len(samples) > 0 {
			out = append(out, row{id: id, target: c.kubeletOf(s.Labels), samples: samples})
		}
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
			shown = u.kubelet.shown(all, rows)
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
func (k *kubelets) shown(all []*instance, rows []row) spans {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		used := slices.ContainsFunc(all, func(i *instance) bool { return i.id == r.id })
		return !used || k.targets[r.target] == nil
	})
	times := sampleTimes(all)
	if len(rows) == 0 || len(times) == 0 {
		return nil
	}
	main := slices.MaxFunc(rows, func(a, b row) int { return len(a.samples) - len(b.samples) }).target
	sc := k.targets[main]
	if sc.standIn { // whose scrapes are not known, only when others' samples were taken
		unobserved := k.observed.complement(k.slice)
		return observed(k.slice, times, sc.interval).union(unobserved).joined(2 * sc.interval)
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
	return newWitness(k.only(main), shown, false).life(shown)
}
