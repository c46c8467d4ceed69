package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/schollz/progressbar/v3"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/backfill"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/doctor"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// examine checks what the exporter needs, and prints what was found.
func examine(ctx context.Context, s *session) error {
	announce, done := func(string) {}, func() {}
	if !s.log.Enabled(ctx, slog.LevelDebug) {
		s.log = slog.New(slog.DiscardHandler) // what would be logged is among the findings
		if backfill.IsTerminal(s.stderr) {
			announce, done = spinner(s.stderr)
		}
	}
	client, err := s.upstream(prometheus.NewRegistry())
	if err != nil {
		return err
	}
	cfg, err := s.doctor(client, s.downsampler(client))
	if err != nil {
		return err
	}
	report, err := doctor.Run(ctx, cfg, announce)
	done()
	if err != nil {
		return err
	}
	if s.Doctor.JSON {
		err = report.JSON(s.stdout)
	} else {
		err = s.printReport(report)
	}
	if failed := report.Failed(); len(failed) > 0 && err == nil {
		return fmt.Errorf("checks that failed: %s", strings.Join(failed, ", "))
	}
	return err
}

// printReport prints a report, in colors on a terminal. Its text has no control characters.
func (s *session) printReport(report *doctor.Report) error {
	var style doctor.Style
	if out, ok := s.stdout.(*output); ok && out.terminal && !s.Doctor.NoColor {
		out.terminal, style.Color = false, true
	}
	return report.Text(s.stdout, style)
}

// doctor returns what the checks work with. They may write to the receiver.
func (s *session) doctor(client *promapi.Client, downsampler *downsample.Downsampler) (doctor.Config, error) {
	cfg := doctor.Config{
		Server:   client,
		Surveyor: downsampler,
		Stored:   client,
		MayWrite: true,
		ReadBy:   downsampler.Fetcher.Transport,
		Remedy:   s.remedy,
		Named:    s.Named,
		Now:      time.Now,

		URL:          s.Prometheus.Redacted(),
		Credentials:  s.Prometheus.HTTP.Authorization != nil || s.Prometheus.HTTP.BasicAuth != nil || s.Prometheus.HTTP.OAuth2 != nil,
		Unverified:   s.Prometheus.HTTP.TLSConfig.InsecureSkipVerify,
		Transport:    s.Query.Transport,
		Period:       s.Period,
		SettleDelay:  s.SettleDelay,
		CatchUp:      s.CatchUp,
		Table:        metric.Default(),
		Kinds:        s.Kinds,
		ClusterLabel: s.ClusterLabel,
		Upstream:     s.Upstream,
	}
	if s.RemoteWrite.Receiver.URL == nil {
		return cfg, nil
	}
	stored, err := s.delivered()
	if err != nil {
		return cfg, err
	}
	cfg.Stored = stored
	if cfg.Receiver, err = s.writer(prometheus.NewRegistry()); err != nil {
		return cfg, err
	}
	return cfg, nil
}

// spinner shows which check is being made, until it is done.
func spinner(out io.Writer) (announce func(name string), done func()) {
	bar := progressbar.NewOptions(len(doctor.Checks()),
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetWidth(20),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
	)
	return func(name string) {
		bar.Describe(fmt.Sprintf("%-20s", name))
		_ = bar.Add(1)
	}, func() { _ = bar.Clear() }
}
