package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/oklog/run"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/web"
)

// drainTime is how long scrapes may take to finish when the exporter stops.
const drainTime = 3 * time.Second

// serve computes windows and serves them until ctx is done.
func serve(ctx context.Context, s *session) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector("seldon_exporter"),
	)
	board := exposition.NewBoard(time.Now)
	if s.Timestamps {
		board = exposition.NewStampedBoard(time.Now)
	}
	board.Log = s.log
	reloader, err := newReloader(s, board, registry)
	if err != nil {
		return err
	}
	current := reloader.current.Load
	// Their families have different names: prometheus.Gatherers would look at each row for that.
	own := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		process, err := registry.Gather()
		upstreams, upstreamsErr := current().Gather()
		return append(process, upstreams...), errors.Join(err, upstreamsErr)
	})
	server := web.NewServer(web.Config{
		Metrics:   web.Metrics(own, registry, board, s.log),
		Ready:     func() bool { return current().ready() },
		Pages:     func() http.Handler { return current().pages },
		Lifecycle: func() bool { return current().Lifecycle },
		Reload:    reloader.Reload,
		Log:       s.log,
	})
	s.log.Info("Starting", append([]any{"program", config.Name, "version", version.Version, "revision", version.GetRevision()}, current().settings()...)...)

	computing, stop := context.WithCancel(ctx)
	var group run.Group
	group.Add(func() error {
		reloader.Run(computing, hangup)
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
