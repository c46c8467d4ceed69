package downsample

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

const (
	longestSlice  = 6 * time.Hour
	closestPods   = 100 // looked at closely in one query
	parallelSteps = 4   // batches under way at once; the upstream's slots bound what really is
)

// Upstream answers PromQL.
type Upstream interface {
	Instant(ctx context.Context, expr string, at time.Time) (*upstream.Answer, error)
	Range(ctx context.Context, expr string, start, end time.Time, step time.Duration) (*upstream.Answer, error)
	MaxSamples() int
}

// Config is what a Downsampler needs to know.
type Config struct {
	Upstream  Upstream
	Kinds     []workload.Kind // in order of precedence
	Shard     workload.Shard
	Log       *slog.Logger
	CloseLook bool // read raw samples of every pod, even where the shortcut would do
}

// Downsampler computes windows.
type Downsampler struct {
	cfg          Config
	labels       []ownerLabel
	tellClusters sync.Once
}

// New returns a Downsampler.
func New(cfg Config) *Downsampler {
	return &Downsampler{cfg: cfg, labels: ownerLabels(cfg.Kinds)}
}

// Compute returns the averages of every model over the window. It fails as a whole: there
// are no averages of part of the data.
func (d *Downsampler) Compute(ctx context.Context, w window.Window) (*Averages, error) {
	l := newLedger()
	var cost Cost
	var names naming
	for _, s := range slicesOf(w) {
		q := &querier{naming: names, upstream: d.cfg.Upstream, slice: s, since: w.Start.UnixMilli()}
		err := d.slice(ctx, q, l)
		if several, ok := errors.AsType[*clustersFound](err); ok {
			q.clusterLabels = several.labels
			err = d.slice(ctx, q, l)
		}
		if errors.Is(err, errOneCluster) {
			q.naming = naming{oneCluster: true}
			err = d.slice(ctx, q, l)
		}
		if err != nil {
			return nil, err
		}
		names = q.naming
		cost.add(q.cost)
	}
	if len(names.clusterLabels) > 0 {
		d.tellClusters.Do(func() {
			d.cfg.Log.Warn("This Prometheus holds several clusters: models of equal namespace, type and name are added up", "told_apart_by", names.clusterLabels)
		})
	}
	a := l.averages(w)
	a.Cost = cost
	if !l.found {
		if err := d.explainNothing(ctx, w); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (c *Cost) add(o Cost) {
	c.Queries += o.Queries
	c.Series += o.Series
	c.SamplesRead += o.SamplesRead
	c.HasSamples = c.HasSamples || o.HasSamples
	c.PeakSamples = max(c.PeakSamples, o.PeakSamples)
}

// slicesOf cuts a long window where the clock says, so that no query reaches too far.
func slicesOf(w window.Window) []span {
	var out []span
	for from := w.Start; from.Before(w.End); {
		to := from.Truncate(longestSlice).Add(longestSlice)
		if to.After(w.End) {
			to = w.End
		}
		out = append(out, span{from.UnixMilli(), to.UnixMilli()})
		from = to
	}
	return out
}

// slice gathers the evidence of one slice.
func (d *Downsampler) slice(ctx context.Context, q *querier, l *ledger) error {
	everybody, err := q.discover(ctx, d.labels)
	if err != nil {
		return err
	}
	l.found = l.found || len(everybody) > 0
	ksm, err := q.kubeStateMetrics(ctx, everybody)
	if err != nil {
		return err
	}
	pods, others := d.share(everybody)
	if err := q.sidecars(ctx, pods); err != nil {
		return err
	}
	kubelet, err := q.kubelets(ctx, pods, others, parallelSteps)
	if err != nil {
		return err
	}
	comeAndGo(ksm, kubelet.source)
	l.observed.kubeStateMetrics += ksm.observed.length()
	l.observed.cAdvisor += kubelet.observed.length()

	if !d.cfg.CloseLook {
		z := &quiet{querier: q, ksm: ksm, kubelet: kubelet, atOnce: parallelSteps}
		found, rest, err := z.look(ctx, pods)
		if err != nil {
			return err
		}
		l.enter(found)
		d.cfg.Log.Debug("Looked at quiet pods", "quiet", len(pods)-len(rest), "others", len(rest))
		pods = rest
	}
	c := &closeLook{querier: q, labels: d.labels, ksm: ksm, kubelet: kubelet}
	size := q.batch(closestPods, q.slice.length()/min(ksm.interval, kubelet.interval)+1)
	return inBatches(ctx, pods, size, parallelSteps, func(ctx context.Context, batch []*pod) error {
		found, err := c.batch(ctx, batch)
		if err != nil {
			return err
		}
		l.enter(found)
		return nil
	})
}

// share separates this shard's pods from the other shards'.
func (d *Downsampler) share(everybody []*pod) (ours, others []*pod) {
	for _, p := range everybody {
		if d.cfg.Shard.Holds(p.namespace) {
			ours = append(ours, p)
		} else {
			others = append(others, p)
		}
	}
	return ours, others
}

// sidecars finds the init containers that keep running beside the others.
func (q *querier) sidecars(ctx context.Context, pods []*pod) error {
	var mu sync.Mutex
	return inBatches(ctx, pods, maxSet, parallelSteps, func(ctx context.Context, batch []*pod) error {
		var all []upstream.Series
		for _, sel := range selectors(batch) {
			rows, err := q.instant(ctx, fmt.Sprintf(`group by (%s) (last_over_time(kube_pod_init_container_info{restart_policy="Always",%s}[%s]))`,
				q.by(ofPods("container", "exported_container")...), sel, length(q.slice.length())))
			if err != nil {
				return err
			}
			all = append(all, rows...)
		}
		mu.Lock()
		defer mu.Unlock()
		byName := asked(batch)
		for _, row := range all {
			p, name := byName[q.podOf(row.Labels)], label(row.Labels, "container")
			if p != nil && !slices.Contains(p.sidecars, name) {
				p.sidecars = append(p.sidecars, name)
			}
		}
		return nil
	})
}

// explainNothing logs why a window may hold no models.
func (d *Downsampler) explainNothing(ctx context.Context, w window.Window) error {
	a, err := d.cfg.Upstream.Instant(ctx, "count(last_over_time(kube_pod_labels["+length(w.Period().Milliseconds())+"]))", w.End.Add(-time.Millisecond))
	if err != nil {
		return err
	}
	remedy := "--metric-labels-allowlist=" + workload.AllowList(d.cfg.Kinds)
	if len(a.Series) == 0 {
		d.cfg.Log.Warn("No models: this Prometheus has no kube_pod_labels; start kube-state-metrics with the flag", "window", w, "flag", remedy)
	} else {
		d.cfg.Log.Warn("No models: kube_pod_labels has no model's label; if there are models, start kube-state-metrics with the flag", "window", w, "flag", remedy)
	}
	return nil
}
