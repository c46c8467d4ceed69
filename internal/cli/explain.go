package cli

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/explain"
)

// explainModel prints what one model's values of a window are made of.
func explainModel(ctx context.Context, s *session) error {
	w, err := s.settled(s.Explain.End)
	if err != nil {
		return err
	}
	client, err := s.upstream(prometheus.NewRegistry())
	if err != nil {
		return err
	}
	downsampler := s.downsampler(client)
	x, err := downsampler.Explain(ctx, w, s.Explain.Model)
	if err != nil {
		return err
	}
	if s.Explain.JSON {
		return explain.JSON(s.stdout, x, s.Explain.Metric)
	}
	return explain.Text(s.stdout, x, s.Explain.Metric)
}
