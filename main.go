// Seldon Prometheus Exporter reads from a Prometheus what each model's pods used during
// every period, and exposes the averages as seven small metrics.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/oklog/run"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/web"
)

// drainTime is what scrapes under way are given when the exporter is told to stop.
const drainTime = 3 * time.Second

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
		err = serve(ctx, cfg, stderr)
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

// serve computes windows and serves them until ctx is done or a signal says so.
func serve(ctx context.Context, cfg *config.Config, stderr io.Writer) error {
	cfg.Log.Writer = stderr
	log := promslog.New(cfg.Log)

	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector("seldon_exporter"),
	)
	client, err := upstream.New(upstream.Config{
		URL:            cfg.Prometheus.URL,
		HTTP:           cfg.Prometheus.HTTP,
		Timeout:        cfg.Query.Timeout,
		MaxAnswerBytes: cfg.Query.MaxAnswerBytes,
		MaxSamples:     cfg.Query.MaxSamples,
		Concurrency:    cfg.Query.Concurrency,
		UserAgent:      config.Name + "/" + version.Version,
		Log:            log,
	}, registry)
	if err != nil {
		return fmt.Errorf("the HTTP settings for the Prometheus cannot be used: %w: mend --prometheus.config-file", err)
	}
	board := exposition.NewBoard(time.Now)
	loop := schedule.New(schedule.Config{
		Computer:    downsample.New(downsample.Config{Upstream: client, Kinds: cfg.Kinds, Log: log}),
		Board:       board,
		Period:      cfg.Period,
		SettleDelay: cfg.SettleDelay,
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
		"settle_delay", model.Duration(cfg.SettleDelay), "kinds", cfg.KindNames())
	if cfg.Prometheus.HTTP.TLSConfig.InsecureSkipVerify {
		log.Warn("The Prometheus' TLS certificate is not verified: who can intercept the connection can read the credentials")
	}

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
