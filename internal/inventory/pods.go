package inventory

import (
	"context"
	"maps"
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

// cells divide pods by the last two digits of their uids, and "" are those whose uid has no such
// end. How many pods there are is not known before they are found: if they are too many, they are
// found some cells at a time. They are no more than the names that a set of any engine may have.
func cells() []string {
	var all []string
	for _, quarter := range []string{"[0-3]", "[4-7]", "[89ab]", "[c-f]"} {
		for _, digit := range "0123456789abcdef" {
			all = append(all, quarter+string(digit))
		}
	}
	return append(all, "")
}

// ofCells restricts to the pods of some cells, where these are not all.
func ofCells(some []string) promapi.Selector {
	all := cells()
	if len(some) == len(all) {
		return nil
	}
	ending := func(cells []string) string { return ".*(" + strings.Join(cells, "|") + ")" }
	if slices.Contains(some, "") {
		others := slices.DeleteFunc(all, func(c string) bool { return slices.Contains(some, c) })
		return promapi.Selector{{Type: promapi.MatchNotRegexp, Name: "uid", Value: ending(others)}}
	}
	return promapi.Selector{{Type: promapi.MatchRegexp, Name: "uid", Value: ending(some)}}
}

// pods finds every pod that was a model's at any time of the span: its name, how it is named,
// and when it was shown as whose.
func (f *Finder) pods(ctx context.Context, w *fetch.Window, span timeline.Span) ([]*Pod, error) {
	var mu sync.Mutex
	found, shared := map[PodName]*Pod{}, grids{}
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
	}, cells(), func(_ []string, rows []promapi.Series) error {
		mu.Lock()
		defer mu.Unlock()
		for _, row := range rows {
			if len(row.Samples) == 0 {
				continue
			}
			name := f.naming.Pod(row.Labels)
			p := found[name]
			if p == nil {
				p = &Pod{Name: name}
				found[name] = p
			}
			if form := formOf(row.Labels); !slices.Contains(p.Forms, form) {
				p.Forms = append(p.Forms, form)
			}
			p.shown = append(p.shown, f.shownBy(row, shared))
		}
		return nil
	})
	return slices.SortedFunc(maps.Values(found), func(a, b *Pod) int { return a.Name.Compare(b.Name) }), err
}

// namesakes finds what else goes by the pods' names: when something was shown as nobody's, and
// native sidecars.
func (f *Finder) namesakes(ctx context.Context, w *fetch.Window, span timeline.Span, pods []*Pod) error {
	byName := make(map[PodName]*Pod, len(pods))
	for _, p := range pods {
		byName[p.Name] = p
	}
	nobodys := promapi.Selector{{Type: promapi.MatchEqual, Name: "__name__", Value: metric.PodLabels}}
	for _, r := range f.rules {
		if len(r.Where) == 0 {
			nobodys = append(nobodys, promapi.Matcher{Type: promapi.MatchEqual, Name: r.Label, Value: ""})
		}
	}
	sidecars := promapi.Selector{
		{Type: promapi.MatchEqual, Name: "__name__", Value: metric.InitContainerInfo},
		{Type: promapi.MatchEqual, Name: "restart_policy", Value: "Always"},
	}
	var mu sync.Mutex
	shared := grids{}
	return fetch.Each(ctx, w, fetch.Question[*Pod]{
		Name: "pods' namesakes", Span: span, Series: 1,
		Select: func(batch []*Pod) []promapi.Selector {
			return append(selectors(batch, nobodys), selectors(batch, sidecars)...)
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
			if s := f.shownBy(row, shared); s.owner == (workload.Model{}) { // a model's is known already
				p.shown = append(p.shown, s)
			}
		}
		return nil
	})
}

// shownBy returns what a row of pods' labels shows.
func (f *Finder) shownBy(row promapi.Series, shared grids) shown {
	s := shown{uid: row.Labels.Get("uid"), by: f.naming.Target(row.Labels, f.table.Sources[0])}
	if kind, name := workload.Owner(f.rules, row.Labels.Get); name != "" {
		pod := f.naming.Pod(row.Labels)
		s.owner = workload.Model{Cluster: pod.Cluster, Namespace: pod.Namespace, Type: kind, Name: name}
	}
	s.times = shared.of(s.by, row.Samples)
	return s
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
