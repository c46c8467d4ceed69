package downsample

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

const (
	longestSlice = 6 * time.Hour
	closestPods  = 100 // looked at closely in one query
)

// Upstream answers PromQL.
type Upstream interface {
	Instant(ctx context.Context, expr string, at time.Time) (*promapi.Answer, error)
	Range(ctx context.Context, expr string, start, end time.Time, step time.Duration) (*promapi.Answer, error)
	MaxSamples() int
}

// Config is what a Downsampler needs to know.
type Config struct {
	Upstream    Upstream
	Kinds       []workload.Kind // in order of precedence
	Shard       workload.Shard
	Concurrency int   // queries that may run at once
	MaxSamples  int64 // that a window's queries may read; 0 is any number
	Log         *slog.Logger
	CloseLook   bool // read raw samples of every pod, even where the shortcut would do
}

// Downsampler computes windows. It learns from each how to ask for the next.
type Downsampler struct {
	cfg          Config
	labels       []ownerLabel
	limits       *limits
	took         atomic.Int64 // nanoseconds of the last window's queries, added up
	tellClusters sync.Once
}

// New returns a Downsampler.
func New(cfg Config) *Downsampler {
	cfg.Concurrency = max(1, cfg.Concurrency)
	return &Downsampler{cfg: cfg, labels: ownerLabels(cfg.Kinds), limits: newLimits()}
}

// ErrNoSources is why a window fails in which nothing of kube-state-metrics is to be
// found: that there were no models is not known then.
var ErrNoSources = errors.New("no kube-state-metrics was scraped in the window")

// Compute returns the averages of every model over the window. It fails as a whole: there
// are no averages of part of the data. The error is of the upstream, or ErrNoSources.
func (d *Downsampler) Compute(ctx context.Context, w window.Window) (*Averages, error) {
	l := newLedger()
	r, err := d.gather(ctx, w, l, func(p *pod) bool { return d.cfg.Shard.Holds(p.namespace) })
	if err != nil {
		return nil, err
	}
	a := l.averages(w)
	if !l.found {
		if err := d.explainNothing(ctx, r, a); err != nil {
			return nil, err
		}
	}
	a.Cost = r.cost
	d.took.Store(int64(r.pace.took()))
	return a, nil
}

