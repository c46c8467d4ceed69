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

	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
)

// maxSet is how many names a regular expression may list for Prometheus to look them up
// as a set: up to 256, some below it to be safe with other versions.
const maxSet = 250

// querier asks about one slice of a window, and keeps count of what that costs.
type querier struct {
	naming
	upstream Upstream
	slice    span
	since    int64 // from when on counters count: the window's start

	mu   sync.Mutex
	cost Cost
}

// instant evaluates expr at the slice's last millisecond. Ranges are left-open from
// Prometheus 3.0 on and closed before, so that [slice] from there is exact in the former
// and a millisecond too wide in the latter.
func (q *querier) instant(ctx context.Context, expr string) ([]upstream.Series, error) {
	return q.instantAt(ctx, expr, q.slice.to)
}

// instantAt is instant for a span that ends elsewhere.
func (q *querier) instantAt(ctx context.Context, expr string, end int64) ([]upstream.Series, error) {
	a, err := q.upstream.Instant(ctx, expr, time.UnixMilli(end-1))
	return q.count(a, err, expr)
}

// points evaluates expr at every step of the slice.
func (q *querier) points(ctx context.Context, expr string, step time.Duration) ([]upstream.Series, error) {
	return q.pointsFrom(ctx, expr, q.slice.from, step)
}

// pointsFrom is points from a later moment on.
func (q *querier) pointsFrom(ctx context.Context, expr string, from int64, step time.Duration) ([]upstream.Series, error) {
	a, err := q.upstream.Range(ctx, expr, time.UnixMilli(from), time.UnixMilli(q.slice.to-1), step)
	return q.count(a, err, expr)
}

func (q *querier) count(a *upstream.Answer, err error, expr string) ([]upstream.Series, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.cost.Queries++
	if err != nil {
		return nil, blame(expr, err)
	}
	q.cost.Series += len(a.Series)
	q.cost.HasSamples = q.cost.HasSamples || a.Stats.Known
	q.cost.SamplesRead += a.Stats.SamplesRead
	q.cost.PeakSamples = max(q.cost.PeakSamples, a.Stats.PeakSamples)
	return a.Series, nil
}

// blame names the query where it can be what is wrong.
func blame(expr string, err error) error {
	switch upstream.KindOf(err) {
	case upstream.Unreachable, upstream.Unauthorized, upstream.NotPrometheus, upstream.Throttled, upstream.Unavailable:
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

// length writes a duration in milliseconds as PromQL.
func length(ms int64) string { return strconv.FormatInt(ms, 10) + "ms" }

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

// seriesPerPod is a generous guess at how many series one query reads of a pod.
const seriesPerPod = 12

// batch is how many pods one query may ask about: so many at most, and no more than the
// samples that it may hold allow.
func (q *querier) batch(most int, samplesPerSeries int64) int {
	return min(most, max(1, q.upstream.MaxSamples()/(seriesPerPod*int(samplesPerSeries))))
}

// inBatches calls ask for the items in batches, some at once. A batch that the upstream
// finds too expensive is halved and asked again; ask must keep nothing when it fails.
func inBatches[T any](ctx context.Context, items []T, size, atOnce int, ask func(ctx context.Context, batch []T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, atOnce))
	for batch := range slices.Chunk(items, max(1, size)) {
		g.Go(func() error { return halving(ctx, batch, ask) })
	}
	return g.Wait()
}

func halving[T any](ctx context.Context, batch []T, ask func(ctx context.Context, batch []T) error) error {
	err := ask(ctx, batch)
	kind := upstream.KindOf(err)
	tooMuch := kind == upstream.TooExpensive || kind == upstream.TooLarge || kind == upstream.Timeout
	if err == nil || !tooMuch || len(batch) == 1 || ctx.Err() != nil {
		return err
	}
	half := len(batch) / 2
	if err := halving(ctx, batch[:half], ask); err != nil {
		return err
	}
	return halving(ctx, batch[half:], ask)
}

// inside returns the samples of the span; they are sorted.
func inside(samples []upstream.Sample, s span) []upstream.Sample {
	for len(samples) > 0 && samples[0].T < s.from {
		samples = samples[1:]
	}
	for len(samples) > 0 && samples[len(samples)-1].T >= s.to {
		samples = samples[:len(samples)-1]
	}
	return samples
}
