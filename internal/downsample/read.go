package downsample

import (
	"context"
	"slices"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/measure"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

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

// subject is what has one pod's name in parts that are read together.
type subject struct {
	*inventory.Pod                  // as its series are selected
	in             []*inventory.Pod // each part, nil where nothing has the name
}

// subjects are the parts' pods for which mine holds, in order.
func subjects(parts []*part, mine func(*inventory.Pod) bool) []*subject {
	at := map[inventory.PodName]*subject{}
	var all []*subject
	for i, part := range parts {
		for _, p := range part.measurer.Inventory.Pods {
			if !mine(p) {
				continue
			}
			s := at[p.Name]
			if s == nil {
				s = &subject{p, make([]*inventory.Pod, len(parts))}
				at[p.Name] = s
				all = append(all, s)
			}
			s.Pod, s.in[i] = s.Pod.Merge(p), p
		}
	}
	slices.SortFunc(all, func(a, b *subject) int { return a.Name.Compare(b.Name) })
	return all
}

// measure enters what each pod's samples come to in each part, and the targets that a part's
// inventory lacks.
func (r reader) measure(ctx context.Context, f *fetch.Window, parts []*part, mine func(*inventory.Pod) bool) error {
	all := timeline.Span{From: parts[0].leading().From, To: parts[len(parts)-1].span.To}
	for _, p := range parts {
		all.From = min(all.From, p.leading().From)
	}
	inv := parts[0].measurer.Inventory
	return fetch.Each(ctx, f, fetch.Question[*subject]{
		Name: "pods", Span: all, Series: r.perPod,
		Select: func(batch []*subject) []promapi.Selector {
			pods := make([]*inventory.Pod, len(batch))
			for i, s := range batch {
				pods[i] = s.Pod
			}
			var all []promapi.Selector
			for i := range r.table.Sources {
				all = append(all, inv.Series(r.table, i, pods)...)
			}
			return all
		},
	}, subjects(parts, mine), func(batch []*subject, series []promapi.Series) error {
		rows := r.sort(inv.Naming, batch, series)
		for i, p := range parts {
			if err := r.part(ctx, f, p, i, batch, rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// leading is what is read for the part: where a counter's last sample before it may lie, too.
func (p *part) leading() timeline.Span {
	leading := p.span
	for _, t := range p.measurer.Inventory.Targets[1:] {
		leading.From = min(leading.From, p.span.From-t.Preroll())
	}
	return leading
}

// podRow is a series of a pod.
type podRow struct {
	promapi.Series
	source int
	target timeline.Target
}

// sort gives each pod of a batch its series.
func (r reader) sort(naming inventory.Naming, batch []*subject, series []promapi.Series) [][]podRow {
	at := make(map[inventory.PodName]int, len(batch))
	out := make([][]podRow, len(batch))
	for i, p := range batch {
		at[p.Name] = i
		out[i] = make([]podRow, 0, len(series)/len(batch))
	}
	for _, s := range series {
		i, ok := at[naming.Pod(s.Labels)]
		if !ok {
			continue // a name in another's namespace
		}
		source := r.sources[s.Labels.Get("__name__")]
		out[i] = append(out[i], podRow{s, source, naming.Target(s.Labels, r.table.Sources[source])})
	}
	return out
}

// part enters what the samples of a batch come to in the i-th part.
func (r reader) part(ctx context.Context, f *fetch.Window, p *part, i int, batch []*subject, rows [][]podRow) error {
	var pods []*inventory.Pod
	var found []measure.Samples
	for n, s := range batch {
		if s.in[i] != nil {
			pods = append(pods, s.in[i])
			found = append(found, measure.Samples{Sources: r.within(p, rows[n])})
		}
	}
	if err := r.phases(ctx, f, p.measurer, pods, found); err != nil {
		return err
	}
	for n, pod := range pods {
		p.entered.Enter(p.measurer.Pod(pod, found[n]))
	}
	return nil
}

// within cuts one pod's series to a part, and notes the targets that its inventory lacks.
func (r reader) within(p *part, rows []podRow) [][]promapi.Series {
	out := make([][]promapi.Series, len(r.table.Sources))
	for i := range out {
		out[i] = make([]promapi.Series, 0, len(rows))
	}
	inv, leading := p.measurer.Inventory, p.leading()
	for _, row := range rows {
		span := leading
		if row.source == 0 {
			span = p.span
		}
		row.Samples = measure.Within(row.Samples, span)
		switch {
		case len(row.Samples) == 0 || inv.Ignores(row.source, row.target):
			continue
		case row.source != 0 && inv.Targets[row.source].Scrapes[row.target] == nil:
			p.lacks(row.source, row.target, row.Series)
		}
		out[row.source] = append(out[row.source], row.Series)
	}
	return out
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
