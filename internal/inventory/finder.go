package inventory

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Finder makes inventories.
type Finder struct {
	table    metric.Table
	rules    []workload.Rule
	naming   Naming
	clusters *clusters
	trust    *trust

	mu    sync.Mutex
	found []map[timeline.Target]bool // of each source, targets that their markers do not show
}

// Config is what a Finder needs to know.
type Config struct {
	Table   metric.Table
	Kinds   []workload.Kind
	Naming  Naming
	Sources map[string]func(label func(string) string) bool // which targets are a source's, by its name, where the user says so
	Log     *slog.Logger
}

// NewFinder returns a Finder.
func NewFinder(cfg Config) *Finder {
	return &Finder{
		table:    cfg.Table,
		rules:    workload.Rules(cfg.Kinds),
		naming:   cfg.Naming,
		clusters: &clusters{log: cfg.Log},
		trust:    &trust{set: cfg.Sources, log: cfg.Log, warned: map[timeline.Target]bool{}, chosen: map[string]string{}},
		found:    make([]map[timeline.Target]bool, len(cfg.Table.Sources)),
	}
}

// Shown are the scrapes of targets that no marker shows, as the series of pods show them, for
// each source.
type Shown []map[timeline.Target]*timeline.Scrapes

// Add enters a series of a target that an inventory lacks, and says whether it was lacking.
func (s Shown) Add(inv *Inventory, source int, target timeline.Target, row promapi.Series) bool {
	if inv.Targets[source].Scrapes[target] != nil {
		return false
	}
	if s[source] == nil {
		s[source] = map[timeline.Target]*timeline.Scrapes{}
	}
	seen := indirect(inv.Span, row)
	if before := s[source][target]; before != nil {
		seen = before.Join(seen)
	}
	s[source][target] = seen
	return true
}

// Find takes the inventory of a span. What pods' series have shown of further targets comes
// from an attempt before, nil for the first one.
func (f *Finder) Find(ctx context.Context, w *fetch.Window, span timeline.Span, more Shown) (*Inventory, error) {
	inv := &Inventory{Naming: f.naming, Span: span}
	var err error
	if inv.Pods, err = f.pods(ctx, w, span); err != nil {
		return nil, err
	}
	if err = f.namesakes(ctx, w, span, inv.Pods); err != nil {
		return nil, err
	}
	for i, source := range f.table.Sources {
		found, err := f.marked(ctx, w, span, source)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			found.showBy(inv.Pods, span)
		}
		f.addUnmarked(i, found, more)
		if err := f.up(ctx, w, span, found.all); err != nil {
			return nil, err
		}
		f.forget(i, found)
		own, others := f.trust.judge(source, found, inv.Pods)
		inv.Targets, inv.others = append(inv.Targets, resolve(span, own)), append(inv.others, others)
	}
	inv.keepOwn()
	timeline.ResolveLifetimes(inv.Targets...)
	for _, p := range inv.Pods {
		inv.Targets[0].NoteShards(p.sightings())
	}
	return inv, nil
}

// keepOwn drops what the pods were shown as by targets that are not kube-state-metrics, and
// the pods that nothing else has shown.
func (inv *Inventory) keepOwn() {
	inv.Pods = slices.DeleteFunc(inv.Pods, func(p *Pod) bool {
		p.shown = slices.DeleteFunc(p.shown, func(s shown) bool { return inv.Ignores(0, s.by) })
		return len(p.shown) == 0
	})
}

// addUnmarked adds the targets of a source that only pods' series have shown, in this span or
// in one before.
func (f *Finder) addUnmarked(source int, found *candidates, more Shown) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if more != nil && len(more[source]) > 0 {
		if f.found[source] == nil {
			f.found[source] = map[timeline.Target]bool{}
		}
		for t := range more[source] {
			f.found[source][t] = true
		}
	}
	for _, t := range slices.SortedFunc(maps.Keys(f.found[source]), timeline.Target.Compare) {
		c := found.add(t)
		if more != nil && more[source][t] != nil {
			c.show(more[source][t])
		}
	}
}

// forget drops the targets that only pods' series have shown and of which this span shows
// nothing any more.
func (f *Finder) forget(source int, found *candidates) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.found[source], func(t timeline.Target, _ bool) bool {
		c := found.at[t]
		return c != nil && c.scrapes() == nil
	})
}

// Series selects what is read of a source for some pods.
func (inv *Inventory) Series(table metric.Table, source int, pods []*Pod) []promapi.Selector {
	name := table.Sources[source].Name
	if len(table.Reads(name, false)) == 0 {
		return nil // no metric needs it
	}
	plain := together(table.Reads(name, false))
	if source != 0 {
		var out []promapi.Selector
		for _, form := range forms() {
			out = append(out, slices.Concat(plain, form.Select(pods)))
		}
		return out
	}
	withSidecars := slices.DeleteFunc(slices.Clone(pods), func(p *Pod) bool { return len(p.Sidecars) == 0 })
	return append(selectors(pods, plain), selectors(withSidecars, together(table.Reads(name, true)))...)
}

// Phases selects the phases of some pods in which their requests and limits count.
func (inv *Inventory) Phases(pods []*Pod) []promapi.Selector {
	return selectors(pods, promapi.Selector{
		{Type: promapi.MatchEqual, Name: "__name__", Value: metric.PodPhase},
		oneOf("phase", []string{"Pending", "Running"}),
	})
}

func together(all []metric.Series) promapi.Selector {
	names, match := metric.Together(all)
	return append(promapi.Selector{oneOf("__name__", names)}, matchers(match)...)
}
