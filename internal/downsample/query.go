package downsample

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// maxSet is how many names a regular expression may list for Prometheus to look them up
// as a set: up to 256, some below it to be safe with other versions.
const maxSet = 250

// refresh is what all queries of one window share.
type refresh struct {
	upstream Upstream
	limits   *limits
	pace     *pace
	budget   int64 // of samples to read, 0 for none

	mu    sync.Mutex
	cost  Cost
	spent int64 // of the budget
}

// querier asks about one slice of a window, and keeps count of what that costs.
type querier struct {
	naming
	*refresh
	slice span
	since int64 // from when on counters count: the window's start

	reach int64 // how much time one query may be about, 0 for any
	peak  int64 // the most samples that a query of its own held
}

// within returns a querier whose queries are about so much time at most.
func (q *querier) within(reach int64) *querier {
	part := &querier{naming: q.naming, refresh: q.refresh, slice: q.slice, since: q.since}
	if reach < q.slice.length() {
		part.reach = reach
	}
	return part
}

// over evaluates an expression of a range over a span: at its last millisecond. Ranges are
// left-open from Prometheus 3.0 on and closed before, so that they are exact in the former
// and a millisecond too wide in the latter. A span that is longer than one query may reach
// is read in pieces, whose samples a row holds one after the other.
func (q *querier) over(ctx context.Context, s span, expr func(length string) string) ([]promapi.Series, error) {
	var pieces []piece
	for _, s := range s.cut(q.reach) {
		expr := expr(strconv.FormatInt(s.length(), 10) + "ms")
		rows, err := q.send(ctx, expr, s.length(), func() (*promapi.Answer, error) {
			return q.upstream.Instant(ctx, expr, time.UnixMilli(s.to-1))
		})
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, piece{s.from, rows})
	}
	return joined(pieces), nil
}

// points evaluates expr at every step from a moment to the slice's end.
func (q *querier) points(ctx context.Context, expr string, from int64, step time.Duration) ([]promapi.Series, error) {
	var pieces []piece
	reach := q.reach
	if reach > 0 {
		reach = max(1, reach/step.Milliseconds()) * step.Milliseconds()
	}
	for _, s := range (span{from, q.slice.to}).cut(reach) {
		rows, err := q.send(ctx, expr, 0, func() (*promapi.Answer, error) {
			return q.upstream.Range(ctx, expr, time.UnixMilli(s.from), time.UnixMilli(s.to-1), step)
		})
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, piece{s.from, rows})
	}
	return joined(pieces), nil
}

// send asks when it is its turn, unless the window's budget is spent.
func (q *querier) send(ctx context.Context, expr string, length int64, ask func() (*promapi.Answer, error)) ([]promapi.Series, error) {
	if err := q.overBudget(); err != nil {
		return nil, err
	}
	if err := q.pace.begin(ctx); err != nil {
		return nil, &promapi.Error{Kind: promapi.Timeout, Err: err}
	}
	began := time.Now()
	a, err := ask()
	q.pace.end(time.Since(began))

	q.mu.Lock()
	q.cost.Queries++
	if err != nil {
		q.mu.Unlock()
		return nil, blame(expr, err)
	}
	q.cost.Series += len(a.Series)
	q.cost.HasSamples = q.cost.HasSamples || a.Stats.Known
	q.cost.SamplesRead += a.Stats.SamplesRead
	q.cost.PeakSamples = max(q.cost.PeakSamples, a.Stats.PeakSamples)
	q.peak = max(q.peak, a.Stats.PeakSamples)
	q.spent += samplesOf(a, length)
	q.mu.Unlock()
	return a.Series, q.overBudget()
}

// samplesOf returns how many samples a query read. Where the upstream does not tell, each
// row is taken for one series that has a sample every 30 s.
func samplesOf(a *promapi.Answer, length int64) int64 {
	if a.Stats.Known {
		return a.Stats.SamplesRead
	}
	var read int64
	for _, row := range a.Series {
		read += max(int64(len(row.Samples)), length/defaultInterval)
	}
	return read
}

