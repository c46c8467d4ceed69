package accuracy

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// watched counts what becomes of an exporter's requests.
type watched struct {
	fetch.API
	queries, tooMuch atomic.Int64
	most             atomic.Int64 // samples in one answer
}

func (w *watched) RawRange(ctx context.Context, s promapi.Selector, from, to int64) (*promapi.Answer, error) {
	a, err := w.API.RawRange(ctx, s, from, to)
	n := 0
	if a != nil {
		for _, s := range a.Series {
			n += len(s.Samples)
		}
	}
	w.note(n, err)
	return a, err
}

func (w *watched) Read(ctx context.Context, queries []promapi.Selector, from, to int64, each func(int, promapi.Series) error) error {
	n := 0
	err := w.API.Read(ctx, queries, from, to, func(query int, s promapi.Series) error {
		n += len(s.Samples)
		return each(query, s)
	})
	w.note(n, err)
	return err
}

func (w *watched) note(samples int, err error) {
	w.queries.Add(1)
	switch promapi.KindOf(err) {
	case promapi.TooExpensive, promapi.TooLarge, promapi.Timeout:
		w.tooMuch.Add(1)
	}
	for {
		most := w.most.Load()
		if int64(samples) <= most || w.most.CompareAndSwap(most, int64(samples)) {
			return
		}
	}
}

// limits are what an exporter is told to keep to.
type limits struct {
	api   func(*promapi.Config)
	fetch func(*fetch.Config)
}

// watch returns the product's way of reading a Prometheus with settings of its own.
func watch(t *testing.T, base *url.URL, transport fetch.Transport, set limits) (Exporter, *watched) {
	t.Helper()
	reads := reading(base)
	if set.api != nil {
		set.api(&reads)
	}
	client, err := promapi.New(reads, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{API: client}
	cfg := fetching(w, transport)
	if set.fetch != nil {
		set.fetch(&cfg)
	}
	return exporterOf("exporter", cfg, downsample.Config{}), w
}

// tight is so few samples in one query that even one pod has to be read piece by piece.
const tight = 150

// TestHistoriesWithinLimits computes every history on servers that hold next to no samples
// for a query, and by exporters that are told to ask for no more.
func TestHistoriesWithinLimits(t *testing.T) {
	all := histories.All()
	for i := range setting(t, "SIM_RANDOM", 200) / 20 {
		all = append(all, histories.Random(setting(t, "SIM_SEED", presetSeed)+i))
	}
	placed := Lay(all)
	dir := t.TempDir()
	if err := Store(t.Context(), dir, placed); err != nil {
		t.Fatal(err)
	}
	unlimited := promtest.Start(t, prom.Options{Dir: dir}).URL()
	linked := t.TempDir()
	if err := prom.LinkBlocks(linked, dir); err != nil {
		t.Fatal(err)
	}
	own := limits{fetch: func(c *fetch.Config) { c.MaxSamples = tight }}
	for _, c := range []struct {
		name      string
		server    func(t *testing.T) *url.URL
		transport fetch.Transport
		set       limits
	}{
		{"a server's own, Prometheus " + prom.Version, func(t *testing.T) *url.URL {
			return promtest.Start(t, prom.Options{Dir: linked, MaxSamples: tight}).URL()
		}, fetch.PromQL, limits{}},
		{"a server's own, Prometheus 2 of Debian", func(t *testing.T) *url.URL {
			return promtest.StartDebian(t, dir, "--query.max-samples="+strconv.Itoa(tight))
		}, fetch.PromQL, limits{}},
		{"the exporter's, by PromQL", func(*testing.T) *url.URL { return unlimited }, fetch.PromQL, own},
		{"the exporter's, by remote read", func(*testing.T) *url.URL { return unlimited }, fetch.RemoteRead, own},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := c.server(t)
			free, err := NewExporter(unlimited, c.transport)
			if err != nil {
				t.Fatal(err)
			}
			bound, seen := watch(t, server, c.transport, c.set)
			for _, p := range placed {
				got, verdict, err := Try(t.Context(), p, bound)
				if err != nil {
					t.Fatal(err)
				}
				complain(t, p, "within limits", verdict)
				want, _, err := Try(t.Context(), p, free)
				if err != nil {
					t.Fatal(err)
				}
				complain(t, p, "within limits, beside one without", Agree(p, got, want))
			}
			t.Logf("%d requests, %d of them too much, %d samples in the largest answer", seen.queries.Load(), seen.tooMuch.Load(), seen.most.Load())
		})
	}
}

