package cli

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
)

// service is what runs with the settings as they were read once: a pipeline for each upstream,
// which do not wait for each other, and the pages.
type service struct {
	*session
	board     *exposition.Board
	pipelines []*pipeline
	pages     http.Handler // for people, nil if they are switched off
	wasReady  bool         // before the settings were read again
}

// service returns a service that has not started. An upstream that the service before has, too,
// counts on in its metrics, and keeps its page.
func (s *session) service(board *exposition.Board, before *service) (*service, error) {
	next := &service{session: s, board: board}
	for _, cfg := range s.Each() {
		registry := prometheus.NewRegistry()
		if same := before.of(cfg.Upstream); same != nil {
			registry = same.registry
		}
		p, err := s.of(cfg).pipeline(registry, board.Slot(cfg.Upstream))
		if err != nil {
			return nil, err
		}
		next.pipelines = append(next.pipelines, p)
	}
	var err error
	if s.Pages {
		next.pages, err = next.newPages()
	}
	return next, err
}

// of returns the pipeline of an upstream, nil if there is none.
func (s *service) of(upstream string) *pipeline {
	if s == nil {
		return nil
	}
	i := slices.IndexFunc(s.pipelines, func(p *pipeline) bool { return p.Upstream == upstream })
	if i < 0 {
		return nil
	}
	return s.pipelines[i]
}

// follow takes the place of another service, which has stopped; nil for none.
func (s *service) follow(before *service) {
	slots := make([]*exposition.Slot, len(s.pipelines))
	for i, p := range s.pipelines {
		slots[i] = p.slot
		if same := before.of(p.Upstream); same != nil {
			p.loop.Resume(same.loop, same.SameWindows(p.Config))
		}
	}
	s.wasReady = before != nil && before.ready()
	s.board.Arrange(slots)
}

// run computes the windows of all upstreams until ctx is done.
func (s *service) run(ctx context.Context) {
	var all sync.WaitGroup
	for _, p := range s.pipelines {
		all.Go(func() { p.loop.Run(ctx) })
	}
	all.Wait()
}

// ready says whether a window of any upstream was computed since the start.
func (s *service) ready() bool {
	return s.wasReady || slices.ContainsFunc(s.pipelines, func(p *pipeline) bool { return p.loop.Status().Ready })
}

// Gather returns the metrics of the upstreams, as a prometheus.Gatherer.
func (s *service) Gather() ([]*dto.MetricFamily, error) {
	if len(s.pipelines) == 1 {
		return s.pipelines[0].registry.Gather()
	}
	all := make(prometheus.Gatherers, len(s.pipelines))
	for i, p := range s.pipelines {
		all[i] = p.registry
	}
	return all.Gather()
}

// settings returns those that matter most, for the log.
func (s *service) settings() []any {
	var upstreams []string
	for _, p := range s.pipelines {
		upstreams = append(upstreams, strings.TrimSpace(p.Upstream+" "+p.Prometheus.Redacted()))
	}
	return []any{
		"prometheus", strings.Join(upstreams, ", "), "period", model.Duration(s.Period),
		"settle_delay", model.Duration(s.SettleDelay), "kinds", s.KindNames(), "shard", s.Shard.String(),
	}
}
