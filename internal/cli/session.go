package cli

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/version"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// session is what a command needs to run.
type session struct {
	*config.Config
	log            *slog.Logger
	load           func() (*config.Config, error) // reads the settings again
	stdin          io.Reader
	stdout, stderr io.Writer
}

// of returns a session of the settings of one upstream.
func (s *session) of(cfg *config.Config) *session {
	one := *s
	one.Config = cfg
	if cfg.Upstream != "" {
		one.log = s.log.With("upstream", cfg.Upstream)
	}
	return &one
}

// settled returns the window that ends at a time, or the newest settled one for the zero time.
// A window that has not settled is an error.
func (s *session) settled(end time.Time) (window.Window, error) {
	newest := window.Settled(time.Now(), s.Period, s.SettleDelay)
	if end.IsZero() {
		return newest, nil
	}
	w := window.Containing(end, s.Period).Previous()
	if w.End.After(newest.End) {
		return w, fmt.Errorf("the window %s is not settled yet: choose %s or an earlier end", w, newest.End.Format(time.RFC3339))
	}
	return w, nil
}

// client returns a client of a Prometheus.
func (s *session) client(of config.Prometheus, engine string, reg prometheus.Registerer) (*promapi.Client, error) {
	return promapi.New(promapi.Config{
		URL:            of.URL,
		HTTP:           of.HTTP,
		Timeout:        s.Query.Timeout,
		MaxAnswerBytes: s.Query.MaxAnswerBytes,
		Compress:       s.Query.Compress,
		Engine:         engine,
		UserAgent:      userAgent(),
		Log:            s.log,
	}, reg)
}

func userAgent() string { return config.Name + "/" + version.Version }

// upstream returns the client of the Prometheus that is read.
func (s *session) upstream(reg prometheus.Registerer) (*promapi.Client, error) {
	client, err := s.client(s.Prometheus, s.Query.Engine, reg)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used: %w", s.SettingName("prometheus.config-file"), err)
	}
	if s.Prometheus.HTTP.TLSConfig.InsecureSkipVerify {
		s.log.Warn("The TLS certificate of the Prometheus is not verified: anyone who can intercept the connection can read the credentials")
	}
	return client, nil
}

// downsampler returns a Downsampler that reads with a client.
func (s *session) downsampler(client *promapi.Client) *downsample.Downsampler {
	return downsample.New(downsample.Config{
		Fetcher: fetch.New(fetch.Config{
			API:            client,
			Transport:      fetch.Transport(s.Query.Transport),
			Concurrency:    s.Query.Concurrency,
			MaxSamples:     s.Query.MaxSamples,
			MaxAnswerBytes: s.Query.MaxAnswerBytes,
			Budget:         s.Query.MaxSamplesPerWindow,
			Now:            time.Now,
			Log:            s.log,
		}),
		Table:        metric.Default(),
		Kinds:        s.Kinds,
		ClusterLabel: s.ClusterLabel,
		Upstream:     s.Upstream,
		Shard:        s.Shard,
		Sources:      s.Sources,
		Log:          s.log,
	})
}

// cluster returns the cluster of all models, "" if they have none or a label says it.
func (s *session) cluster() string {
	if s.ClusterLabel != "" {
		return ""
	}
	return s.Upstream
}

// delivered returns a client of the Prometheus that has the delivered windows. Its few requests
// are not counted with those for windows.
func (s *session) delivered() (*promapi.Client, error) {
	client, err := s.client(s.RemoteWrite.Query, promapi.Auto, prometheus.NewRegistry())
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used to read delivered windows: %w", s.SettingName("remote-write.config-file"), err)
	}
	return client, nil
}

// writer returns a Writer that delivers windows to the remote-write receiver.
func (s *session) writer(reg prometheus.Registerer) (*remotewrite.Writer, error) {
	rw := s.RemoteWrite
	query, err := s.delivered()
	if err != nil {
		return nil, err
	}
	writer, err := remotewrite.New(remotewrite.Config{
		URL:       rw.Receiver.URL,
		HTTP:      rw.Receiver.HTTP,
		Timeout:   rw.Timeout,
		Message:   rw.Message,
		UserAgent: userAgent(),
		Query:     query,
		Upstream:  s.Upstream,
		Period:    s.Period,
		Labels:    rw.Labels,
		Shard:     s.Shard,
		Kinds:     s.OwnKinds(),
		Table:     metric.Default(),
		Clusters:  s.Clusters(),
		Cluster:   s.cluster(),
	}, reg)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used: %w", s.SettingName("remote-write.config-file"), err)
	}
	return writer, nil
}
