package downsample

import (
	"context"
	"slices"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// span enters the evidence on some pods over one span, and returns the inventory of all.
// The series of a pod may show a target that the inventory lacks: then all is done once more,
// with that target. Of one that is still lacking nothing is known in the span.
func (d *Downsampler) span(ctx context.Context, f *fetch.Window, span timeline.Span, since int64, l *ledger.Ledger, mine func(*inventory.Pod) bool) (*inventory.Inventory, error) {
	var more inventory.Shown
	for again := false; ; again = true {
		inv, err := d.finder.Find(ctx, f, span, more)
		if err != nil {
			return nil, err
		}
		pods := slices.DeleteFunc(slices.Clone(inv.Pods), func(p *inventory.Pod) bool { return !mine(p) })
		part := l.Empty()
		part.Observe(inv)
		more, err = d.read.measure(ctx, f, measure.Measurer{Table: d.Table, Inventory: inv, Since: since}, pods, part)
		if err != nil {
			return nil, err
		}
		if more == nil || again {
			l.Add(part)
			return inv, nil
		}
	}
}

// reader reads pods' samples and has them measured, batch by batch.
type reader struct {
	table   metric.Table
	sources map[string]int // of each series' name
	perPod  int            // series that a pod is thought to have
}

func newReader(table metric.Table) reader {
	r := reader{table: table, sources: map[string]int{}}
	for i, s := range table.Sources {
		for _, init := range []bool{false, true} {
			for _, series := range table.Reads(s.Name, init) {
				r.sources[series.Name] = i
			}
		}
	}
	r.perPod = 4 * len(table.Metrics)
	return r
}

// measure enters what each pod's samples come to, and returns the targets that the inventory
// lacks, nil if it lacks none.
func (r reader) measure(ctx context.Context, f *fetch.Window, m measure.Measurer, pods []*inventory.Pod, l *ledger.Ledger) (inventory.Shown, error) {
	inv := m.Inventory
	leading := inv.Span
	for _, t := range inv.Targets[1:] {
		leading.From = min(leading.From, inv.Span.From-t.Preroll()) // where a counter's last sample may lie
	}
	var mu sync.Mutex
	var lacking inventory.Shown
	err := fetch.Each(ctx, f, fetch.Question[*inventory.Pod]{
		Name: "pods", Span: leading, Series: r.perPod,
		Select: func(batch []*inventory.Pod) []promapi.Selector {
			var all []promapi.Selector
			for i := range r.table.Sources {
				all = append(all, inv.Series(r.table, i, batch)...)
			}
			return all
		},
	}, pods, func(batch []*inventory.Pod, series []promapi.Series) error {
		found, unknown := r.sort(inv, batch, series)
		if err := r.phases(ctx, f, m, batch, found); err != nil {
			return err
		}
		for i, p := range batch {
			l.Enter(m.Pod(p, found[i]))
		}
		mu.Lock()
		defer mu.Unlock()
		for _, u := range unknown {
			if lacking == nil {
				lacking = make(inventory.Shown, len(r.table.Sources))
			}
			lacking.Add(inv, u.source, u.target, u.row)
		}
		return nil
	})
	return lacking, err
}

// unknown is a series of a target that the inventory lacks.
type unknown struct {
	source int
	target timeline.Target
	row    promapi.Series
}

// sort gives each pod its series.
func (r reader) sort(inv *inventory.Inventory, batch []*inventory.Pod, series []promapi.Series) ([]measure.Samples, []unknown) {
	at := make(map[inventory.PodName]int, len(batch))
	out := make([]measure.Samples, len(batch))
	for i, p := range batch {
		at[p.Name] = i
		out[i].Sources = make([][]promapi.Series, len(r.table.Sources))
		for n := range out[i].Sources {
			out[i].Sources[n] = make([]promapi.Series, 0, len(series)/len(batch))
		}
	}
	var lacking []unknown
	for _, row := range series {
		i, ok := at[inv.Pod(row.Labels)]
		if !ok || len(row.Samples) == 0 {
			continue // a name in another's namespace
		}
		source := r.sources[row.Labels.Get("__name__")]
		target := inv.Target(row.Labels, r.table.Sources[source])
		switch {
		case inv.Ignores(source, target):
			continue
		case source == 0:
			row.Samples = measure.Within(row.Samples, inv.Span)
		case inv.Targets[source].Scrapes[target] == nil:
			lacking = append(lacking, unknown{source, target, row})
		}
		out[i].Sources[source] = append(out[i].Sources[source], row)
	}
	return out, lacking
}

// phases adds the phases of those pods for which they decide anything.
func (r reader) phases(ctx context.Context, f *fetch.Window, m measure.Measurer, batch []*inventory.Pod, found []measure.Samples) error {
	var pods []*inventory.Pod
	at := map[inventory.PodName]int{}
	for i, p := range batch {
		if m.NeedsPhases(p, found[i].Sources[0]) {
			at[p.Name] = i
			pods = append(pods, p)
		}
	}
	if len(pods) == 0 {
		return nil
	}
	var mu sync.Mutex
	return fetch.Each(ctx, f, fetch.Question[*inventory.Pod]{
		Name: "pods' phases", Span: m.Inventory.Span, Series: 2, Select: m.Inventory.Phases,
	}, pods, func(_ []*inventory.Pod, series []promapi.Series) error {
		mu.Lock()
		defer mu.Unlock()
		for _, row := range series {
			if i, ok := at[m.Inventory.Pod(row.Labels)]; ok {
				found[i].Phases = append(found[i].Phases, row)
			}
		}
		return nil
	})
}
