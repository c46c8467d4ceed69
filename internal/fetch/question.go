package fetch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/crash"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// Question is a kind of request. It can be asked about many items at once or about few, and
// over all of its span or over a part of it, so that a server that refuses it as too much,
// or is too slow, may be asked for less.
type Question[T any] struct {
	Name   string // by which its size is remembered from window to window
	Span   timeline.Span
	Series int // that one item may have, as a generous guess
	Select func(items []T) []promapi.Selector
	Keep   func(*promapi.Series) // cuts a series down to what is used of it, nil for all
}

// Each asks a question about all items, in batches, some at once. The series of a batch are
// handed to use once they are complete, which may be called for several batches at once.
func Each[T any](ctx context.Context, w *Window, q Question[T], items []T, use func(items []T, series []promapi.Series) error) error {
	b := &batches[T]{Window: w, question: q, rest: items, use: use}
	g, ctx := errgroup.WithContext(ctx)
	for range cap(w.slots) {
		g.Go(crash.Func(func() error { return b.work(ctx) }))
	}
	return g.Wait()
}

// All asks a question that is about no items, and returns every series.
func All(ctx context.Context, w *Window, q Question[struct{}]) (all []promapi.Series, err error) {
	err = Each(ctx, w, q, []struct{}{{}}, func(_ []struct{}, series []promapi.Series) error {
		all = series
		return nil
	})
	return all, err
}

// batches are what is yet to be asked.
type batches[T any] struct {
	*Window
	question Question[T]
	use      func([]T, []promapi.Series) error

	mu   sync.Mutex
	rest []T
}

// take returns the next batch and its size.
func (b *batches[T]) take(ctx context.Context) ([]T, size) {
	engine := b.cfg.API.Engine(ctx)
	by, most := b.transport.current(engine), engine.NamesInSet
	if by == RemoteRead {
		most = mostNames
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.sizes.of(b.question.Name, b.question.Series, most, b.question.Span.Length())
	n := min(s.items, len(b.rest))
	for by != RemoteRead && n > 1 && !fits(b.question.Select(b.rest[:n]), engine.QueryBytes) {
		n /= 2
	}
	batch := b.rest[:n]
	b.rest = b.rest[n:]
	return batch, size{n, s.length}
}

// beside is what a query has besides its selector, or more.
const beside = 64

// fits says whether each selector makes a query of so many bytes at most, 0 for any number.
func fits(selectors []promapi.Selector, most int) bool {
	return most == 0 || !slices.ContainsFunc(selectors, func(s promapi.Selector) bool { return len(s.String())+beside > most })
}

func (b *batches[T]) putBack(batch []T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest = slices.Concat(b.rest, batch)
}

func (b *batches[T]) work(ctx context.Context) error {
	for ctx.Err() == nil {
		batch, s := b.take(ctx)
		if len(batch) == 0 {
			return nil
		}
		series, err := b.ask(ctx, batch, s.length)
		switch {
		case err == nil:
			if err := b.use(batch, series); err != nil {
				return err
			}
		case !tooMuch(err) || ctx.Err() != nil:
			return err
		case !b.sizes.refusedAt(b.question.Name, s):
			return fmt.Errorf("%w: it cannot be split further: it was asked for one of %s over %s", err, b.question.Name, time.Duration(s.length)*time.Millisecond)
		default:
			b.reportTooMuch(b.question.Name, s, err)
			b.putBack(batch)
		}
	}
	return ctx.Err()
}

// ask reads a batch, piece by piece where it may not be read at once.
func (b *batches[T]) ask(ctx context.Context, batch []T, length int64) ([]promapi.Series, error) {
	var whole []promapi.Series
	room := room{answer: b.cfg.MaxAnswerBytes}
	for _, span := range b.question.Span.Cut(length) {
		a, err := b.read(ctx, request{b.question.Name, b.question.Select(batch), span, b.question.Keep})
		if err != nil {
			return nil, err
		}
		b.sizes.answered(b.question.Name, size{len(batch), span.Length()}, a.held)
		if err := room.take(a.series...); err != nil {
			return nil, err
		}
		whole = joined(whole, a.series)
	}
	return whole, nil
}

// joined puts the next piece of each series behind those before it.
func joined(whole, next []promapi.Series) []promapi.Series {
	if len(whole) == 0 {
		return next
	}
	at := make(map[string]int, len(whole))
	for i := range whole {
		at[key(whole[i].Labels)] = i
	}
	for _, s := range next {
		if i, ok := at[key(s.Labels)]; ok {
			whole[i].Samples = append(whole[i].Samples, s.Samples...)
			whole[i].Ends = append(whole[i].Ends, s.Ends...)
		} else {
			whole = append(whole, s)
		}
	}
	return whole
}

// key tells series apart by their labels.
func key(l promapi.Labels) string {
	l = slices.SortedFunc(slices.Values(l), func(a, b promapi.Label) int { return strings.Compare(a.Name, b.Name) })
	var key strings.Builder
	for _, x := range l {
		key.WriteString(x.Name + "\xff" + x.Value + "\xff")
	}
	return key.String()
}

// tooMuch says whether to ask for less can help.
func tooMuch(err error) bool {
	switch promapi.KindOf(err) {
	case promapi.TooExpensive, promapi.TooLarge, promapi.Timeout:
		return true
	}
	return false
}
