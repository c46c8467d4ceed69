package pages

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/crash"
)

// turns lets one page at a time ask the Prometheus.
type turns chan struct{}

var errBusy = errors.New("other pages are asking the Prometheus: try again in a moment")

// cache keeps some answers of the Prometheus. Whoever asks for one that is not there waits for
// its turn, and then for the answer.
type cache[K comparable, V any] struct {
	turns turns
	most  int

	mu    sync.Mutex
	kept  map[K]V
	order []K // the oldest first
}

func newCache[K comparable, V any](t turns, most int) *cache[K, V] {
	return &cache[K, V]{turns: t, most: most, kept: map[K]V{}}
}

// get returns what is kept for a key, or asks for it. Failures are not kept. Waiting and asking
// together take no more time than the limit.
func (c *cache[K, V]) get(ctx context.Context, limit time.Duration, key K, ask func(context.Context) (V, error)) (V, error) {
	if v, ok := c.find(key); ok {
		return v, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the Prometheus did not answer in %s", limit))
	defer cancel()
	var none V
	select {
	case c.turns <- struct{}{}:
		defer func() { <-c.turns }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // even if the turn came at the same moment
		return none, errBusy
	}
	if v, ok := c.find(key); ok { // whoever had the turn before asked for the same
		return v, nil
	}
	v, err := crash.Guard(func() (V, error) { return ask(ctx) })
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return none, err
	}
	c.keep(key, v)
	return v, nil
}

func (c *cache[K, V]) find(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.kept[key]
	return v, ok
}

func (c *cache[K, V]) keep(key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.order) == c.most {
		delete(c.kept, c.order[0])
		c.order = c.order[1:]
	}
	c.kept[key] = v
	c.order = append(c.order, key)
}