// overBudget fails the window when it has read more than it may. It is not worth trying
// again before the next window.
func (r *refresh) overBudget() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.budget == 0 || r.spent <= r.budget {
		return nil
	}
	source := "the Prometheus says"
	if !r.cost.HasSamples {
		source = "as estimated, for the Prometheus does not say"
	}
	return &promapi.Error{Kind: promapi.OverBudget, RetryAfter: forever, Err: fmt.Errorf(
		"--query.max-samples-per-window=%d is spent: %d samples were read by %d queries, %s: raise it, or let --kinds leave out kinds of models",
		r.budget, r.spent, r.cost.Queries, source)}
}

// forever is until the next window, which a failed one makes way for.
const forever = 1<<63 - 1

// piece is the answer to what was asked of some time, from a moment on.
type piece struct {
	from int64
	rows []promapi.Series
}

// joined puts the rows of several pieces together. The piece before has the sample at which
// a closed range begins.
func joined(pieces []piece) []promapi.Series {
	if len(pieces) == 1 {
		return pieces[0].rows
	}
	var out []promapi.Series
	at := map[string]int{}
	for _, p := range pieces {
		for _, row := range p.rows {
			key := keyOf(row.Labels)
			i, ok := at[key]
			if !ok {
				i = len(out)
				at[key] = i
				out = append(out, promapi.Series{Labels: row.Labels})
			} else {
				row.Samples = inside(row.Samples, span{p.from, 1<<63 - 1})
			}
			out[i].Samples = append(out[i].Samples, row.Samples...)
		}
	}
	return out
}

// keyOf tells rows apart by their labels.
func keyOf(l promapi.Labels) string {
	l = slices.SortedFunc(slices.Values(l), func(a, b promapi.Label) int { return strings.Compare(a.Name, b.Name) })
	var key strings.Builder
	for _, x := range l {
		key.WriteString(x.Name + "\xff" + x.Value + "\xff")
	}
	return key.String()
}

// total adds up what the pieces of a sum came to.
func total(samples []promapi.Sample) float64 {
	var sum float64
	for _, s := range samples {
		sum += s.V
	}
	return sum
}

// blame names the query where it can be what is wrong.
func blame(expr string, err error) error {
	if promapi.KindOf(err).HitsEveryQuery() {
		return err
	}
	return fmt.Errorf("%w (query: %s)", err, shortened(expr))
}

// shortened keeps a query's shape, and spares the reader its list of pods.
func shortened(expr string) string {
	const most = 120
	if len(expr) <= most {
		return expr
	}
	return expr[:most] + "..."
}

// selector restricts to pods. It may let in others: a name in another's namespace.
func (f form) selector(pods []podName) string {
	var namespaces, names []string
	for _, p := range pods {
		namespaces = append(namespaces, p.namespace)
		names = append(names, p.pod)
	}
	return matcher(f.namespace, namespaces) + "," + matcher(f.pod, names)
}

// matcher lists values literally, which Prometheus looks up as a set.
func matcher(name string, values []string) string {
	values = slices.Clone(values)
	slices.Sort(values)
	values = slices.Compact(values)
	for i, v := range values {
		values[i] = regexp.QuoteMeta(v)
	}
	return name + "=~" + strconv.Quote(strings.Join(values, "|"))
}

// seriesPerPod is how many series one query may read of a pod as long as nothing is known of
// it: those of three containers.
const seriesPerPod = 12

// seriesOf returns how many series one query reads of any of the pods: requests and limits
// of CPU and memory for each container, as each kube-state-metrics tells them.
func seriesOf(pods []*pod) int64 {
	most := seriesPerPod
	for _, p := range pods {
		containers := 0
		for i, row := range p.means {
			if !slices.ContainsFunc(p.means[:i], func(r meanRow) bool { return r.container == row.container }) {
				containers++
			}
		}
		most = max(most, 4*containers*len(p.knowing))
	}
	return int64(most)
}

// inside returns the samples of the span; they are sorted.
func inside(samples []promapi.Sample, s span) []promapi.Sample {
	for len(samples) > 0 && samples[0].T < s.from {
		samples = samples[1:]
	}
	for len(samples) > 0 && samples[len(samples)-1].T >= s.to {
		samples = samples[:len(samples)-1]
	}
	return samples
}
