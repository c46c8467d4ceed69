package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
)

// reloader runs the service of the current settings, and replaces it when the settings were
// read again. No two services run at the same time.
type reloader struct {
	board    *exposition.Board
	current  atomic.Pointer[service]
	requests chan chan error

	successful    prometheus.Gauge
	lastSucceeded prometheus.Gauge
}

// newReloader returns a reloader that runs the service of a session first.
func newReloader(s *session, board *exposition.Board, reg prometheus.Registerer) (*reloader, error) {
	first, err := s.service(board, nil)
	if err != nil {
		return nil, err
	}
	factory := promauto.With(reg)
	r := &reloader{
		board: board, requests: make(chan chan error),
		successful: factory.NewGauge(prometheus.GaugeOpts{
			Name: "seldon_exporter_config_last_reload_successful",
			Help: "Whether the settings could be used when they were read last.",
		}),
		lastSucceeded: factory.NewGauge(prometheus.GaugeOpts{
			Name: "seldon_exporter_config_last_reload_success_timestamp_seconds",
			Help: "When settings that can be used were read last.",
		}),
	}
	first.follow(nil)
	r.current.Store(first)
	r.succeeded()
	return r, nil
}

func (r *reloader) succeeded() {
	r.successful.Set(1)
	r.lastSucceeded.Set(float64(time.Now().UnixMilli()) / 1e3)
}

// Reload reads the settings again and waits until they are used. The error says why they are
// not.
func (r *reloader) Reload(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case r.requests <- answer:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run runs services until ctx is done. A hangup asks for a reload, too.
func (r *reloader) Run(ctx context.Context, hangup <-chan os.Signal) {
	for ctx.Err() == nil {
		running, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.current.Load().run(running)
		}()
		next, answer := r.await(ctx, hangup)
		stop()
		<-ended
		if next != nil {
			r.replace(next)
			answer <- nil
		}
	}
}

// await waits for settings that can be used and differ from the current ones, or until ctx is
// done, when it returns nil. Whoever asked for them waits for an answer.
func (r *reloader) await(ctx context.Context, hangup <-chan os.Signal) (*service, chan<- error) {
	for {
		answer := make(chan error, 1)
		select {
		case <-ctx.Done():
			return nil, nil
		case <-hangup:
		case answer = <-r.requests:
		}
		next, err := r.read()
		if next != nil {
			return next, answer
		}
		answer <- err
	}
}

// read reads the settings again. It returns nil if the current service is to stay.
func (r *reloader) read() (*service, error) {
	s := r.current.Load()
	next, err := r.prepare(s)
	if err != nil {
		r.successful.Set(0)
		s.log.Error("Settings cannot be used: the ones before stay", "err", strings.ReplaceAll(err.Error(), "\n", "; "))
		return nil, err
	}
	r.succeeded()
	if next == nil {
		s.log.Info("Settings were read again and are the same")
	}
	return next, nil
}

// prepare builds a service of the settings as they are now, or returns nil if they are the same.
func (r *reloader) prepare(s *service) (*service, error) {
	cfg, err := s.load()
	if err != nil {
		return nil, err
	}
	if names := s.NeedsRestart(cfg); len(names) > 0 {
		return nil, fmt.Errorf("%s cannot change while the exporter runs: restart it, or undo the change", strings.Join(names, ", "))
	}
	if s.Equal(cfg) {
		return nil, nil
	}
	after := *s.session
	level := cfg.Log.Level.String()
	cfg.Log = s.Log // its level is that of every logger
	after.Config = cfg
	next, err := after.service(r.board, s)
	if err == nil {
		err = s.Log.Level.Set(level)
	}
	return next, err
}

// replace lets a service take the place of the current one, which has stopped.
func (r *reloader) replace(next *service) {
	next.follow(r.current.Load())
	r.current.Store(next)
	next.log.Info("Settings were read again", next.settings()...)
}
