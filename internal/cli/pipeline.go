package cli

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
)

// pipeline computes, publishes and delivers windows as the settings of its session say.
type pipeline struct {
	*session
	loop  *schedule.Loop
	pages http.Handler // for people, nil if they are switched off
}

// pipeline returns a pipeline that has not started. Those with one registry count in the same
// metrics.
func (s *session) pipeline(registry *prometheus.Registry, board *exposition.Board) (*pipeline, error) {
	client, err := s.upstream(registry)
	if err != nil {
		return nil, err
	}
	var deliverer schedule.Deliverer
	if s.RemoteWrite.Receiver.URL != nil {
		writer, err := s.writer(registry)
		if err != nil {
			return nil, err
		}
		deliverer = advisedDeliverer{writer, s}
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
	p := &pipeline{session: s, loop: loop}
	if s.Pages {
		p.pages, err = s.pages(client, board, loop, downsampler)
	}
	return p, err
}

// settings returns those that matter most, for the log.
func (s *session) settings() []any {
	return []any{
		"prometheus", s.Prometheus.Redacted(), "period", model.Duration(s.Period),
		"settle_delay", model.Duration(s.SettleDelay), "kinds", s.KindNames(), "shard", s.Shard.String(),
	}
}
