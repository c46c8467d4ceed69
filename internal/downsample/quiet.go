package downsample

import (
	"context"
	"fmt"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// quiet is the shortcut: pods to which nothing happened in the slice, so that Prometheus'
// own sums say what raw samples would.
type quiet struct {
	*querier
	ksm     *source
	kubelet *kubelets
	perPod  int64 // series that one query reads of a pod
}

// quietPod is a pod that may turn out to be quiet, and what its evidence is then.
type quietPod struct {
	*pod
	owner      claimant
	containers []quietContainer
	requests   []quietRequest
	quiet      bool // as far as it is known
}

// quietContainer is a container that ran throughout, or never did.
type quietContainer struct {
	name        string
	ran         bool
	cpu, memory evidence
}

// quietRequest is what containers requested or were limited to, all the time.
type quietRequest struct {
	metric usage.Metric
	value  float64
}

// look enters the evidence on the pods that are quiet, and returns the others.
func (z *quiet) look(ctx context.Context, pods []*pod, l *ledger) (rest []*pod, err error) {
	candidates := z.candidates(pods)
	for _, step := range []struct {
		ask   func(ctx context.Context, q *querier, pods []*pod) ([]promapi.Series, error)
		judge func(p *quietPod, rows []promapi.Series) bool
		question
	}{
		{z.askRunning, z.ranThroughout, question{name: "pods' containers", interval: z.ksm.interval}},
		{z.askEdges, z.oneRowThroughout, question{name: "pods' CPU", interval: z.slice.length() / 12, raw: true}},
		{z.askRequests, z.requestsConstant, question{name: "pods' requests", interval: z.requestStep(), raw: true}},
	} {
		step.most, step.series = maxSet, z.perPod
		err := inBatches(ctx, z.querier, step.question, candidates, func(ctx context.Context, q *querier, batch []*quietPod) error {
			rows, err := step.ask(ctx, q, plain(batch))
			if err != nil {
				return err
			}
			of := z.byPod(rows)
			for _, p := range batch {
				p.quiet = step.judge(p, of[p.podName])
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		candidates = slices.DeleteFunc(candidates, func(p *quietPod) bool { return !p.quiet })
	}
	quiet := make(map[*pod]bool, len(candidates))
	for _, p := range candidates {
		quiet[p.pod] = true
		l.enter(z.evidence(p))
	}
	return slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return quiet[p] }), nil
}

// candidates returns the pods that may be quiet, for all that is known before they are asked
// about.
func (z *quiet) candidates(pods []*pod) []*quietPod {
	if !z.ksm.observed.is(z.slice) || z.kubelet.any() && !z.kubelet.observed.is(z.slice) {
		return nil
	}
	var out []*quietPod
	for _, p := range pods {
		if owner, ok := z.owner(p); ok {
			out = append(out, &quietPod{pod: p, owner: owner})
		}
	}
	return out
}

func plain(pods []*quietPod) []*pod {
	out := make([]*pod, len(pods))
	for i, p := range pods {
		out[i] = p.pod
	}
	return out
}

// owner says whose the pod was, if it was one model's at every scrape of every instance
// that knows it, and one of these was there all the time.
func (z *quiet) owner(p *pod) (claimant, bool) {
	first := slices.MinFunc(p.owners, func(a, b ownership) int { return a.rank - b.rank })
	if len(p.uids()) != 1 {
		return claimant{}, false
	}
	for _, k := range p.knowing {
		sc := z.ksm.targets[k]
		if sc == nil || len(sc.ok) == 0 {
			return claimant{}, false
		}
		always := slices.ContainsFunc(p.owners, func(s ownership) bool {
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
func (z *quiet) askRunning(ctx context.Context, q *querier, pods []*pod) ([]promapi.Series, error) {
	rows, err := z.sums(ctx, q, "kube_pod_container_status_running", pods)
	if err != nil {
		return nil, err
	}
	withSidecars := slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return len(p.sidecars) == 0 })
	inits, err := z.sums(ctx, q, "kube_pod_init_container_status_running", withSidecars)
	byName := asked(withSidecars)
	return append(rows, slices.DeleteFunc(inits, func(row promapi.Series) bool {
		p := byName[z.podOf(row.Labels)]
		return p == nil || !slices.Contains(p.sidecars, label(row.Labels, "container"))
	})...), err
}

func (z *quiet) sums(ctx context.Context, q *querier, metric string, pods []*pod) ([]promapi.Series, error) {
	var all []promapi.Series
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
func (z *quiet) ranThroughout(p *quietPod, rows []promapi.Series) bool {
	one := false
	for _, name := range namesIn(rows) {
		always, never := true, true
		for _, k := range p.knowing {
			var scrapes float64
			for _, row := range rows {
				if label(row.Labels, "container") == name && z.targetOf(row.Labels) == k {
					scrapes = total(row.Samples)
				}
			}
			always = always && scrapes == float64(len(z.ksm.targets[k].ok))
			never = never && scrapes == 0
		}
		if !always && !never {
			return false
		}
		one = one || always
		p.containers = append(p.containers, quietContainer{name: name, ran: always})
	}
	return one
}

// namesIn returns the containers that rows are about.
func namesIn(rows []promapi.Series) []string {
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = label(row.Labels, "container")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// evidence is the same that raw samples would give.
func (z *quiet) evidence(p *quietPod) *entries {
	life := float64(z.slice.length())
	out := &entries{slice: z.slice, shortcut: true, known: []workload.Model{p.owner.model}}
	for _, c := range p.containers {
		a := account{cpu: c.cpu, memory: c.memory}
		if c.ran {
			a.running = life
		}
		out.accounts = append(out.accounts, accountEntry{model: p.owner.model, containerKey: containerKey{p.podName, p.owner.uid, c.name}, account: a})
	}
	for _, r := range p.requests {
		out.requests = append(out.requests, requestEntry{
			model: p.owner.model, metric: r.metric, containerKey: containerKey{pod: p.podName, uid: p.owner.uid},
			evidence: evidence{life: life, seen: life, integral: r.value * life},
		})
	}
	return out
}
