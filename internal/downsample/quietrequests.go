package downsample

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// same is how close two sums of the same samples come.
const same = 1e-9

// requestRow is one kind of request or limit, of all the pod's containers, as one
// kube-state-metrics tells it at some moments.
type requestRow struct {
	metric  usage.Metric
	old     bool
	init    bool // of native sidecars
	who     target
	samples []promapi.Sample
}

// Requests and limits are read at some moments only, at least so many in a slice and at most
// so far apart: they change seldom, and what changed is looked at closely.
const (
	requestPoints = 24
	requestStep   = 150_000
)

// askRequests reads each pod's requests and limits at a few moments.
func (z *quiet) askRequests(ctx context.Context, q *querier, pods []*pod) ([]promapi.Series, error) {
	rows, err := z.requests(ctx, q, pods, slices.Concat(requestNames("requests"), requestNames("limits")), "")
	if err != nil {
		return nil, err
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
				return nil, err
			}
			rows = append(rows, more...)
		}
	}
	return rows, nil
}

// requestStep is the time between two such moments, in milliseconds.
func (z *quiet) requestStep() int64 { return min(requestStep, z.slice.length()/requestPoints) }

// requests reads each pod's sums of what the names and the extra matchers select.
func (z *quiet) requests(ctx context.Context, q *querier, pods []*pod, names []string, extra string) ([]promapi.Series, error) {
	// From where the first scrape is in, to the very end.
	first, last := min(z.slice.from+z.ksm.interval, z.slice.to-2), z.slice.to-1
	step := max(1, (last-first)/((last-first)/z.requestStep()+1))
	first = last - (last-first)/step*step
	var all []promapi.Series
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
func (z *quiet) requestsConstant(p *quietPod, rows []promapi.Series) bool {
	told := z.requestRows(rows)
	for _, a := range told {
		if len(a.samples) < requestPoints/2 {
			return false
		}
		for _, b := range told {
			if b.who == a.who && len(b.samples) > len(a.samples) {
				return false
			}
		}
		first := slices.IndexFunc(told, func(b requestRow) bool { return b.metric == a.metric && b.init == a.init })
		for _, x := range a.samples {
			if !alike(x.V, told[first].samples[0].V) {
				return false
			}
		}
	}
	for _, a := range told {
		if a.counts(told, p.knowing) {
			p.requests = append(p.requests, quietRequest{a.metric, a.samples[0].V})
		}
	}
	return true
}

// requestRows says what each row is about. One that is selected twice counts once.
func (z *quiet) requestRows(rows []promapi.Series) []requestRow {
	var told []requestRow
	for _, row := range rows {
		metric, old, ok := requestOf(row.Labels)
		if !ok {
			continue
		}
		r := requestRow{metric, old, isInit(row), z.targetOf(row.Labels), row.Samples}
		again := func(o requestRow) bool {
			return o.metric == r.metric && o.old == r.old && o.init == r.init && o.who == r.who
		}
		if i := slices.IndexFunc(told, again); i >= 0 {
			told[i] = r
		} else {
			told = append(told, r)
		}
	}
	return told
}

// counts says whether no other row tells the same better: in the newer form, or by an
// instance that comes before its own. Each instance tells all there is.
func (r requestRow) counts(told []requestRow, knowing []target) bool {
	return !slices.ContainsFunc(told, func(o requestRow) bool {
		if o.metric != r.metric || o.init != r.init {
			return false
		}
		if o.who == r.who {
			return r.old && !o.old
		}
		mine, other := slices.Index(knowing, r.who), slices.Index(knowing, o.who)
		return other >= 0 && (mine < 0 || other < mine)
	})
}
