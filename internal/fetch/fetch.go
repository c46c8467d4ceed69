// Package fetch reads raw series from a Prometheus-compatible server: questions in, series
// out. It decides how they travel, asks no more at once than a server takes, and keeps
// count. It knows no pods.
package fetch

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// API is the server's. A promapi.Client is one.
type API interface {
	// Engine says which kind of server it is.
	Engine(ctx context.Context) promapi.Engine
	// Whole fails if answers lack what a part of the server has.
	Whole(ctx context.Context) error
	// RawRange reads by PromQL what one selector selects.
	RawRange(ctx context.Context, s promapi.Selector, from, to int64) (*promapi.Answer, error)
	// Read reads by remote read what several select, and hands out each series as it comes, in
	// memory that the next one takes.
	Read(ctx context.Context, queries []promapi.Selector, from, to int64, each func(query int, s promapi.Series) error) error
	// Export does so by VictoriaMetrics' native export, once for what several select.
	Export(ctx context.Context, selectors []promapi.Selector, from, to int64, each func(promapi.Series) error) error
}

// Config is what a Fetcher works with.
type Config struct {
	API            API
	Transport      Transport
	Concurrency    int   // requests that may run at once
	MaxSamples     int   // of one request, as far as that can be known before
	MaxAnswerBytes int64 // of one answer, 0 for any number: what is held of it takes no more
	Budget         int64 // of samples that all requests for one window may read; 0 is any number
	Now            func() time.Time
	Log            *slog.Logger
}

// Fetcher reads windows from one server. It learns from each how to ask for the next.
type Fetcher struct {
	cfg       Config
	slots     chan struct{}
	sizes     *sizes
	transport *chosen
}

// New returns a Fetcher.
func New(cfg Config) *Fetcher {
	cfg.Concurrency = max(1, cfg.Concurrency)
	if cfg.MaxSamples <= 0 || cfg.MaxSamples > mostSamples {
		cfg.MaxSamples = mostSamples
	}
	return &Fetcher{
		cfg:       cfg,
		slots:     make(chan struct{}, cfg.Concurrency),
		sizes:     newSizes(cfg.MaxSamples),
		transport: &chosen{setting: cfg.Transport, limit: cfg.MaxAnswerBytes, now: cfg.Now, log: cfg.Log, proven: map[string]time.Time{}},
	}
}

// Whole fails if what was read lacks what a part of the server has.
func (f *Fetcher) Whole(ctx context.Context) error { return f.cfg.API.Whole(ctx) }

// Transport returns how the server is read now.
func (f *Fetcher) Transport(ctx context.Context) Transport {
	return f.transport.current(f.cfg.API.Engine(ctx))
}

// LastTransport returns how the server was read last, or the setting before it was read. It
// asks nothing.
func (f *Fetcher) LastTransport() Transport {
	f.transport.mu.Lock()
	defer f.transport.mu.Unlock()
	return cmp.Or(f.transport.last, f.transport.setting)
}

// Cost is what a window's requests asked of the server.
type Cost struct {
	Queries        int   // requests
	Series         int   // in the answers
	SamplesRead    int64 // in the answers
	LargestSamples int64 // held of one answer
}

// Window is what all requests for one window share, or for several that are read together.
type Window struct {
	*Fetcher
	budget int64

	mu     sync.Mutex
	cost   Cost
	warned bool // of a request that timed out
}

// Windows begins so many windows that are read together.
func (f *Fetcher) Windows(n int) *Window {
	f.sizes.grow()
	return &Window{Fetcher: f, budget: int64(n) * f.cfg.Budget}
}

// Cost returns what has been asked so far.
func (w *Window) Cost() Cost {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cost
}

// read asks once, when a slot is free, unless the window's budget is spent.
func (w *Window) read(ctx context.Context, r request) (answer, error) {
	if err := w.overBudget(); err != nil {
		return answer{}, err
	}
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-ctx.Done():
		return answer{}, &promapi.Error{Kind: promapi.Timeout, Err: context.Cause(ctx)}
	}
	a, err := w.transport.read(ctx, w.cfg.API, r)
	w.mu.Lock()
	w.cost.Queries += a.requests
	w.cost.Series += len(a.series)
	w.cost.SamplesRead += a.samples
	w.cost.LargestSamples = max(w.cost.LargestSamples, a.held)
	w.mu.Unlock()
	if err == nil {
		err = w.overBudget()
	}
	return a, err
}

// reportTooMuch logs that less is asked for. The first request that timed out is worth a warning:
// each of them has taken as long as it may.
func (w *Window) reportTooMuch(question string, s size, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	about := []any{"question", question, "items", s.items, "span", (time.Duration(s.length) * time.Millisecond).String(), "err", err}
	if promapi.KindOf(err) == promapi.Timeout && !w.warned {
		w.warned = true
		w.cfg.Log.Warn("Request timed out, asking for less", about...)
		return
	}
	w.cfg.Log.Debug("Request was too much, asking for less", about...)
}

// forever is until the next window, which a failed one makes way for.
const forever = 1<<63 - 1

// overBudget fails the window when it has read more than it may. It is not worth trying
// again before the next window.
func (w *Window) overBudget() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.budget == 0 || w.cost.SamplesRead <= w.budget {
		return nil
	}
	return &promapi.Error{Kind: promapi.OverBudget, RetryAfter: forever, Err: fmt.Errorf(
		"%d samples were read by %d requests, and %d may be read", w.cost.SamplesRead, w.cost.Queries, w.budget)}
}
