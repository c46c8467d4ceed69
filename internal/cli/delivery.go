package cli

import (
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/version"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
)

// newWriter returns what delivers windows to cfg.RemoteWrite's receiver.
func newWriter(cfg *config.Config, log *slog.Logger, reg prometheus.Registerer) (*remotewrite.Writer, error) {
	rw, userAgent := cfg.RemoteWrite, config.Name+"/"+version.Version
	// What it asks is next to nothing, and is not counted with what windows cost.
	query, err := promapi.New(promapi.Config{
		URL:            rw.Query.URL,
		HTTP:           rw.Query.HTTP,
		Timeout:        cfg.Query.Timeout,
		MaxAnswerBytes: cfg.Query.MaxAnswerBytes,
		MaxSamples:     cfg.Query.MaxSamples,
		Concurrency:    1,
		UserAgent:      userAgent,
		Log:            log,
	}, prometheus.NewRegistry())
	if err != nil {
		return nil, fmt.Errorf("the HTTP settings for reading what was delivered cannot be used: %w: mend --remote-write.config-file", err)
	}
	writer, err := remotewrite.New(remotewrite.Config{
		URL:       rw.Receiver.URL,
		HTTP:      rw.Receiver.HTTP,
		Timeout:   rw.Timeout,
		Message:   rw.Message,
		UserAgent: userAgent,
		Query:     query,
		Period:    cfg.Period,
		Labels:    rw.Labels,
		Shard:     cfg.Shard,
		Kinds:     cfg.OwnKinds(),
	}, reg)
	if err != nil {
		return nil, fmt.Errorf("the HTTP settings for the remote-write receiver cannot be used: %w: mend --remote-write.config-file", err)
	}
	return writer, nil
}
