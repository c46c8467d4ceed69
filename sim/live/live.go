// Package live runs the exporter's binary over a real Prometheus that watches a simulated
// cluster, in which time goes on.
package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// Options are what runs. Addresses are free ports of the loopback interface if they are not given.
type Options struct {
	Exporter    string // the binary
	Cluster     *cluster.History
	Past        time.Duration // of the cluster, which the Prometheus has from the start
	Period      time.Duration // TIME_PERIOD
	SettleDelay time.Duration
	Scrape      time.Duration // how often the Prometheus scrapes the exporter; 0 is never
	Flags       []string      // further ones of the exporter
	Unreachable bool          // the exporter asks where no Prometheus answers
	Upstreams   []string      // names: the first is the Prometheus, the others do not answer; none for one without a name
	RemoteWrite bool          // the exporter delivers windows to the Prometheus

	PrometheusAddress, ExporterAddress string

	Index func(exporter string) http.Handler // what the Prometheus serves at /
}

// System is what runs.
type System struct {
	Options
	Prometheus *prom.Server
	Exporter   *process.Process

	dir     string
	origin  time.Time
	scraper *cluster.Scraper
}

// Start writes the past into a Prometheus, and starts the exporter over it. Close ends both.
func Start(ctx context.Context, o Options) (_ *System, err error) {
	for _, address := range []*string{&o.PrometheusAddress, &o.ExporterAddress} {
		if *address == "" {
			if *address, err = freeAddress(ctx); err != nil {
				return nil, err
			}
		}
	}
	s := &System{Options: o, origin: time.Now().Add(-o.Past)}
	if s.dir, err = os.MkdirTemp("", "live-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.scraper = cluster.NewScraper(o.Cluster, s.origin, 0)
	if err := prom.WriteBlock(ctx, s.dir, s.scraper.Scrape(o.Past)); err != nil {
		return nil, err
	}
	options := prom.Options{Dir: s.dir, Address: o.PrometheusAddress, OutOfOrder: o.Past + time.Hour}
	if o.Scrape > 0 {
		options.Scrape = []prom.Target{{Job: job, Address: o.ExporterAddress, Interval: o.Scrape}}
	}
	if o.Index != nil {
		options.Index = o.Index(o.ExporterAddress)
	}
	if s.Prometheus, err = prom.Start(ctx, options); err != nil {
		return nil, err
	}
	if len(o.Upstreams) > 0 {
		if err := s.listUpstreams(); err != nil {
			return nil, err
		}
	}
	s.Exporter, err = process.Start(process.Command{Path: o.Exporter, Args: s.flags()})
	if err != nil {
		return nil, fmt.Errorf("start the exporter: %w", err)
	}
	return s, nil
}

// common returns the flags of every command.
func (s *System) common() []string {
	upstream := "--prometheus.url=" + s.Prometheus.URL().String()
	switch {
	case s.Unreachable:
		upstream = "--prometheus.url=" + nowhere
	case len(s.Upstreams) > 0:
		upstream = "--config.file=" + s.upstreamsFile()
	}
	return []string{
		upstream,
		"--time-period=" + model.Duration(s.Period).String(),
		"--settle-delay=" + model.Duration(s.SettleDelay).String(),
	}
}

// nowhere is the URL of no server.
const nowhere = "http://127.0.0.1:1"

func (s *System) upstreamsFile() string { return filepath.Join(s.dir, "upstreams.yml") }

// listUpstreams writes the file that lists several upstreams.
func (s *System) listUpstreams() error {
	text := "upstreams:\n"
	for i, name := range s.Upstreams {
		at := fmt.Sprintf("%s/%d", nowhere, i)
		if i == 0 {
			at = s.Prometheus.URL().String()
		}
		text += fmt.Sprintf("- {name: %q, prometheus: {url: %q}}\n", name, at)
	}
	return os.WriteFile(s.upstreamsFile(), []byte(text), 0o600)
}

func (s *System) flags() []string {
	all := append(s.common(), "--web.listen-address="+s.ExporterAddress)
	if s.RemoteWrite {
		all = append(all, "--remote-write.url="+s.receiver())
	}
	return append(all, s.Flags...)
}

func (s *System) receiver() string { return s.Prometheus.URL().JoinPath("/api/v1/write").String() }

// URL returns where the exporter answers.
func (s *System) URL() string { return "http://" + s.ExporterAddress }

// Advance lets the Prometheus have what happened in the cluster until now.
func (s *System) Advance(ctx context.Context) error {
	return s.Prometheus.Append(ctx, s.scraper.Scrape(time.Since(s.origin)))
}

// Ready waits until the exporter has computed a window.
func (s *System) Ready(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/-/ready", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-s.Exporter.Done():
			return fmt.Errorf("the exporter: %w", s.Exporter.Err())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close ends the exporter and the Prometheus, and removes what they had stored.
func (s *System) Close() error {
	var errs []error
	if s.Exporter != nil {
		errs = append(errs, s.Exporter.Close())
	}
	if s.Prometheus != nil {
		errs = append(errs, s.Prometheus.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

func freeAddress(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
