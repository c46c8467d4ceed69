package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
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

// drainTime is how long scrapes may take to finish when the exporter stops.
const drainTime = 3 * time.Second

// serve computes windows and serves them until ctx is done.
func serve(ctx context.Context, s *session) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector("seldon_exporter"),
	)
	client, err := s.upstream(registry)
	if err != nil {
		return err
	}
	var deliverer schedule.Deliverer
	if s.RemoteWrite.Receiver.URL != nil {
		writer, err := s.writer(registry)
		if err != nil {
			return err
		}
		deliverer = advisedDeliverer{writer, s}
	}
	board := exposition.NewBoard(time.Now)
	if s.Timestamps {
		board = exposition.NewStampedBoard(time.Now)
	}
	downsampler := s.downsampler(client)
	loop := schedule.New(schedule.Config{
		Computer:    advisedComputer{downsampler, s},
		Board:       board,
		Deliverer:   deliverer,
		Period:      s.Period,
		SettleDelay: s.SettleDelay,
		MaxAge:      s.CatchUp,
		Random:      rand.Float64,
		Now:         time.Now,
		ServerNow:   client.ServerNow,
		Log:         s.log,
		Registerer:  registry,
	})
	var people http.Handler
	if s.Pages {
		if people, err = s.pages(board, loop, downsampler); err != nil {
			return err
		}
	}
	server := web.NewServer(web.Config{
		Metrics: web.Metrics(registry, board, s.log),
		Ready:   func() bool { return loop.Status().Ready },
		Pages:   people,
		Log:     s.log,
	})
	s.log.Info("Starting", "program", config.Name, "version", version.Version, "revision", version.GetRevision(),
		"prometheus", s.Prometheus.Redacted(), "period", model.Duration(s.Period),
		"settle_delay", model.Duration(s.SettleDelay), "kinds", s.KindNames(), "shard", s.Shard.String())

	computing, stop := context.WithCancel(ctx)
	var group run.Group
	group.Add(func() error {
		loop.Run(computing)
		return nil
	}, func(error) { stop() })
	group.Add(func() error {
		return s.listenError(toolkit.ListenAndServe(server, s.Web, s.log))
	}, func(error) { drain(server) })
	if err := group.Run(); err != nil {
		return err
	}
	s.log.Info("Stopped", "reason", context.Cause(ctx))
	return nil
}

// listenError adds the setting to change.
func (s *session) listenError(err error) error {
	if *s.Web.WebSystemdSocket {
		return fmt.Errorf("%s: %w: start the exporter by a .socket unit", s.SettingName("web.systemd-socket"), err)
	}
	return fmt.Errorf("%s: %w: choose another address", s.SettingName("web.listen-address"), err)
}

// drain stops a server within drainTime.
func drain(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close() // closes the remaining connections
	}
}
