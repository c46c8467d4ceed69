package web

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// manyModels is the size of a large cluster: 70,000 series.
const manyModels = 10_000

// many returns the averages of a large cluster. Every value has all its digits.
func many(models int) *ledger.Averages {
	a := averages(window.Window{Start: noon.Add(-time.Hour), End: noon})
	for i := range models {
		m := ledger.Model{Model: workload.Model{
			Namespace: fmt.Sprintf("team-%02d", i/100), Type: "SeldonDeployment", Name: fmt.Sprintf("income-classifier-%05d", i),
		}}
		for n := range a.Metrics {
			m.Values = append(m.Values, metric.Value{V: float64(i+1) / float64(n+3) / 7, OK: true})
		}
		a.Models = append(a.Models, m)
	}
	return a
}

// ownMetrics is a registry as the exporter's is.
func ownMetrics() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	factory := promauto.With(reg)
	requests := factory.NewCounterVec(prometheus.CounterOpts{Name: "own_requests_total", Help: "Requests."}, []string{"code"})
	for code := range 20 {
		requests.WithLabelValues(fmt.Sprint(code)).Inc()
	}
	factory.NewHistogram(prometheus.HistogramOpts{Name: "own_duration_seconds", Help: "Durations."}).Observe(1)
	return reg
}

// exporter is a handler, and a function that gives it a window's averages.
type exporter struct {
	http.Handler
	refresh func(*ledger.Averages) error
}

// ourExporter is built like this exporter.
func ourExporter() exporter {
	board := exposition.NewBoard(func() time.Time { return noon })
	return exporter{
		Metrics(ownMetrics(), prometheus.NewRegistry(), board, slog.New(slog.DiscardHandler)),
		func(a *ledger.Averages) error {
			p, err := exposition.Encode(a, noon.Add(time.Hour))
			if err == nil {
				board.Slot("").Publish(p)
			}
			return err
		},
	}
}

// usualExporter is built like most exporters, of vectors of gauges.
func usualExporter() exporter {
	reg := ownMetrics()
	var vectors []*prometheus.GaugeVec
	for _, m := range metric.Default().Metrics {
		vectors = append(vectors, promauto.With(reg).NewGaugeVec(prometheus.GaugeOpts{Name: m.Name, Help: m.Help}, []string{"namespace", "type", "name"}))
	}
	return exporter{
		promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true, Registry: reg}),
		func(a *ledger.Averages) error {
			for n, vector := range vectors {
				vector.Reset() // models come and go
				for _, m := range a.Models {
					vector.WithLabelValues(m.Namespace, m.Type, m.Name).Set(m.Values[n].V)
				}
			}
			return nil
		},
	}
}

// exporters are the exporters to compare.
func exporters() map[string]func() exporter {
	return map[string]func() exporter{"ours": ourExporter, "promhttp": usualExporter}
}

// contenders runs a benchmark for each exporter in each form.
func contenders(b *testing.B, run func(b *testing.B, h http.Handler, header http.Header)) {
	a := many(manyModels)
	for _, name := range []string{"ours", "promhttp"} {
		e := exporters()[name]()
		if err := e.refresh(a); err != nil {
			b.Fatal(err)
		}
		for _, format := range []struct{ name, accept string }{
			{"text", accepts["text"]}, {"openmetrics", accepts["Prometheus 3"]}, {"protobuf", accepts["native histograms"]},
		} {
			for _, encoding := range []string{"identity", "gzip", "zstd"} {
				header := http.Header{"Accept": {format.accept}, "Accept-Encoding": {encoding}}
				b.Run(name+"/"+format.name+"/"+encoding, func(b *testing.B) {
					scrape(e, http.MethodGet, "/metrics", header) // BenchmarkFirstScrape measures the first one
					b.ReportAllocs()
					run(b, e, header)
				})
			}
		}
	}
}

// BenchmarkScrape measures an answer without a network.
func BenchmarkScrape(b *testing.B) {
	contenders(b, func(b *testing.B, h http.Handler, header http.Header) {
		w := &nowhere{header: http.Header{}}
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header = header
		for b.Loop() {
			clear(w.header)
			h.ServeHTTP(w, r)
		}
	})
}

// BenchmarkScrapers measures a hundred scrapers at the same time.
func BenchmarkScrapers(b *testing.B) {
	contenders(b, func(b *testing.B, h http.Handler, header http.Header) {
		b.SetParallelism(100)
		b.RunParallel(func(pb *testing.PB) {
			w := &nowhere{header: http.Header{}}
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header = header
			for pb.Next() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	})
}

// BenchmarkScrapeOverHTTP also has a client, which reads the answer without decompressing it.
func BenchmarkScrapeOverHTTP(b *testing.B) {
	contenders(b, func(b *testing.B, h http.Handler, header http.Header) {
		server := httptest.NewServer(h)
		defer server.Close()
		for b.Loop() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header = header
			resp, err := server.Client().Do(r)
			if err != nil {
				b.Fatal(err)
			}
			n, err := io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK {
				b.Fatalf("answered %s, %v", resp.Status, err)
			}
			b.SetBytes(n)
		}
	})
}

// BenchmarkFirstScrape has a new page each time: it measures the cost of a window.
func BenchmarkFirstScrape(b *testing.B) {
	a, e := many(manyModels), ourExporter()
	for _, encoding := range []string{"identity", "gzip", "zstd"} {
		b.Run(encoding, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header.Set("Accept-Encoding", encoding)
			for b.Loop() {
				if err := e.refresh(a); err != nil {
					b.Fatal(err)
				}
				e.ServeHTTP(&nowhere{header: http.Header{}}, r)
			}
		})
	}
}

// nowhere is an infinitely fast client.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(int)             {}
