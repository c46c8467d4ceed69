package accuracy

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Exporter is the product's own way, in process.
type Exporter struct {
	name       string
	downsample *downsample.Downsampler
}

// NewExporter returns the product's way of reading a Prometheus. By the close look, every
// pod is computed from its raw samples: the definition, without the shortcut.
func NewExporter(base *url.URL, closeLook bool) (Exporter, error) {
	name := "exporter"
	if closeLook {
		name = "close look"
	}
	return newExporter(name, base, downsample.Config{CloseLook: closeLook})
}

// NewShard returns one of several exporters that share the models between them.
func NewShard(base *url.URL, shard workload.Shard) (Exporter, error) {
	return newExporter("shard "+shard.String(), base, downsample.Config{Shard: shard})
}

func newExporter(name string, base *url.URL, cfg downsample.Config) (Exporter, error) {
	client, err := promapi.New(reading(base), prometheus.NewRegistry())
	if err != nil {
		return Exporter{}, err
	}
	cfg.Upstream = client
	return exporterOf(name, cfg), nil
}

// reading is how a Prometheus is read unless it is told otherwise.
func reading(base *url.URL) promapi.Config {
	return promapi.Config{
		URL: base, Timeout: 2 * time.Minute, MaxAnswerBytes: 64 << 20, MaxSamples: 1_000_000,
		UserAgent: "accuracy", Log: promslog.NewNopLogger(),
	}
}

func exporterOf(name string, cfg downsample.Config) Exporter {
	cfg.Kinds, cfg.Concurrency, cfg.Log = workload.Kinds(), 2, promslog.NewNopLogger()
	return Exporter{name, downsample.New(cfg)}
}

// Name implements Way.
func (e Exporter) Name() string { return e.name }

// Averages returns what the product computes, its cost included.
func (e Exporter) Averages(ctx context.Context, w window.Window) (*downsample.Averages, error) {
	return e.downsample.Compute(ctx, w)
}

// Compute implements Way.
func (e Exporter) Compute(ctx context.Context, w window.Window) (Result, error) {
	averages, err := e.Averages(ctx, w)
	if errors.Is(err, downsample.ErrNoSources) {
		return Result{}, nil // it says that nothing is known, not even for how long
	}
	if err != nil {
		return Result{}, err
	}
	result := Result{
		Values:   make(map[cluster.Model]cluster.Values, len(averages.Models)),
		Coverage: &cluster.Coverage{KSM: averages.Coverage.KubeStateMetrics, CAdvisor: averages.Coverage.CAdvisor},
	}
	for _, m := range averages.Models {
		var values cluster.Values
		for i := range usage.NumMetrics {
			values[i] = cluster.Value(m.Values[i])
		}
		result.Values[cluster.Model(m.Model)] = values
	}
	return result, nil
}
