package engines

import (
	"context"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
)

// watchedAPI counts what is refused as too much.
type watchedAPI struct {
	fetch.API
	asked, tooMuch   atomic.Int64
	exports, queries atomic.Int64
	words            atomic.Value // of the first refusal
}

func (w *watchedAPI) note(err error) {
	w.asked.Add(1)
	switch promapi.KindOf(err) {
	case promapi.TooExpensive, promapi.TooLarge, promapi.Timeout:
		w.tooMuch.Add(1)
		w.words.CompareAndSwap(nil, err.Error())
	}
}

func (w *watchedAPI) RawRange(ctx context.Context, s promapi.Selector, from, to int64) (*promapi.Answer, error) {
	w.queries.Add(1)
	a, err := w.API.RawRange(ctx, s, from, to)
	w.note(err)
	return a, err
}

func (w *watchedAPI) Read(ctx context.Context, queries []promapi.Selector, from, to int64, each func(int, promapi.Series) error) error {
	err := w.API.Read(ctx, queries, from, to, each)
	w.note(err)
	return err
}

func (w *watchedAPI) Export(ctx context.Context, selectors []promapi.Selector, from, to int64, each func(promapi.Series) error) error {
	w.exports.Add(1)
	err := w.API.Export(ctx, selectors, from, to, each)
	w.note(err)
	return err
}

// crowd is a window with many models, in which one pod in ten is replaced.
func crowd() accuracy.Placed { return accuracy.Crowd(150, time.Hour, 30*time.Second, "") }

// withinLimit computes a window on an engine with one limit that is too low for it: it must be
// asked for less until the window is there, and right.
func withinLimit(t *testing.T, server *url.URL, flag string, p accuracy.Placed, change ...func(*fetch.Config)) {
	t.Helper()
	var seen *watchedAPI
	way, err := accuracy.NewEngineExporter(server, tenant, append(change, func(c *fetch.Config) {
		seen = &watchedAPI{API: c.API}
		c.API = seen
	})...)
	if err != nil {
		t.Fatal(err)
	}
	_, verdict, err := accuracy.Try(t.Context(), p, way)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range verdict.Deviations {
		t.Errorf("%s: %s", flag, d)
	}
	if seen.tooMuch.Load() == 0 {
		t.Errorf("%s: none of %d requests was refused", flag, seen.asked.Load())
	}
	t.Logf("%s: %d of %d requests were too much; the first: %v", flag, seen.tooMuch.Load(), seen.asked.Load(), seen.words.Load())
}
