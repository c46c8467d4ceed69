package cli

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/oklog/run"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/web"
)

// drainTime is what scrapes under way are given when the exporter is told to stop.
const drainTime = 3 * time.Second

// serve computes windows and serves them until ctx is done or a signal says so.
func serve(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector("seldon_exporter"),
	)
	downsampler, err := newDownsampler(cfg, log, registry)
	if err != nil {
		return err
	}
	var deliverer schedule.Deliverer
	if cfg.RemoteWrite.Receiver.URL != nil {
		if deliverer, err = newWriter(cfg, log, registry); err != nil {
			return err
		}
	}
	board := exposition.NewBoard(time.Now)
	if cfg.Timestamps {
		board = exposition.NewStampedBoard(time.Now)
	}
	loop := schedule.New(schedule.Config{
		Computer:    downsampler,
		Board:       board,
		Deliverer:   deliverer,
		Period:      cfg.Period,
		SettleDelay: cfg.SettleDelay,
		MaxAge:      cfg.CatchUp,
		Random:      rand.Float64,
		Now:         time.Now,
		Log:         log,
		Registerer:  registry,
	})
	server := web.NewServer(web.Config{
		Metrics: web.Metrics(registry, board, log),
		Ready:   func() bool { return loop.Status().Ready },
		Landing: func() web.Landing { return landing(cfg, board.Page(), loop.Status()) },
		Log:     log,
	})
	listeners, err := web.Listen(ctx, cfg.Web, cfg.ListenName)
	if err != nil {
		return err
	}

	log.Info("Starting", "program", config.Name, "version", version.Version, "revision", version.GetRevision(),
		"prometheus", cfg.Prometheus.Redacted(), "period", model.Duration(cfg.Period),
		"settle_delay", model.Duration(cfg.SettleDelay), "kinds", cfg.KindNames(), "shard", cfg.Shard)

	var group run.Group
	group.Add(run.SignalHandler(ctx, os.Interrupt, syscall.SIGTERM))
	computing, stopComputing := context.WithCancel(ctx)
	group.Add(func() error {
		loop.Run(computing)
		return nil
	}, func(error) { stopComputing() })
	group.Add(func() error {
		return toolkit.ServeMultiple(listeners, server, cfg.Web, log)
	}, func(error) { drain(server) })

	err = group.Run()
	if errors.Is(err, run.ErrSignal) || ctx.Err() != nil {
		log.Info("Stopped", "reason", err)
		return nil
	}
	return err
}

// drain ends a server within drainTime, whatever its clients do.
func drain(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close() // cuts off who has not left
	}
}
