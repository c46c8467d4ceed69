// Package cli is the command line: what each command does, made of the other packages.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// Run is the whole program: it does what the command line asks for. An error is for Exit.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	cfg, err := config.Load(args, stdout)
	if errors.Is(err, config.ErrShown) {
		return nil
	}
	if err != nil {
		return err
	}
	cfg.Log.Writer = stderr
	log := promslog.New(cfg.Log)
	switch cfg.Command {
	case config.ComputeOnce:
		return once(ctx, cfg, log, stdout)
	case config.ExplainModel:
		return explainModel(ctx, cfg, log, stdout)
	case config.Backfill:
		return computePast(ctx, cfg, log, stdin, stdout, stderr)
	}
	return serve(ctx, cfg, log)
}

// Exit reports an error of Run, and returns the exit code: 1 for a failure, 2 for a command
// line that cannot be understood.
func Exit(err error, stderr io.Writer) int {
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
		Concurrency:    cfg.Query.Concurrency,
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
		Upstream:    client,
		Kinds:       cfg.Kinds,
		Shard:       cfg.Shard,
		Concurrency: cfg.Query.Concurrency,
		MaxSamples:  cfg.Query.MaxSamplesPerWindow,
		Log:         log,
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
