package downsample

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
)

// quiet is the shortcut: pods to which nothing happened in the slice, so that Prometheus'
// own sums say what raw samples would.
type quiet struct {
	*querier
	ksm     *source
	kubelet *kubelets

	mu   sync.Mutex
	pods map[podName]*quietPod
}

// quietPod is a pod that may turn out to be quiet.
type quietPod struct {
	*pod
	owner    claimant
	running  map[string]map[target]float64 // samples that are 1, by container
	edges    map[edgeKey]*edges
	requests map[requestKey][]upstream.Sample
}

// look separates the pods that are quiet, whose evidence it returns, from the others.
func (z *quiet) look(ctx context.Context, pods []*pod) (*entries, []*pod, error) {
	z.pods = map[podName]*quietPod{}
	var rest []*pod
	if z.ksm.observed.is(z.slice) && (!z.kubelet.any() || z.kubelet.observed.is(z.slice)) {
		for _, p := range pods {
			if owner, ok := z.owner(p); ok {
				z.pods[p.podName] = &quietPod{
					pod: p, owner: owner,
					running: map[string]map[target]float64{}, edges: map[edgeKey]*edges{}, requests: map[requestKey][]upstream.Sample{},
				}
			}
		}
	}
	for _, step := range []struct {
		ask   func(ctx context.Context, q *querier, pods []*pod) error
		quiet func(*quietPod) bool
		question
	}{
		{z.askRunning, z.ranThroughout, question{name: "pods' containers", interval: z.ksm.interval}},
		{z.askEdges, z.oneRowThroughout, question{name: "pods' CPU", interval: z.slice.length() / 12, raw: true}},
		{z.askRequests, (*quietPod).requestsConstant, question{name: "pods' requests", interval: z.requestStep(), raw: true}},
	} {
		step.most, step.series = maxSet, seriesPerPod
		if err := inBatches(ctx, z.querier, step.question, z.candidates(pods), step.ask); err != nil {
			return nil, nil, err
		}
		for name, p := range z.pods {
			if !step.quiet(p) {
				delete(z.pods, name)
			}
		}
	}
	out := &entries{}
	for _, p := range pods {
		if q := z.pods[p.podName]; q != nil {
			z.enter(q, out)
		} else {
			rest = append(rest, p)
		}
	}
	return out, rest, nil
}

// candidates returns which of the pods may still be quiet.
func (z *quiet) candidates(pods []*pod) []*pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return z.pods[p.podName] == nil })
}

// owner says whose the pod was, if it was one model's at every scrape of every instance
// that knows it, and one of these was there all the time.
func (z *quiet) owner(p *pod) (claimant, bool) {
	first := slices.MinFunc(p.sightings, func(a, b sighted) int { return a.rank - b.rank })
	if len(p.uids()) != 1 {
		return claimant{}, false
	}
	for _, k := range p.knowing {
		sc := z.ksm.targets[k]
		if sc == nil || len(sc.ok) == 0 {
			return claimant{}, false
		}
		always := slices.ContainsFunc(p.sightings, func(s sighted) bool {
			return s.claimant == first.claimant && s.rank == first.rank && s.who == k && s.count == len(sc.ok)
		})
		if !always {
			return claimant{}, false
		}
	}
	there := z.ksm.existence(p.knowing).joined(int64(outageIntervals * float64(z.ksm.interval)))
	return first.claimant, there.is(z.slice)
}

// askRunning counts the scrapes that showed each container running.
func (z *quiet) askRunning(ctx context.Context, q *querier, pods []*pod) error {
	rows, err := z.sums(ctx, q, "kube_pod_container_status_running", pods)
	if err != nil {
		return err
	}
	sidecars, err := z.sums(ctx, q, "kube_pod_init_container_status_running", slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return len(p.sidecars) == 0 }))
	if err != nil {
		return err
	}
	note := func(row upstream.Series, isInit bool) {
		p, container := z.pods[z.podOf(row.Labels)], label(row.Labels, "container")
		if p == nil || isInit && !slices.Contains(p.sidecars, container) {
			return
		}
		if p.running[container] == nil {
			p.running[container] = map[target]float64{}
		}
		p.running[container][z.targetOf(row.Labels)] = total(row.Samples)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, row := range rows {
		note(row, false)
	}
	for _, row := range sidecars {
		note(row, true)
	}
	return nil
}

func (z *quiet) sums(ctx context.Context, q *querier, metric string, pods []*pod) ([]upstream.Series, error) {
	var all []upstream.Series
	for _, sel := range selectors(pods) {
		rows, err := q.over(ctx, z.slice, func(length string) string {
			return fmt.Sprintf("max by (%s) (sum_over_time(%s{%s}[%s]))", z.by(ofPods("container", "exported_container")...), metric, sel, length)
		})
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// ranThroughout says whether each container ran all the time or never did, and one ran, so
// that the pod's phase was Running.
func (z *quiet) ranThroughout(p *quietPod) bool {
	one := false
	for _, sums := range p.running {
		always, never := true, true
		for _, k := range p.knowing {
			always = always && sums[k] == float64(len(z.ksm.targets[k].ok))
			never = never && sums[k] == 0
		}
		if !always && !never {
			return false
		}
		one = one || always
	}
	return one
}

// runs says whether the container ran throughout; ranThroughout was so.
func (p *quietPod) runs(container string) bool {
	return p.running[container][p.knowing[0]] > 0
}

// enter gives the same evidence that raw samples would.
func (z *quiet) enter(p *quietPod, out *entries) {
	life := float64(z.slice.length())
	out.known = append(out.known, p.owner.model)
	for container := range p.running {
		var a account
		if p.runs(container) {
			a.running = life
			if z.kubelet.any() {
				a.cpu, a.memory, _ = z.usage(p, container)
			}
		}
		out.accounts = append(out.accounts, accountEntry{containerKey{p.owner.model, p.podName, p.owner.uid, container}, a})
	}
	for key, points := range p.requests {
		overruled := key.old && p.requests[requestKey{key.metric, false, key.init, key.who}] != nil
		if overruled || key.who != p.told(key) {
			continue
		}
		out.requests = append(out.requests, requestEntry{p.owner.model, key.metric, evidence{life: life, seen: life, integral: points[0].V * life}})
	}
}
