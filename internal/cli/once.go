package cli

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
)

// once computes one window, and prints it.
func once(ctx context.Context, cfg *config.Config, log *slog.Logger, stdout io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	w, err := settled(cfg.Once.End, cfg)
	if err != nil {
		return err
	}
	downsampler, err := newDownsampler(cfg, log, prometheus.NewRegistry())
	if err != nil {
		return err
	}
	began := time.Now()
	averages, err := downsampler.Compute(ctx, w)
	if err != nil {
		return err
	}
	page, err := exposition.Encode(averages, w.Next().End)
	if err != nil {
		return err
	}
	for family := range page.Families() {
		if _, err := expfmt.MetricFamilyToText(stdout, family); err != nil {
			return err
		}
	}
	log.Info("Window computed", "window", w.String(), "models", len(averages.Models), "queries", averages.Cost.Queries, "duration", time.Since(began).String())
	return nil
}
