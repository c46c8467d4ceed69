package cli

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/explain"
)

// explainModel prints what one model's values of a window are made of.
func explainModel(ctx context.Context, cfg *config.Config, log *slog.Logger, stdout io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	w, err := settled(cfg.Explain.End, cfg)
	if err != nil {
		return err
	}
	downsampler, err := newDownsampler(cfg, log, prometheus.NewRegistry())
	if err != nil {
		return err
	}
	x, err := downsampler.Explain(ctx, w, cfg.Explain.Model)
	if err != nil {
		return err
	}
	if cfg.Explain.JSON {
		return explain.JSON(stdout, x, cfg.Explain.Metrics)
	}
	return explain.Text(stdout, x, cfg.Explain.Metrics)
}
