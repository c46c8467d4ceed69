package cli

import (
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
)

// pipeline computes, publishes and delivers the windows of one upstream as the settings of its
// session say.
type pipeline struct {
	*session
	client      *promapi.Client
	downsampler *downsample.Downsampler
	loop        *schedule.Loop
	slot        *exposition.Slot
	registry    *prometheus.Registry // of the metrics about this upstream
}

// pipeline returns a pipeline that has not started. Those with one registry count in the same
// metrics.
func (s *session) pipeline(registry *prometheus.Registry, slot *exposition.Slot) (*pipeline, error) {
	var own prometheus.Registerer = registry
	if s.Upstream != "" {
		own = prometheus.WrapRegistererWith(prometheus.Labels{"upstream": s.Upstream}, registry)
	}
	client, err := s.upstream(own)
	if err != nil {
		return nil, err
	}
	var deliverer schedule.Deliverer
	if s.RemoteWrite.Receiver.URL != nil {
		writer, err := s.writer(own)
		if err != nil {
			return nil, err
		}
		deliverer = advisedDeliverer{writer, s}
	}
	downsampler := s.downsampler(client)
	loop := schedule.New(schedule.Config{
		Computer:    advisedComputer{downsampler, s},
		Board:       slot,
		Deliverer:   deliverer,
		Period:      s.Period,
		SettleDelay: s.SettleDelay,
		MaxAge:      s.CatchUp,
		Random:      rand.Float64,
		Now:         time.Now,
		ServerNow:   client.ServerNow,
		Log:         s.log,
		Registerer:  own,
	})
	return &pipeline{session: s, client: client, downsampler: downsampler, loop: loop, slot: slot, registry: registry}, nil
}