// TestLimits: any limit of the Prometheus, or of what is before it, is met by asking for
// less, and what is learnt is kept for the next window.
func TestLimits(t *testing.T) {
	p := Crowd(150, time.Hour, 30*time.Second, strings.Repeat(".long", 45)) // each dot takes seven bytes of a request
	dir := t.TempDir()
	if err := Store(t.Context(), dir, []Placed{p}); err != nil {
		t.Fatal(err)
	}
	server := promtest.Start(t, prom.Options{Dir: dir}).URL()
	free, err := NewExporter(server, fetch.PromQL)
	if err != nil {
		t.Fatal(err)
	}
	needed, err := free.Averages(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	part := int(needed.Cost.SamplesRead / 20)
	limited := func(t *testing.T) *url.URL {
		linked := t.TempDir()
		if err := prom.LinkBlocks(linked, dir); err != nil {
			t.Fatal(err)
		}
		return promtest.Start(t, prom.Options{Dir: linked, MaxSamples: tight}).URL()
	}
	behind := func(before func(http.Handler) http.Handler) func(t *testing.T) *url.URL {
		return func(t *testing.T) *url.URL { return proxy(t, server, before) }
	}
	for _, c := range []struct {
		name    string
		server  func(t *testing.T) *url.URL
		set     limits
		refused bool // something is, in the first window
	}{
		{"a twentieth of the samples in one query", func(*testing.T) *url.URL { return server }, limits{fetch: func(c *fetch.Config) { c.MaxSamples = part }}, false},
		{"a server that holds fewer samples than there are pods", limited, limits{}, true},
		{"a proxy that refuses bodies over 64 KiB", behind(refuseBodies(http.StatusRequestEntityTooLarge)), limits{}, true},
		{"a proxy that refuses URLs over 64 KiB", behind(refuseURLs(http.StatusRequestURITooLong)), limits{}, true},
		{"a proxy that refuses URLs over 64 KiB as bad", behind(refuseURLs(http.StatusBadRequest)), limits{}, true},
		{"answers of 64 KiB at most", func(*testing.T) *url.URL { return server }, limits{api: func(c *promapi.Config) { c.MaxAnswerBytes = 64 << 10 }}, true},
		{"a slow server", behind(slow), limits{api: func(c *promapi.Config) { c.Timeout = 400 * time.Millisecond }}, true},
		{"a proxy that cuts what takes long", behind(cut), limits{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			way, seen := watch(t, c.server(t), fetch.PromQL, c.set)
			var tooMuch []int64
			for range 2 {
				before := seen.tooMuch.Load()
				_, verdict, err := Try(t.Context(), p, way)
				if err != nil {
					t.Fatal(err)
				}
				complain(t, p, c.name, verdict)
				tooMuch = append(tooMuch, seen.tooMuch.Load()-before)
			}
			t.Logf("%d queries; too much were first %d, then %d, %d samples in the largest answer", seen.queries.Load(), tooMuch[0], tooMuch[1], seen.most.Load())
			if c.refused != (tooMuch[0] > 0) || c.refused && tooMuch[1] >= tooMuch[0] {
				t.Errorf("in two windows, %v queries were too much", tooMuch)
			}
		})
	}
	t.Run("budget", func(t *testing.T) {
		for _, budget := range []int64{needed.Cost.SamplesRead, needed.Cost.SamplesRead / 2} {
			way, _ := watch(t, server, fetch.PromQL, limits{fetch: func(c *fetch.Config) { c.Budget = budget }})
			a, err := way.Averages(t.Context(), p)
			if enough := budget == needed.Cost.SamplesRead; enough != (err == nil) || !enough && promapi.KindOf(err) != promapi.OverBudget {
				t.Errorf("with %d samples, of which %d are needed: %v, %v", budget, needed.Cost.SamplesRead, a, err)
			}
		}
	})
}

// TestOnePodOverSixHours: a slice of one pod that is over the limit by itself is read in
// pieces.
func TestOnePodOverSixHours(t *testing.T) {
	p := Crowd(1, 6*time.Hour, 10*time.Second, "")
	dir := t.TempDir()
	if err := Store(t.Context(), dir, []Placed{p}); err != nil {
		t.Fatal(err)
	}
	const most = 1000
	server := promtest.Start(t, prom.Options{Dir: dir, MaxSamples: most}).URL()
	for _, transport := range []fetch.Transport{fetch.RemoteRead, fetch.PromQL} {
		way, seen := watch(t, server, transport, limits{fetch: func(c *fetch.Config) { c.MaxSamples = most }})
		_, verdict, err := Try(t.Context(), p, way)
		if err != nil {
			t.Fatal(err)
		}
		complain(t, p, "one pod", verdict)
		if 100*seen.tooMuch.Load() > seen.queries.Load() {
			t.Errorf("%d of %d requests were refused, an answer had %d samples", seen.tooMuch.Load(), seen.queries.Load(), seen.most.Load())
		}
	}
}
