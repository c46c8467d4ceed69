package cli

import (
	"bytes"
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
)

// once computes one window and prints it.
func once(ctx context.Context, s *session) error {
	w, err := s.settled(s.Once.End)
	if err != nil {
		return err
	}
	client, err := s.upstream(prometheus.NewRegistry())
	if err != nil {
		return err
	}
	downsampler := s.downsampler(client)
	began := time.Now()
	averages, err := downsampler.Compute(ctx, w)
	if err != nil {
		return err
	}
	page, err := exposition.Encode(averages, w.Next().End)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for family := range page.Families() {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			return err
		}
	}
	if _, err := text.WriteTo(s.stdout); err != nil {
		return err
	}
	s.log.Info("Window computed", "window", w.String(), "models", len(averages.Models), "queries", averages.Cost.Queries, "samples_read", averages.Cost.SamplesRead, "duration", time.Since(began).String())
	return nil
}
