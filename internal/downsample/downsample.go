// Package downsample turns a window into averages per model: an inventory of the pods, their
// raw samples, evidence measured from these, and the sum of it.
package downsample

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// longestSpan is how much is read and measured at once: a part of a long window, or several
// short ones.
const longestSpan = 24 * time.Hour

// Config is what a Downsampler needs to know.
type Config struct {
	Fetcher      *fetch.Fetcher
	Table        metric.Table
	Kinds        []workload.Kind                                 // in order of precedence
	ClusterLabel string                                          // empty for one cluster
	Upstream     string                                          // the name of what is read, and of its cluster unless there is a label; empty if it has none
	Sources      map[string]func(label func(string) string) bool // which targets are a source's, where the user says so
	Shard        workload.Shard
	Log          *slog.Logger
}

// Downsampler computes windows. It may compute several at once.
type Downsampler struct {
	Config
	finder *inventory.Finder
	read   reader
}

// New returns a Downsampler.
func New(cfg Config) *Downsampler {
	naming := inventory.Naming{ClusterLabel: cfg.ClusterLabel, Cluster: cfg.Upstream}
	return &Downsampler{
		Config: cfg,
		finder: inventory.NewFinder(inventory.Config{Table: cfg.Table, Kinds: cfg.Kinds, Naming: naming, Sources: cfg.Sources, Log: cfg.Log}),
		read:   newReader(cfg.Table),
	}
}

// ErrNoSources is why a window fails in which nothing of kube-state-metrics is to be
// found: whether there were models is not known then.
var ErrNoSources = errors.New("no kube-state-metrics was scraped in the window")

// Result is what one of several windows came to.
type Result struct {
	Averages *ledger.Averages
	Err      error // ErrNoSources
}

// Compute returns the averages of every model over the window. It fails as a whole: there
// are no averages of part of the data. The error is of the server that is read, or
// ErrNoSources.
func (d *Downsampler) Compute(ctx context.Context, w window.Window) (*ledger.Averages, error) {
	results, err := d.ComputeAll(ctx, []window.Window{w})
	if err != nil {
		return nil, err
	}
	return results[0].Averages, results[0].Err
}

// ComputeAll computes consecutive windows, in order. The samples of those that lie within
// longestSpan are read together, which costs less than each window alone; the cost of all is
// that of the first. The error is of the server that is read.
func (d *Downsampler) ComputeAll(ctx context.Context, windows []window.Window) ([]Result, error) {
	results, _, err := d.computeAll(ctx, windows)
	return results, err
}

// Survey is Compute, and also returns what there was in the window, or in the last part of a
// long one.
func (d *Downsampler) Survey(ctx context.Context, w window.Window) (*inventory.Inventory, *ledger.Averages, error) {
	results, last, err := d.computeAll(ctx, []window.Window{w})
	if err != nil {
		return nil, nil, err
	}
	return last, results[0].Averages, results[0].Err
}

func (d *Downsampler) computeAll(ctx context.Context, windows []window.Window) ([]Result, *inventory.Inventory, error) {
	f := d.Fetcher.Windows(len(windows))
	var all []*part
	ledgers := make([]*ledger.Ledger, len(windows))
	for i, w := range windows {
		ledgers[i] = ledger.New(d.Table, false)
		all = append(all, parts(w, ledgers[i])...)
	}
	if err := d.gather(ctx, f, all, func(p *inventory.Pod) bool { return d.Shard.Holds(p.Name.Namespace) }); err != nil {
		return nil, nil, err
	}
	results := make([]Result, len(windows))
	for i, w := range windows {
		a := ledgers[i].Averages(w, fetch.Cost{})
		a.Upstream = d.Upstream
		if !slices.ContainsFunc(all, func(p *part) bool { return p.ledger == ledgers[i] && p.models }) {
			err := d.noModels(ctx, f, a)
			if err != nil && !errors.Is(err, ErrNoSources) {
				return nil, nil, err
			}
			results[i].Err = err
		}
		results[i].Averages = a
	}
	results[0].Averages.Cost = f.Cost()
	return results, all[len(all)-1].measurer.Inventory, nil
}

// Explain computes one model, in the way in which Compute does, and returns what its values
// are made of. A model without a type is found by its namespace and name.
func (d *Downsampler) Explain(ctx context.Context, w window.Window, m workload.Model) (*ledger.Explanation, error) {
	l, f := ledger.New(d.Table, true), d.Fetcher.Windows(1)
	err := d.gather(ctx, f, parts(w, l), func(p *inventory.Pod) bool {
		return p.BelongsTo(func(o workload.Model) bool { return ledger.Matches(m, o) })
	})
	if err != nil {
		return nil, err
	}
	return l.Explain(w, m, f.Cost())
}

// noModels logs why a window may hold no models, or says that it cannot be known.
func (d *Downsampler) noModels(ctx context.Context, f *fetch.Window, a *ledger.Averages) error {
	if a.Coverage[0].Ratio == 0 {
		some, err := d.anyPodLabels(ctx, f, a.Window)
		if err != nil {
			return err
		}
		if !some {
			return fmt.Errorf("%w: there is neither kube_node_info nor kube_pod_labels: have this Prometheus scrape kube-state-metrics, started with --metric-labels-allowlist=%s", ErrNoSources, workload.AllowList(d.Kinds))
		}
	}
	d.Log.Warn("No models: no kube_pod_labels has a model's label; if there are models, start kube-state-metrics with the flag",
		"window", a.Window.String(), "flag", "--metric-labels-allowlist="+workload.AllowList(d.Kinds))
	return nil
}

// anyPodLabels says whether any pod's labels were there near the window's end.
func (d *Downsampler) anyPodLabels(ctx context.Context, f *fetch.Window, w window.Window) (bool, error) {
	end := w.End.UnixMilli()
	rows, err := fetch.All(ctx, f, fetch.Question[struct{}]{
		Name: "pods' labels of any kind", Span: timeline.Span{From: max(w.Start.UnixMilli(), end-timeline.Preroll), To: end}, Series: 1000,
		Select: func([]struct{}) []promapi.Selector {
			return []promapi.Selector{{{Type: promapi.MatchEqual, Name: "__name__", Value: metric.PodLabels}}}
		},
		Keep: func(s *promapi.Series) { s.Samples, s.Ends = nil, nil },
	})
	return len(rows) > 0, err
}
