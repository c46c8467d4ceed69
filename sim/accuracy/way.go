package accuracy

import (
	"context"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Way is a way of computing a window's averages from a Prometheus that it knows.
type Way interface {
	Name() string
	Compute(ctx context.Context, p Placed) (Result, error)
}

// Result is what a way made of a window.
type Result struct {
	Values   map[cluster.Model]cluster.Values
	Coverage *cluster.Coverage // nil where the way tells none
}
