package inventory

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// usualPods is how many pods are assumed to be models' before that is known.
const usualPods = 500

// cells are the last digits that a uid may have, and "" for whatever has none of them. How many
// pods there are is not known before they are found: if they are too many, they are found
// cell by cell.
func cells() []string { return strings.Split("0123456789abcdef", "") }

// ofCells restricts to the pods of some cells, where these are not all.
func ofCells(some []string) promapi.Selector {
	cells := append(cells(), "")
	if len(some) == len(cells) {
		return nil
	}
	m := promapi.Matcher{Type: promapi.MatchRegexp, Name: "uid", Value: ".*[" + strings.Join(some, "") + "]"}
	if slices.Contains(some, "") {
		others := slices.DeleteFunc(cells, func(c string) bool { return slices.Contains(some, c) })
		m = promapi.Matcher{Type: promapi.MatchNotRegexp, Name: "uid", Value: ".*[" + strings.Join(others, "") + "]"}
	}
	return promapi.Selector{m}
}

// pods finds every pod that was a model's at any time of the span: its name, and how it is
// named.
func (f *Finder) pods(ctx context.Context, w *fetch.Window, span timeline.Span) ([]*Pod, error) {
	var mu sync.Mutex
	found := map[PodName]*Pod{}
	var pods []*Pod
	err := fetch.Each(ctx, w, fetch.Question[string]{
		Name: "models' pods", Span: span, Series: usualPods / len(cells()),
		Select: func(some []string) []promapi.Selector {
			var all []promapi.Selector
			for _, r := range f.rules {
				sel := promapi.Selector{
					{Type: promapi.MatchEqual, Name: "__name__", Value: metric.PodLabels},
					{Type: promapi.MatchNotEqual, Name: r.Label, Value: ""},
				}
				for _, w := range r.Where {
					sel = append(sel, promapi.Matcher{Type: promapi.MatchEqual, Name: w[0], Value: w[1]})
				}
				all = append(all, slices.Concat(sel, ofCells(some)))
			}
			return all
		},
		Keep: func(s *promapi.Series) { s.Samples, s.Ends = nil, nil },
	}, append(cells(), ""), func(_ []string, rows []promapi.Series) error {
		mu.Lock()
		defer mu.Unlock()
		for _, row := range rows {
			name := f.naming.Pod(row.Labels)
			p := found[name]
			if p == nil {
				p = &Pod{Name: name}
				found[name] = p
				pods = append(pods, p)
			}
			if form := formOf(row.Labels); !slices.Contains(p.Forms, form) {
				p.Forms = append(p.Forms, form)
			}
		}
		return nil
	})
	slices.SortFunc(pods, func(a, b *Pod) int { return a.Name.Compare(b.Name) })
	return pods, err
}

// owners finds out when each pod was shown, as whose, and its native sidecars.
func (f *Finder) owners(ctx context.Context, w *fetch.Window, span timeline.Span, pods []*Pod) error {
	byName := make(map[PodName]*Pod, len(pods))
	for _, p := range pods {
		byName[p.Name] = p
	}
	var mu sync.Mutex
	shared := grids{}
	return fetch.Each(ctx, w, fetch.Question[*Pod]{
		Name: "pods' labels", Span: span, Series: 2,
		Select: func(batch []*Pod) []promapi.Selector {
			labels := promapi.Selector{{Type: promapi.MatchEqual, Name: "__name__", Value: metric.PodLabels}}
			sidecars := promapi.Selector{
				{Type: promapi.MatchEqual, Name: "__name__", Value: metric.InitContainerInfo},
				{Type: promapi.MatchEqual, Name: "restart_policy", Value: "Always"},
			}
			return append(selectors(batch, labels), selectors(batch, sidecars)...)
		},
	}, pods, func(_ []*Pod, rows []promapi.Series) error {
		mu.Lock()
		defer mu.Unlock()
		for _, row := range rows {
			p := byName[f.naming.Pod(row.Labels)]
			if p == nil || len(row.Samples) == 0 {
				continue // a name in another's namespace
			}
			if row.Labels.Get("__name__") == metric.InitContainerInfo {
				if name := Label(row.Labels, "container"); !slices.Contains(p.Sidecars, name) {
					p.Sidecars = append(p.Sidecars, name)
				}
				continue
			}
			s := shown{uid: row.Labels.Get("uid"), by: f.naming.Target(row.Labels, f.table.Sources[0])}
			if kind, name := workload.Owner(f.rules, row.Labels.Get); name != "" {
				s.owner = workload.Model{Cluster: p.Name.Cluster, Namespace: p.Name.Namespace, Type: kind, Name: name}
			}
			s.times = shared.of(s.by, row.Samples)
			p.shown = append(p.shown, s)
		}
		return nil
	})
}

// selectors restricts a selector to pods, in each of the forms by which kube-state-metrics
// names some of them.
func selectors(pods []*Pod, of promapi.Selector) []promapi.Selector {
	byForm := map[Form][]*Pod{}
	var forms []Form
	for _, p := range pods {
		for _, f := range p.Forms {
			if byForm[f] == nil {
				forms = append(forms, f)
			}
			byForm[f] = append(byForm[f], p)
		}
	}
	var out []promapi.Selector
	for _, f := range forms {
		out = append(out, slices.Concat(of, f.Select(byForm[f])))
	}
	return out
}

// grids are the times of each target's scrapes. Nearly all pods are shown by all scrapes of
// a target: they share one copy of its times.
type grids map[timeline.Target][]int64

func (g grids) of(t timeline.Target, samples []promapi.Sample) []int64 {
	grid := g[t]
	if i, ok := slices.BinarySearch(grid, samples[0].T); ok && len(grid)-i >= len(samples) {
		part := grid[i : i+len(samples) : i+len(samples)]
		if slices.EqualFunc(part, samples, func(t int64, s promapi.Sample) bool { return t == s.T }) {
			return part
		}
	}
	times := make([]int64, len(samples))
	for i, s := range samples {
		times[i] = s.T
	}
	if len(times) > len(grid) {
		g[t] = times
	}
	return times
}
