package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// server is a Prometheus in a process of its own, so that its CPU time is its own.
type server struct {
	version string
	url     *url.URL
	close   func() error
}

// serve is what the process of the current Prometheus does: it tells its address, and
// answers until it is told to end.
func serve(ctx context.Context, dir string) error {
	s, err := prom.Start(ctx, prom.Options{Dir: dir})
	if err != nil {
		return err
	}
	slog.New(slog.NewTextHandler(os.Stderr, nil)).Info("Listening on", "address", s.URL().Host)
	<-ctx.Done()
	return s.Close()
}

// startCurrent runs serve in a process of its own.
func startCurrent(ctx context.Context, dir string) (server, error) {
	self, err := os.Executable()
	if err != nil {
		return server{}, err
	}
	p, err := process.Start(process.Command{Path: self, Args: []string{"-serve", dir}})
	if err != nil {
		return server{}, err
	}
	address, err := p.Address(ctx)
	if err != nil {
		return server{}, errors.Join(err, p.Close())
	}
	return server{version: prom.Version, url: &url.URL{Scheme: "http", Host: address}, close: p.Close}, nil
}

// startDebian runs Debian's Prometheus over the same blocks.
func startDebian(ctx context.Context, dir string) (server, error) {
	cache, err := debian.CacheDir()
	if err != nil {
		return server{}, err
	}
	pkg, err := debian.Fetch(ctx, cache)
	if err != nil {
		return server{}, err
	}
	own, err := os.MkdirTemp(os.TempDir(), "cost-debian-")
	if err != nil {
		return server{}, err
	}
	if err := prom.LinkBlocks(own, dir); err != nil {
		return server{}, errors.Join(err, os.RemoveAll(own))
	}
	p, err := debian.Start(ctx, pkg, own)
	if err != nil {
		return server{}, errors.Join(err, os.RemoveAll(own))
	}
	stop := func() error { return errors.Join(p.Close(), os.RemoveAll(own)) }
	return server{version: pkg.Version, url: p.URL(), close: stop}, nil
}

// write stores the fixture; it takes memory that the measured process must not have had.
func write(ctx context.Context, dir string, s size) error {
	return accuracy.Store(ctx, dir, []accuracy.Placed{fixture(s)})
}

// cpu returns the CPU seconds that the server has used, as it tells itself.
func (s server) cpu(ctx context.Context) (float64, error) {
	const metric = "process_cpu_seconds_total"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url.JoinPath("metrics").String(), nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return 0, fmt.Errorf("metrics of Prometheus %s: %w", s.version, err)
	}
	family := families[metric]
	if family == nil {
		return 0, fmt.Errorf("the server, Prometheus %s, tells no %s on this system", s.version, metric)
	}
	return family.GetMetric()[0].GetCounter().GetValue(), nil
}
