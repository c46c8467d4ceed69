package downsample

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// same is how close two sums of the same samples come.
const same = 1e-9

// requestKey is one kind of request or limit, of all the pod's containers, as one
// kube-state-metrics tells it.
type requestKey struct {
	metric usage.Metric
	old    bool
	init   bool // of native sidecars
	who    target
}

// Requests and limits are read at some moments only, at least so many in a slice and at most
// so far apart: they change seldom, and what changed is looked at closely.
const (
	requestPoints = 24
	requestStep   = 150_000
)

// askRequests reads each pod's requests and limits at a few moments.
func (z *quiet) askRequests(ctx context.Context, q *querier, pods []*pod) error {
	rows, err := z.requests(ctx, q, pods, slices.Concat(requestNames("requests"), requestNames("limits")), "")
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
			more, err := z.requests(ctx, q, pods, slices.Concat(initRequestNames("requests"), initRequestNames("limits")), these)
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

// requestStep is the time between two such moments, in milliseconds.
func (z *quiet) requestStep() int64 { return min(requestStep, z.slice.length()/requestPoints) }

// requests reads each pod's sums of what the names and the extra matchers select.
func (z *quiet) requests(ctx context.Context, q *querier, pods []*pod, names []string, extra string) ([]upstream.Series, error) {
	// From where the first scrape is in, to the very end.
	first, last := min(z.slice.from+z.ksm.interval, z.slice.to-2), z.slice.to-1
	step := max(1, (last-first)/((last-first)/z.requestStep()+1))
	first = last - (last-first)/step*step
	var all []upstream.Series
	for _, sel := range selectors(pods) {
		expr := fmt.Sprintf("sum by (%s) (%s)", z.by(ofPods("__name__", "resource")...), named(names, sel+extra))
		rows, err := q.points(ctx, expr, first, time.Duration(step)*time.Millisecond)
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
