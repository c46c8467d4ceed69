package inventory

import (
	"context"
	"maps"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// usualNodes is how many nodes a cluster is assumed to have before it is known.
const usualNodes = 250

// candidate is a target that may be a source's.
type candidate struct {
	timeline.Target
	labels   promapi.Labels      // its own, none where no series shows them
	marked   bool                // it shows what only a target of the source has for itself
	indirect *timeline.Scrapes   // its scrapes, as the series that it carries show them
	up       []*timeline.Scrapes // as its up series show them
}

// candidates are a source's, in the order in which they were found.
type candidates struct {
	all []*candidate
	at  map[timeline.Target]*candidate
}

func (c *candidates) add(t timeline.Target) *candidate {
	if c.at == nil {
		c.at = map[timeline.Target]*candidate{}
	}
	if c.at[t] == nil {
		c.at[t] = &candidate{Target: t}
		c.all = append(c.all, c.at[t])
	}
	return c.at[t]
}

// show enters that the target carries a series.
func (c *candidate) show(s *timeline.Scrapes) {
	if c.indirect == nil {
		c.indirect = s
	} else {
		c.indirect = c.indirect.Join(s)
	}
}

// scrapes are what up shows, or where that is missing, any series that the target carries.
func (c *candidate) scrapes() *timeline.Scrapes {
	if len(c.up) == 0 {
		return c.indirect
	}
	all := c.up[0]
	for _, s := range c.up[1:] {
		all = all.Join(s)
	}
	return all
}

// marked finds a source's targets by what each has for itself. Of an endpoint that shows
// nothing of the kind, the fallback is asked for, whatever the others show.
func (f *Finder) marked(ctx context.Context, w *fetch.Window, span timeline.Span, source metric.Source) (*candidates, error) {
	var markers, fallback []metric.Series
	for _, e := range source.Endpoints {
		markers = append(markers, e.Markers...)
	}
	found := &candidates{}
	names, err := f.mark(ctx, w, span, source, found, markers)
	if err != nil {
		return nil, err
	}
	for _, e := range source.Endpoints {
		if !slices.ContainsFunc(names, e.Marks) {
			fallback = append(fallback, e.Fallback...)
		}
	}
	if len(fallback) > 0 {
		_, err = f.mark(ctx, w, span, source, found, fallback)
	}
	return found, err
}

// mark adds the targets that carry some markers, and returns the names of those that there are.
func (f *Finder) mark(ctx context.Context, w *fetch.Window, span timeline.Span, source metric.Source, found *candidates, markers []metric.Series) (names []string, err error) {
	rows, err := fetch.All(ctx, w, fetch.Question[struct{}]{
		Name: source.Name + " targets", Span: timeline.Span{From: span.From - timeline.Preroll, To: span.To}, Series: usualNodes,
		Select: func([]struct{}) []promapi.Selector {
			var all []promapi.Selector
			for _, s := range markers {
				all = append(all, series(s))
			}
			return all
		},
	})
	for _, row := range rows {
		if len(row.Samples) > 0 {
			c := found.add(f.naming.Target(row.Labels, source))
			c.show(indirect(span, row))
			c.marked, c.labels = true, row.Labels // a marker is about no pod: that label is the target's own
			names = append(names, row.Labels.Get("__name__"))
		}
	}
	return names, err
}

// indirect is what one series shows of its target's scrapes.
func indirect(span timeline.Span, row promapi.Series) *timeline.Scrapes {
	times := make([]int64, len(row.Samples))
	for i, s := range row.Samples {
		times[i] = s.T
	}
	return timeline.NewIndirectScrapes(span, times)
}

// showBy adds what all pods' series show of targets that no marker shows: one pod may have
// been there for a part of the time only.
func (c *candidates) showBy(pods []*Pod, span timeline.Span) {
	seen := timeline.Sightings{}
	for _, p := range pods {
		for _, s := range p.shown {
			if marked := c.at[s.by]; marked != nil && len(marked.indirect.OK) > 0 || s.within(seen[s.by]) {
				continue
			}
			seen.Add(s.by, s.times...)
		}
	}
	for _, t := range slices.SortedFunc(maps.Keys(seen), timeline.Target.Compare) {
		c.add(t).show(timeline.NewIndirectScrapes(span, seen[t]))
	}
}

// Up selects the up series of targets, and perhaps of some more.
func Up(of []timeline.Target) promapi.Selector {
	var jobs, instances []string
	for _, t := range of {
		jobs, instances = append(jobs, t.Job), append(instances, t.Instance)
	}
	return promapi.Selector{
		{Type: promapi.MatchEqual, Name: "__name__", Value: "up"}, oneOf("job", jobs), oneOf("instance", instances),
	}
}

// up reads the targets' own series.
func (f *Finder) up(ctx context.Context, w *fetch.Window, span timeline.Span, targets []*candidate) error {
	leading := timeline.Span{From: span.From - timeline.Preroll, To: span.To}
	return fetch.Each(ctx, w, fetch.Question[*candidate]{
		Name: "targets", Span: leading, Series: 1,
		Select: func(batch []*candidate) []promapi.Selector {
			targets := make([]timeline.Target, len(batch))
			for i, c := range batch {
				targets[i] = c.Target
			}
			return []promapi.Selector{Up(targets)}
		},
	}, targets, func(batch []*candidate, rows []promapi.Series) error {
		type address struct{ cluster, job, instance string }
		at := map[address][]promapi.Series{}
		f.clusters.look(f.naming, rows)
		for _, row := range rows {
			a := address{f.naming.cluster(row.Labels), row.Labels.Get("job"), row.Labels.Get("instance")}
			at[a] = append(at[a], row)
		}
		for _, c := range batch {
			for _, row := range ofPath(c.Path, at[address{c.Cluster, c.Job, c.Instance}]) {
				if len(row.Samples) == 0 {
					continue // a staleness marker alone: it was gone
				}
				times := make([]int64, len(row.Samples))
				for i, s := range row.Samples {
					times[i] = s.T
				}
				c.labels = row.Labels
				c.up = append(c.up, timeline.NewScrapes(span, times, func(i int) bool { return row.Samples[i].V == 1 }))
			}
		}
		return nil
	})
}

// ofPath returns the series of one address that have a target's path, or if there are none, those
// that may be the target's, for either has no path.
func ofPath(path string, up []promapi.Series) []promapi.Series {
	var same, may []promapi.Series
	for _, row := range up {
		switch p := row.Labels.Get("metrics_path"); {
		case p == path:
			same = append(same, row)
		case p == "" || path == "":
			may = append(may, row)
		}
	}
	if len(same) > 0 {
		return same
	}
	return may
}

// resolve judges a source's targets.
func resolve(span timeline.Span, found *candidates) *timeline.Targets {
	scrapes := make(map[timeline.Target]*timeline.Scrapes, len(found.all))
	for _, c := range found.all {
		if s := c.scrapes(); s != nil {
			scrapes[c.Target] = s
		}
	}
	return timeline.NewTargets(span, scrapes)
}
