package downsample

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/crash"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// inBatches calls ask for all items in batches, some at once, with a querier that reaches no
// further in one query than it may. What the upstream finds too much is asked again for
// less, after the others; ask must keep nothing when it fails. How much is too much is
// remembered for the other batches, and for the next window.
func inBatches[T any](ctx context.Context, q *querier, of question, items []T, ask func(ctx context.Context, q *querier, batch []T) error) error {
	portions, first := of.ladder(len(items), q.slice.length(), q.upstream.MaxSamples())
	b := &batches[T]{querier: q, question: of, ask: ask, portions: portions, rest: []rest[T]{{items, first}}}
	for len(b.rest) > 0 {
		g, ctx := errgroup.WithContext(ctx)
		for range cap(q.pace.slots) {
			g.Go(crash.Func(func() error { return b.work(ctx) }))
		}
		if err := g.Wait(); err != nil {
			return err
		}
		b.rest, b.refused = b.refused, nil
	}
	return nil
}

// inParts asks a question that is about no items, and can be cut in time only.
func inParts(ctx context.Context, q *querier, of question, ask func(ctx context.Context, q *querier) error) error {
	return inBatches(ctx, q, of, []struct{}{{}}, func(ctx context.Context, q *querier, _ []struct{}) error { return ask(ctx, q) })
}

// rest is items that are yet to be asked about, from a rung of the ladder on.
type rest[T any] struct {
	items []T
	rung  int
}

type batches[T any] struct {
	*querier
	question question
	ask      func(ctx context.Context, q *querier, batch []T) error
	portions []portion

	mu            sync.Mutex
	rest, refused []rest[T]
}

// take returns the next batch, and the rung of its size.
func (b *batches[T]) take() (batch []T, rung int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.rest) > 0 && len(b.rest[0].items) == 0 {
		b.rest = b.rest[1:]
	}
	if len(b.rest) == 0 {
		return nil, 0, false
	}
	r := &b.rest[0]
	rung = min(max(r.rung, b.limits.rung(b.question.name)), len(b.portions)-1)
	n := min(b.portions[rung].items, len(r.items))
	batch, r.items = r.items[:n], r.items[n:]
	return batch, rung, true
}

func (b *batches[T]) work(ctx context.Context) error {
	for ctx.Err() == nil {
		batch, rung, ok := b.take()
		if !ok {
			return nil
		}
		p := b.portions[rung]
		q := b.within(p.length)
		err := b.ask(ctx, q, batch)
		switch {
		case err == nil && q.peak > int64(b.upstream.MaxSamples()):
			b.limits.refused(b.question.name, rung) // it may not hold so many, even where it can
		case err == nil && len(batch) == p.items:
			b.limits.answered(b.question.name, rung)
		case err == nil:
		case !tooMuch(err) || ctx.Err() != nil:
			return err
		default:
			b.limits.refused(b.question.name, rung)
			if rung = b.smaller(len(batch), p.length); rung == len(b.portions) {
				b.limits.forget(b.question.name)
				return fmt.Errorf("%w: it cannot be split further, having been asked for %d of %s over %s alone: %s",
					err, len(batch), b.question.name, time.Duration(p.length)*time.Millisecond, remedy(err))
			}
			b.mu.Lock()
			b.refused = append(b.refused, rest[T]{batch, rung})
			b.mu.Unlock()
		}
	}
	return ctx.Err()
}

// smaller returns the first rung that asks for less.
func (b *batches[T]) smaller(items int, length int64) int {
	for rung, p := range b.portions {
		if p.items < items || p.length < length {
			return rung
		}
	}
	return len(b.portions)
}

// tooMuch says whether to ask for less can help.
func tooMuch(err error) bool {
	switch promapi.KindOf(err) {
	case promapi.TooExpensive, promapi.TooLarge, promapi.Timeout:
		return true
	}
	return false
}

func remedy(err error) string {
	switch promapi.KindOf(err) {
	case promapi.Timeout:
		return "raise --query.timeout, and what limits the time on the way to the Prometheus and in it"
	case promapi.TooLarge:
		return "raise --query.max-answer-bytes"
	}
	return "raise the limit of the Prometheus (its own --query.max-samples), or of the proxy before it"
}
