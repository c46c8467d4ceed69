package accuracy

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/promslog"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Exporter is the product's own way, in process.
type Exporter struct {
	name       string
	downsample *downsample.Downsampler
	apart      *downsample.Downsampler // the same, with clusters told apart by their label
}

// NewExporter returns the product's way of reading a Prometheus over a transport.
func NewExporter(base *url.URL, transport fetch.Transport) (Exporter, error) {
	return newExporter("exporter, "+string(transport), base, transport, downsample.Config{})
}

// NewEngineExporter returns the product's way of reading an engine, which it recognizes, as a
// tenant's.
func NewEngineExporter(base *url.URL, tenant string, change ...func(*fetch.Config)) (Exporter, error) {
	cfg := reading(base)
	cfg.Engine = promapi.Auto
	cfg.HTTP.HTTPHeaders = &promconfig.Headers{Headers: map[string]promconfig.Header{"X-Scope-OrgID": {Values: []string{tenant}}}}
	client, err := promapi.New(cfg, prometheus.NewRegistry())
	if err != nil {
		return Exporter{}, err
	}
	fetching := fetching(client, fetch.Auto)
	for _, c := range change {
		c(&fetching)
	}
	return exporterOf("exporter", fetching, downsample.Config{}), nil
}

// NewShard returns one of several exporters that share the models between them.
func NewShard(base *url.URL, shard workload.Shard) (Exporter, error) {
	return newExporter("shard "+shard.String(), base, fetch.Auto, downsample.Config{Shard: shard})
}

func newExporter(name string, base *url.URL, transport fetch.Transport, cfg downsample.Config) (Exporter, error) {
	client, err := promapi.New(reading(base), prometheus.NewRegistry())
	if err != nil {
		return Exporter{}, err
	}
	return exporterOf(name, fetching(client, transport), cfg), nil
}

// reading is how a Prometheus is read unless settings say otherwise.
func reading(base *url.URL) promapi.Config {
	return promapi.Config{
		URL: base, Timeout: 2 * time.Minute, MaxAnswerBytes: 64 << 20, UserAgent: "accuracy", Log: promslog.NewNopLogger(),
	}
}

func fetching(api fetch.API, transport fetch.Transport) fetch.Config {
	return fetch.Config{API: api, Transport: transport, Concurrency: 2, MaxSamples: 1_000_000, Now: time.Now, Log: promslog.NewNopLogger()}
}

func exporterOf(name string, fetching fetch.Config, cfg downsample.Config) Exporter {
	cfg.Fetcher, cfg.Table, cfg.Kinds, cfg.Log = fetch.New(fetching), metric.Default(), workload.Kinds(), promslog.NewNopLogger()
	e := Exporter{name: name, downsample: downsample.New(cfg)}
	cfg.ClusterLabel = "cluster"
	e.apart = downsample.New(cfg)
	return e
}

// Name implements Way.
func (e Exporter) Name() string { return e.name }

// Averages returns what the product computes, its cost included.
func (e Exporter) Averages(ctx context.Context, p Placed) (*ledger.Averages, error) {
	return e.of(p).Compute(ctx, p.Span())
}

// of returns the exporter as it would be set up for a history's cluster, or clusters.
func (e Exporter) of(p Placed) *downsample.Downsampler {
	if p.History.Clusters() > 1 {
		return e.apart
	}
	return e.downsample
}

// Compute implements Way.
func (e Exporter) Compute(ctx context.Context, p Placed) (Result, error) {
	averages, err := e.Averages(ctx, p)
	if errors.Is(err, downsample.ErrNoSources) {
		return Result{}, nil // it says that nothing is known, not even for how long
	}
	if err != nil {
		return Result{}, err
	}
	result := Result{
		Values:   make(map[cluster.Model]cluster.Values, len(averages.Models)),
		Coverage: &cluster.Coverage{KSM: averages.CoverageOf(metric.KubeStateMetrics), CAdvisor: averages.CoverageOf(metric.CAdvisor)},
	}
	for _, m := range averages.Models {
		var values cluster.Values
		for i := range cluster.NumMetrics {
			values[i] = cluster.Value(m.Values[i])
		}
		result.Values[cluster.Model(m.Model)] = values
	}
	return result, nil
}
