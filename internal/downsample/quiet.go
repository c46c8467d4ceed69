package downsample

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// same is how close two sums of the same samples come.
const same = 1e-9

// quiet is the shortcut: pods to which nothing happened in the slice, so that Prometheus'
// own sums say what raw samples would.
type quiet struct {
	*querier
	ksm     *source
	kubelet *kubelets
	atOnce  int

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

type edgeKey struct {
	container, id string
	target        target
}

// edges are a counter's samples around the slice's start, and before its end.
type edges struct{ start, end []upstream.Sample }

// requestKey is one kind of request or limit, of all the pod's containers, as one
// kube-state-metrics tells it.
type requestKey struct {
	metric usage.Metric
	old    bool
	init   bool // of native sidecars
	who    target
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
		ask   func(ctx context.Context, pods []*pod) error
		quiet func(*quietPod) bool
	}{
		{z.askRunning, z.ranThroughout},
		{z.askEdges, z.oneRowThroughout},
		{z.askRequests, func(p *quietPod) bool { return p.requestsConstant() }},
	} {
		if err := inBatches(ctx, z.candidates(pods), maxSet, z.atOnce, step.ask); err != nil {
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
func (z *quiet) askRunning(ctx context.Context, pods []*pod) error {
	rows, err := z.sums(ctx, "kube_pod_container_status_running", pods)
	if err != nil {
		return err
	}
	sidecars, err := z.sums(ctx, "kube_pod_init_container_status_running", slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return len(p.sidecars) == 0 }))
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
		p.running[container][z.targetOf(row.Labels)] = row.Samples[0].V
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

func (z *quiet) sums(ctx context.Context, metric string, pods []*pod) ([]upstream.Series, error) {
	var all []upstream.Series
	for _, sel := range selectors(pods) {
		rows, err := z.instant(ctx, fmt.Sprintf("max by (%s) (sum_over_time(%s{%s}[%s]))", z.by(ofPods("container", "exported_container")...), metric, sel, length(z.slice.length())))
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

// askEdges reads the counters at the slice's edges only: a row that is there at both is one
// container's, which ran all the time between.
func (z *quiet) askEdges(ctx context.Context, pods []*pod) error {
	if !z.kubelet.any() {
		return nil
	}
	lead := z.kubelet.lead()
	type part struct {
		span
		into func(*edges) *[]upstream.Sample
	}
	parts := []part{
		{span{z.slice.from - lead, z.slice.from + lead}, func(e *edges) *[]upstream.Sample { return &e.start }},
		{span{z.slice.to - lead, z.slice.to}, func(e *edges) *[]upstream.Sample { return &e.end }},
	}
	if z.slice.length() < 4*lead {
		parts = []part{{span{z.slice.from - lead, z.slice.to}, func(e *edges) *[]upstream.Sample { return &e.start }}}
	}
	answers := make([][]upstream.Series, len(parts))
	for i, part := range parts {
		for _, sel := range z.kubelet.selectors(pods) {
			rows, err := z.instantAt(ctx, fmt.Sprintf("%s{%s,%s}[%s]", cpuUsage, sel, wholeCPU, length(part.length())), part.to)
			if err != nil {
				return err
			}
			answers[i] = append(answers[i], rows...)
		}
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for i, part := range parts {
		for _, row := range answers[i] {
			p := z.pods[z.podOf(row.Labels)]
			if p == nil {
				continue
			}
			key := edgeKey{label(row.Labels, "container"), idOf(row.Labels), z.kubeletOf(row.Labels)}
			if p.edges[key] == nil {
				p.edges[key] = &edges{}
			}
			*part.into(p.edges[key]) = append(*part.into(p.edges[key]), inside(row.Samples, part.span)...)
		}
	}
	return nil
}

// oneRowThroughout says whether each container that ran is one row at both edges.
func (z *quiet) oneRowThroughout(p *quietPod) bool {
	if !z.kubelet.any() {
		return true
	}
	for container := range p.running {
		if !p.runs(container) {
			continue
		}
		if _, _, ok := z.usage(p, container); !ok {
			return false
		}
	}
	return true
}

// usage returns the container's evidence, if it is one row at both edges.
func (z *quiet) usage(p *quietPod, container string) (cpu, memory evidence, ok bool) {
	var ids []string
	means := z.kubelet.means[p.podName]
	for _, r := range means {
		if r.container == container {
			ids = append(ids, r.id)
		}
	}
	for key := range p.edges {
		if key.container == container {
			ids = append(ids, key.id)
		}
	}
	ids = genuine(ids)
	if len(ids) != 1 || strings.HasPrefix(ids[0], anonymous) {
		return cpu, memory, false
	}
	rows := slices.DeleteFunc(slices.Clone(means), func(r meanRow) bool { return r.container != container || r.id != ids[0] })
	slices.SortFunc(rows, func(a, b meanRow) int { return a.target.compare(b.target) })
	life := float64(z.slice.length())
	for _, r := range rows {
		e := p.edges[edgeKey{container, r.id, r.target}]
		if e == nil || !z.kubelet.exists[r.target].is(z.slice) {
			continue
		}
		if cpu, ok = e.rise(z.since, z.slice, z.kubelet.lead()); ok {
			cpu.life = life
			if r.told {
				memory = evidence{life: life, seen: life, integral: r.mean * life}
			}
			return cpu, memory, true
		}
	}
	return cpu, memory, false
}

// rise integrates the counter from edge to edge, of samples since a moment.
func (e *edges) rise(since int64, slice span, lead int64) (evidence, bool) {
	all := slices.Concat(e.start, e.end)
	after, _ := slices.BinarySearchFunc(all, slice.from, func(s upstream.Sample, t int64) int { return int(min(1, max(-1, s.T-t))) })
	if after >= len(all) || all[after].T >= slice.from+lead || all[len(all)-1].T < slice.to-lead {
		return evidence{}, false
	}
	first, last := all[after], all[len(all)-1]
	if after > 0 && all[after-1].T >= since {
		first = between(all[after-1], first, slice.from)
	}
	if last.T <= first.T || last.V < first.V {
		return evidence{}, false
	}
	for i := after + 1; i < len(all); i++ {
		if all[i].V < all[i-1].V {
			return evidence{}, false
		}
	}
	return evidence{seen: float64(last.T - first.T), integral: (last.V - first.V) * 1000}, true
}

// between returns what a counter showed at a moment between two samples.
func between(a, b upstream.Sample, t int64) upstream.Sample {
	return upstream.Sample{T: t, V: a.V + (b.V-a.V)*float64(t-a.T)/float64(b.T-a.T)}
}

// Requests and limits are read at some moments only, at least so many in a slice and at most
// so far apart: they change seldom, and what changed is looked at closely.
const (
	requestPoints = 12
	requestStep   = 5 * 60_000
)

// askRequests reads each pod's requests and limits at a few moments.
func (z *quiet) askRequests(ctx context.Context, pods []*pod) error {
	rows, err := z.requests(ctx, pods, slices.Concat(requestNames("requests"), requestNames("limits")), "")
	if err != nil {
		return err
	}
	bySidecars := map[string][]*pod{}
	for _, p := range pods {
		if len(p.sidecars) > 0 {
			names := matcher("container", p.sidecars)
			bySidecars[names] = append(bySidecars[names], p)
		}
	}
	for names, pods := range bySidecars {
		for _, these := range []string{"," + names + `,exported_container=""`, "," + exported + names} {
			more, err := z.requests(ctx, pods, slices.Concat(initRequestNames("requests"), initRequestNames("limits")), these)
			if err != nil {
				return err
			}
			rows = append(rows, more...)
		}
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, row := range rows {
		p := z.pods[z.podOf(row.Labels)]
		metric, old, ok := requestOf(row.Labels)
		if p == nil || !ok {
			continue
		}
		key := requestKey{metric, old, isInit(row), z.targetOf(row.Labels)}
		p.requests[key] = row.Samples
	}
	return nil
}

func (z *quiet) requests(ctx context.Context, pods []*pod, names []string, extra string) ([]upstream.Series, error) {
	step := min(requestStep, z.slice.length()/requestPoints)
	var all []upstream.Series
	for _, sel := range selectors(pods) {
		expr := fmt.Sprintf("sum by (%s) (%s)", z.by(ofPods("__name__", "resource")...), named(names, sel+extra))
		rows, err := z.pointsFrom(ctx, expr, z.slice.to-1-(z.slice.length()/step-1)*step, time.Duration(step)*time.Millisecond)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

func alike(a, b float64) bool {
	return math.Abs(a-b) <= same*max(math.Abs(a), math.Abs(b))
}

// requestsConstant says whether every request and limit is there, and the same, at all the
// moments at which any is: a failed scrape hides them all. Whoever tells must agree.
func (p *quietPod) requestsConstant() bool {
	type setting struct {
		metric usage.Metric
		init   bool
	}
	most, values := map[target]int{}, map[setting]float64{}
	for key, points := range p.requests {
		most[key.who] = max(most[key.who], len(points))
		values[setting{key.metric, key.init}] = points[0].V
	}
	for key, points := range p.requests {
		if len(points) < most[key.who] || len(points) < requestPoints/2 {
			return false
		}
		for _, x := range points {
			if !alike(x.V, values[setting{key.metric, key.init}]) {
				return false
			}
		}
	}
	return true
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

// told returns the first of the instances that tell of a request: each tells it all.
func (p *quietPod) told(key requestKey) target {
	for _, k := range p.knowing {
		for _, old := range []bool{false, true} {
			if p.requests[requestKey{key.metric, old, key.init, k}] != nil {
				return k
			}
		}
	}
	return key.who
}
