// Seldon Prometheus Exporter reads from a Prometheus what each model's pods used during
// every period, and exposes the averages as seven small metrics.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

func main() {
	nameBuild()
	os.Exit(start(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// start is the whole program. It returns the exit code: 1 for a failure, 2 for a
// command line that cannot be understood.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cfg, err := config.Load(args, stdout)
	if errors.Is(err, config.ErrShown) {
		return 0
	}
	if err == nil {
		cfg.Log.Writer = stderr
		log := promslog.New(cfg.Log)
		switch cfg.Command {
		case config.ComputeOnce:
			err = once(ctx, cfg, log, stdout)
		case config.ExplainModel:
			err = explainModel(ctx, cfg, log, stdout)
		case config.Backfill:
			err = computePast(ctx, cfg, log, stdout, stderr)
		default:
			err = serve(ctx, cfg, log)
		}
	}
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "%s: %s\n", config.Name, strings.TrimRight(line, "\n"))
	}
	if _, usage := errors.AsType[*config.UsageError](err); usage {
		return 2
	}
	return 1
}

// newDownsampler returns what computes windows from the Prometheus that is read.
func newDownsampler(cfg *config.Config, log *slog.Logger, reg prometheus.Registerer) (*downsample.Downsampler, error) {
	client, err := promapi.New(promapi.Config{
		URL:            cfg.Prometheus.URL,
		HTTP:           cfg.Prometheus.HTTP,
		Timeout:        cfg.Query.Timeout,
		MaxAnswerBytes: cfg.Query.MaxAnswerBytes,
		Compress:       cfg.Query.Compress,
		MaxSamples:     cfg.Query.MaxSamples,
		UserAgent:      config.Name + "/" + version.Version,
		Log:            log,
	}, reg)
	if err != nil {
		return nil, fmt.Errorf("the HTTP settings for the Prometheus cannot be used: %w: mend --prometheus.config-file", err)
	}
	if cfg.Prometheus.HTTP.TLSConfig.InsecureSkipVerify {
		log.Warn("The Prometheus' TLS certificate is not verified: who can intercept the connection can read the credentials")
	}
	return downsample.New(downsample.Config{
		Fetcher: fetch.New(fetch.Config{
			API:         client,
			Transport:   fetch.Auto,
			Concurrency: cfg.Query.Concurrency,
			MaxSamples:  cfg.Query.MaxSamples,
			Budget:      cfg.Query.MaxSamplesPerWindow,
			Now:         time.Now,
			Log:         log,
		}),
		Table: metric.Default(),
		Kinds: cfg.Kinds,
		Shard: cfg.Shard,
		Log:   log,
	}), nil
}

// settled returns the window that ends at a moment, or the newest settled one for the zero
// moment. What is not settled is not computed.
func settled(end time.Time, cfg *config.Config) (window.Window, error) {
	newest := window.Settled(time.Now(), cfg.Period, cfg.SettleDelay)
	if end.IsZero() {
		return newest, nil
	}
	w := window.Containing(end, cfg.Period).Previous()
	if w.End.After(newest.End) {
		return w, fmt.Errorf("the window %s is not settled yet: choose %s or an earlier end", w, newest.End.Format(time.RFC3339))
	}
	return w, nil
}