// gather enters the evidence on some of the models' pods into a ledger. What is asked about
// targets does not depend on which.
func (d *Downsampler) gather(ctx context.Context, w window.Window, l *ledger, mine func(*pod) bool) (*refresh, error) {
	d.limits.fade()
	r := &refresh{upstream: d.cfg.Upstream, limits: d.limits, budget: d.cfg.MaxSamples, pace: newPace(d.cfg.Concurrency, time.Duration(d.took.Load()), w.Period())}
	defer r.pace.hurry(w.Period())()
	var names naming
	for _, s := range slicesOf(w) {
		q := &querier{naming: names, refresh: r, slice: s, since: w.Start.UnixMilli()}
		err := d.slice(ctx, q, l, mine)
		if several, ok := errors.AsType[*clustersFound](err); ok {
			q.clusterLabels = several.labels
			err = d.slice(ctx, q, l, mine)
		}
		if errors.Is(err, errOneCluster) {
			q.naming = naming{oneCluster: true}
			err = d.slice(ctx, q, l, mine)
		}
		if err != nil {
			return nil, err
		}
		names = q.naming
	}
	if len(names.clusterLabels) > 0 {
		d.tellClusters.Do(func() {
			d.cfg.Log.Warn("This Prometheus holds several clusters: models of equal namespace, type and name are added up", "told_apart_by", names.clusterLabels)
		})
	}
	return r, nil
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
func (d *Downsampler) slice(ctx context.Context, q *querier, l *ledger, mine func(*pod) bool) error {
	everybody, err := q.discover(ctx, d.labels)
	if err != nil {
		return err
	}
	l.found = l.found || len(everybody) > 0
	ksm, err := q.kubeStateMetrics(ctx, everybody)
	if err != nil {
		return err
	}
	pods, others := share(everybody, mine)
	if err := q.sidecars(ctx, pods); err != nil {
		return err
	}
	kubelet, err := q.kubelets(ctx, pods, others)
	if err != nil {
		return err
	}
	comeAndGo(ksm, kubelet.source)
	l.observed.kubeStateMetrics += ksm.observed.length()
	l.observed.cAdvisor += kubelet.observed.length()
	if l.trace != nil {
		if err := l.trace.look(ctx, q, pods, ksm, kubelet); err != nil {
			return err
		}
	}

	perPod := seriesOf(pods)
	if !d.cfg.CloseLook {
		z := &quiet{querier: q, ksm: ksm, kubelet: kubelet, perPod: perPod}
		rest, err := z.look(ctx, pods, l)
		if err != nil {
			return err
		}
		d.cfg.Log.Debug("Looked at quiet pods", "quiet", len(pods)-len(rest), "others", len(rest))
		pods = rest
	}
	c := &closeLook{querier: q, labels: d.labels, ksm: ksm, kubelet: kubelet}
	of := question{name: "pods looked at closely", most: closestPods, series: perPod, interval: min(ksm.interval, kubelet.interval), lead: kubelet.lead(), raw: true}
	return inBatches(ctx, q, of, pods, func(ctx context.Context, q *querier, batch []*pod) error {
		found, err := c.batch(ctx, q, batch)
		if err != nil {
			return err
		}
		l.enter(found)
		return nil
	})
}

// share separates the pods that are wanted from the others.
func share(everybody []*pod, mine func(*pod) bool) (ours, others []*pod) {
	for _, p := range everybody {
		if mine(p) {
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
	of := question{name: "pods' sidecars", most: maxSet, series: seriesPerPod, interval: shortInterval}
	return inBatches(ctx, q, of, pods, func(ctx context.Context, q *querier, batch []*pod) error {
		var all []promapi.Series
		for _, sel := range selectors(batch) {
			rows, err := q.over(ctx, q.slice, func(length string) string {
				return fmt.Sprintf(`group by (%s) (last_over_time(kube_pod_init_container_info{restart_policy="Always",%s}[%s]))`,
					q.by(ofPods("container", "exported_container")...), sel, length)
			})
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

// explainNothing logs why a window may hold no models, or says that it cannot be known.
func (d *Downsampler) explainNothing(ctx context.Context, r *refresh, a *Averages) error {
	w := a.Window
	q := &querier{refresh: r, slice: span{w.Start.UnixMilli(), w.End.UnixMilli()}}
	var rows []promapi.Series
	err := inParts(ctx, q, question{name: "pods' labels of any kind", most: 1, interval: shortInterval}, func(ctx context.Context, q *querier) (err error) {
		rows, err = q.over(ctx, q.slice, func(length string) string { return "count(last_over_time(kube_pod_labels[" + length + "]))" })
		return err
	})
	tooMany := promapi.KindOf(err) == promapi.TooExpensive
	if err != nil && !tooMany {
		return err
	}
	remedy := "--metric-labels-allowlist=" + workload.AllowList(d.cfg.Kinds)
	switch {
	case len(rows) > 0 || tooMany:
		d.cfg.Log.Warn("No models: kube_pod_labels has no model's label; if there are models, start kube-state-metrics with the flag", "window", w, "flag", remedy)
	case a.Coverage.KubeStateMetrics > 0:
		d.cfg.Log.Warn("No models: this Prometheus has no kube_pod_labels; start kube-state-metrics with the flag", "window", w, "flag", remedy)
	default:
		return fmt.Errorf("%w: there is neither kube_node_info nor kube_pod_labels: have this Prometheus scrape kube-state-metrics, started with %s", ErrNoSources, remedy)
	}
	return nil
}
