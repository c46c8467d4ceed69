package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd" // offers the encoding
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// reference is what the process of the reference does: it takes the models' series from
// an exporter once, and serves the same as most programs would, by client_golang.
func reference(ctx context.Context, from string) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := adopt(ctx, from, registry); err != nil {
		return fmt.Errorf("take over the series of %s: %w", from, err)
	}
	if err := forgetPeak(); err != nil { // that of reading them
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	logAddress(l.Addr().String())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// adopt registers the seven metrics with the values that an exporter has.
func adopt(ctx context.Context, from string, registry *prometheus.Registry) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return err
	}
	for metric := range cluster.NumMetrics {
		family := families[metric.String()]
		gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: metric.String(), Help: family.GetHelp()},
			[]string{"name", "namespace", "type"})
		for _, m := range family.GetMetric() {
			labels := prometheus.Labels{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			gauge.With(labels).Set(m.GetGauge().GetValue())
		}
		if err := registry.Register(gauge); err != nil {
			return err
		}
	}
	return nil
}

// forgetPeak lets the peak of memory begin anew, at what is needed now.
func forgetPeak() error {
	debug.FreeOSMemory()
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}
