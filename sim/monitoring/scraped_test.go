package monitoring

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/web"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// The history: for 12 hours two exporters serve windows of an hour. One of them moves, in
// the very minute in which it still shows the window before. A model leaves, another one
// comes, and the window from 5 to 6 o'clock cannot be had.
const (
	period  = time.Hour
	lasts   = 12 * time.Hour
	moves   = 4*time.Hour + 30*time.Second
	missing = 5
	leaves  = 4 // the first window without "leaving"
	comes   = 7 // the first with "coming"
)

// epoch is when time begins in a bubble of synctest.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// truth returns the averages of the window that begins so many hours after the epoch.
func truth(hour int) *ledger.Averages {
	start := epoch.Add(time.Duration(hour) * period)
	a := &ledger.Averages{
		Window:   window.Window{Start: start, End: start.Add(period)},
		Metrics:  metric.Default().Metrics,
		Coverage: []ledger.Coverage{{Source: metric.KubeStateMetrics, Ratio: 1}, {Source: metric.CAdvisor, Ratio: 1 - float64(hour+3)/100}},
	}
	for i, m := range []workload.Model{
		{Namespace: "fraud", Type: "SeldonDeployment", Name: "scorer"},
		{Namespace: "seldon", Type: "SeldonDeployment", Name: "coming"},
		{Namespace: "seldon", Type: "SeldonDeployment", Name: "leaving"},
		{Namespace: "seldon", Type: "SeldonDeployment", Name: "unbounded"},
		{Namespace: "vision", Type: "InferenceService", Name: "leaving"},
		{Cluster: "east", Namespace: "vision", Type: "InferenceService", Name: "ocr"},
		{Cluster: "west", Namespace: "vision", Type: "InferenceService", Name: "ocr"},
	} {
		if i == 1 && hour < comes || i == 2 && hour >= leaves {
			continue
		}
		v := make([]metric.Value, len(a.Metrics))
		for n := range v {
			v[n] = metric.Value{V: float64(1+i) + float64(n)/8 + math.Mod(float64(7*(hour+2)+i), 5), OK: true}
		}
		if m.Name == "unbounded" {
			v[cluster.CPURequests], v[cluster.CPULimits], v[cluster.MemoryLimits] = metric.Value{}, metric.Value{}, metric.Value{}
		}
		a.Models = append(a.Models, ledger.Model{Model: m, Values: v})
	}
	return a
}

// exporter is the product but for the Prometheus it reads: truth takes its place.
type exporter struct {
	instance string
	stop     context.CancelFunc
	ended    chan struct{}
	metrics  http.Handler
	requests *prometheus.CounterVec
	samples  prometheus.Counter
	shown    map[string]bool // the series in its last scrape
}

func launch(instance string, jitter float64) *exporter {
	e := &exporter{
		instance: instance,
		ended:    make(chan struct{}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "seldon_exporter_upstream_requests_total"}, []string{"code"}),
		samples:  prometheus.NewCounter(prometheus.CounterOpts{Name: "seldon_exporter_upstream_samples_read_total"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(e.requests, e.samples, versioncollector.NewCollector("seldon_exporter"),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	log, board := slog.New(slog.DiscardHandler), exposition.NewBoard(time.Now)
	loop := schedule.New(schedule.Config{
		Computer: e, Board: board.Slot(""), Period: period, SettleDelay: time.Minute,
		Random: func() float64 { return jitter }, Now: time.Now, Log: log, Registerer: registry,
	})
	e.metrics = web.Metrics(registry, registry, board, log)
	ctx, cancel := context.WithCancel(context.Background())
	e.stop = cancel
	go func() { loop.Run(ctx); close(e.ended) }()
	return e
}

// Compute takes ten seconds.
func (e *exporter) Compute(ctx context.Context, w window.Window) (*ledger.Averages, error) {
	select {
	case <-time.After(10 * time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	hour := int(w.Start.Sub(epoch) / period)
	if hour == missing {
		e.requests.WithLabelValues("503").Inc()
		return nil, downsample.ErrNoSources
	}
	e.requests.WithLabelValues("200").Add(9)
	e.samples.Add(1000)
	return truth(hour), nil
}

// scraped returns what a Prometheus has stored that scraped the exporters at the interval,
// from the offset on.
func scraped(t *testing.T, interval, offset time.Duration) []cluster.Series {
	t.Helper()
	store := store{}
	synctest.Test(t, func(t *testing.T) {
		a, b := launch("a:8000", 0.1), launch("b:8000", 0.9)
		time.Sleep(offset)
		for moved := false; time.Since(epoch) < lasts; time.Sleep(interval) {
			if !moved && time.Since(epoch) >= moves {
				a.end(store)
				a, moved = launch("c:8000", 0.5), true
				time.Sleep(0) // its first window is under way
			}
			a.scrape(t, store)
			b.scrape(t, store)
		}
		a.end(store)
		b.end(store)
	})
	return slices.SortedFunc(maps.Values(store), func(x, y cluster.Series) int {
		return cmp.Compare(fmt.Sprint(x.Labels), fmt.Sprint(y.Labels))
	})
}

// store has the series by their labels.
type store map[string]cluster.Series

func (s store) add(key string, metric model.Metric, at time.Time, v float64) {
	series, known := s[key]
	if !known {
		for name, value := range metric {
			series.Labels = append(series.Labels, cluster.Label{Name: string(name), Value: string(value)})
		}
		slices.SortFunc(series.Labels, func(x, y cluster.Label) int { return cmp.Compare(x.Name, y.Name) })
	}
	series.Samples = append(series.Samples, cluster.Sample{T: at.UnixMilli(), V: v})
	s[key] = series
}

func (e *exporter) scrape(t *testing.T, s store) {
	answer := httptest.NewRecorder()
	e.metrics.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, slices.Collect(maps.Values(families))...)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]float64{"up": 1, "scrape_duration_seconds": 0.002} {
		samples = append(samples, &model.Sample{Metric: model.Metric{model.MetricNameLabel: model.LabelValue(name)}, Value: model.SampleValue(v)})
	}
	now, last := time.Now(), e.shown
	e.shown = map[string]bool{}
	for _, sample := range samples {
		sample.Metric["job"], sample.Metric["instance"] = "seldon-prometheus-exporter", model.LabelValue(e.instance)
		key := sample.Metric.String()
		e.shown[key] = true
		s.add(key, sample.Metric, now, float64(sample.Value))
	}
	for key := range last {
		if !e.shown[key] {
			s.add(key, nil, now, cluster.StaleNaN())
		}
	}
}

// end stops the exporter. Its target vanishes with it.
func (e *exporter) end(s store) {
	e.stop()
	<-e.ended
	for key := range e.shown {
		s.add(key, nil, time.Now(), cluster.StaleNaN())
	}
}
