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
)

// reloader runs the pipeline of the current settings, and replaces it when the settings were
// read again. No two pipelines run at the same time.
type reloader struct {
	build    func(*session) (*pipeline, error)
	release  func() // lets the next pipeline replace what the one before published
	current  atomic.Pointer[pipeline]
	requests chan chan error

	successful    prometheus.Gauge
	lastSucceeded prometheus.Gauge
}

// newReloader returns a reloader that runs a pipeline first.
func newReloader(first *pipeline, build func(*session) (*pipeline, error), release func(), reg prometheus.Registerer) *reloader {
	factory := promauto.With(reg)
	r := &reloader{
		build: build, release: release, requests: make(chan chan error),
		successful: factory.NewGauge(prometheus.GaugeOpts{
			Name: "seldon_exporter_config_last_reload_successful",
			Help: "Whether the settings could be used when they were read last.",
		}),
		lastSucceeded: factory.NewGauge(prometheus.GaugeOpts{
			Name: "seldon_exporter_config_last_reload_success_timestamp_seconds",
			Help: "When settings that can be used were read last.",
		}),
	}
	r.current.Store(first)
	r.succeeded()
	return r
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

// Run runs pipelines until ctx is done. A hangup asks for a reload, too.
func (r *reloader) Run(ctx context.Context, hangup <-chan os.Signal) {
	for ctx.Err() == nil {
		running, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.current.Load().loop.Run(running)
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
func (r *reloader) await(ctx context.Context, hangup <-chan os.Signal) (*pipeline, chan<- error) {
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

// read reads the settings again. It returns nil if the current pipeline is to stay.
func (r *reloader) read() (*pipeline, error) {
	s := r.current.Load().session
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

// prepare builds a pipeline of the settings as they are now, or returns nil if they are the same.
func (r *reloader) prepare(s *session) (*pipeline, error) {
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
	after := *s
	level := cfg.Log.Level.String()
	cfg.Log = s.Log // its level is that of every logger
	after.Config = cfg
	next, err := r.build(&after)
	if err == nil {
		err = s.Log.Level.Set(level)
	}
	return next, err
}

// replace lets a pipeline take the place of the current one, which has stopped.
func (r *reloader) replace(next *pipeline) {
	before := r.current.Load()
	next.loop.Resume(before.loop, before.SameWindows(next.Config))
	r.release()
	r.current.Store(next)
	next.log.Info("Settings were read again", next.settings()...)
}
