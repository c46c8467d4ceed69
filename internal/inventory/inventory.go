// Package inventory finds out which pods were models' in a span of time, whose each was
// when, and which targets could see it.
package inventory

import (
	"cmp"
	"maps"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Inventory is what there was in a span of time. It does not change once made.
type Inventory struct {
	Naming
	Span    timeline.Span
	Pods    []*Pod                     // sorted
	Targets []*timeline.Targets        // of each source in the table
	others  []map[timeline.Target]bool // that show its series and are none of its
}

// Ignores says whether the series of a target do not count, which shows those of a source
// without being one of its targets.
func (inv *Inventory) Ignores(source int, t timeline.Target) bool { return inv.others[source][t] }

// Ignored returns the targets of which Ignores holds, sorted.
func (inv *Inventory) Ignored(source int) []timeline.Target {
	return slices.SortedFunc(maps.Keys(inv.others[source]), timeline.Target.Compare)
}

// Pod is all that goes by one name.
type Pod struct {
	Name     PodName
	Forms    []Form   // by which kube-state-metrics names it
	Sidecars []string // init containers that go on running beside the others
	shown    []shown
}

// shown is when one target showed the pod of one uid as one model's, or as nobody's.
type shown struct {
	uid   string
	owner workload.Model // zero for nobody's
	by    timeline.Target
	times []int64
}

// Merge returns a pod by which the series of both can be selected.
func (p *Pod) Merge(o *Pod) *Pod {
	if slices.Equal(p.Forms, o.Forms) && slices.Equal(p.Sidecars, o.Sidecars) {
		return p
	}
	merged := &Pod{Name: p.Name, Forms: slices.Clone(p.Forms), Sidecars: slices.Clone(p.Sidecars)}
	for _, f := range o.Forms {
		if !slices.Contains(p.Forms, f) {
			merged.Forms = append(merged.Forms, f)
		}
	}
	for _, s := range o.Sidecars {
		if !slices.Contains(p.Sidecars, s) {
			merged.Sidecars = append(merged.Sidecars, s)
		}
	}
	return merged
}

// BelongsTo says whether the pod was ever a model of which that holds.
func (p *Pod) BelongsTo(is func(workload.Model) bool) bool {
	return slices.ContainsFunc(p.shown, func(s shown) bool { return s.owner != (workload.Model{}) && is(s.owner) })
}

// Owners returns the models whose the pod was, sorted.
func (p *Pod) Owners() []workload.Model {
	var all []workload.Model
	for _, s := range p.shown {
		if s.owner != (workload.Model{}) {
			all = append(all, s.owner)
		}
	}
	slices.SortFunc(all, workload.Model.Compare)
	return slices.Compact(all)
}

// ShownBy returns the targets that showed the pod, sorted.
func (p *Pod) ShownBy() []timeline.Target {
	var all []timeline.Target
	for _, s := range p.shown {
		all = append(all, s.by)
	}
	slices.SortFunc(all, timeline.Target.Compare)
	return slices.Compact(all)
}

// Tenure is the time in which the pod of one uid was one model's.
type Tenure struct {
	UID      string // empty where kube-state-metrics shows none
	Model    workload.Model
	Spans    timeline.Spans
	Present  timeline.Spans // when the pod of this uid was there, whoever had it
	Shown    timeline.Span  // from the first to the last scrape that showed the pod of this uid
	Presence *timeline.Presence

	// The pods of other uids, which have the name, too: all, those that were any model's, and all while
	// scrapes showed them.
	Others, Rivals, ShownBeside Besides
}

// Tenures returns whose the pod was when, judged by kube-state-metrics' scrapes. When something
// else, such as cgroups, showed each uid says of which pod a scrape was that shows none.
func (p *Pod) Tenures(targets *timeline.Targets, rows map[string]timeline.Span) []Tenure {
	type owner struct {
		uid   string
		model workload.Model
	}
	owned, seen := map[owner]timeline.Sightings{}, map[string]timeline.Sightings{}
	for _, s := range identified(p.shown, targets, rows) {
		note(seen, s.uid, s)
		if s.owner != (workload.Model{}) {
			note(owned, owner{s.uid, s.owner}, s)
		}
	}
	presence, present, shown := map[string]*timeline.Presence{}, map[string]timeline.Spans{}, map[string]timeline.Spans{}
	for uid, sightings := range seen {
		presence[uid] = timeline.NewPresence(targets, sightings, uid != "")
		span := sightings.Span()
		shown[uid] = timeline.Spans{{From: span.From, To: span.To + 1}}
		if present[uid] = presence[uid].Life(sightings); uid == "" {
			present[uid] = timeline.Spans{targets.Span} // what is shown is anybody's who goes by the name
		}
	}
	var out []Tenure
	models := map[string]timeline.Spans{}
	for o, sightings := range owned {
		if spans := presence[o.uid].Life(sightings); len(spans) > 0 {
			out = append(out, Tenure{UID: o.uid, Model: o.model, Spans: spans, Present: present[o.uid], Shown: seen[o.uid].Span(), Presence: presence[o.uid]})
			models[o.uid] = models[o.uid].Union(spans)
		}
	}
	others, rivals, beside := besides(present), besides(models), besides(shown)
	for i, t := range out {
		out[i].Others, out[i].Rivals, out[i].ShownBeside = others(t.UID), rivals(t.UID), beside(t.UID)
	}
	slices.SortFunc(out, func(a, b Tenure) int { return cmp.Or(cmp.Compare(a.UID, b.UID), a.Model.Compare(b.Model)) })
	return out
}

// Besides is when pods of a name were there, but the one of some uid: somebody, while that one
// was not, or two at once.
type Besides struct{ anybody, several, mine timeline.Spans }

// Meet says whether one of them was there at any time of a span.
func (b Besides) Meet(s timeline.Span) bool {
	in := timeline.Spans{s}
	return len(b.anybody.Intersect(in).Intersect(b.mine.Complement(s))) > 0 || len(b.several.Intersect(in).Intersect(b.mine)) > 0
}

func besides(all map[string]timeline.Spans) func(uid string) Besides {
	var each []timeline.Span
	for _, spans := range all {
		each = append(each, spans...)
	}
	anybody := timeline.NewSpans(each...) // sorts each, too
	var several []timeline.Span
	until := int64(-1 << 63)
	for _, s := range each {
		several = append(several, timeline.Span{From: s.From, To: min(s.To, until)})
		until = max(until, s.To)
	}
	crowded := timeline.NewSpans(several...)
	return func(uid string) Besides { return Besides{anybody, crowded, all[uid]} }
}

// sightings are when each target showed any pod of the name.
func (p *Pod) sightings() timeline.Sightings {
	seen := timeline.Sightings{}
	for _, s := range p.shown {
		seen.Add(s.by, s.times...)
	}
	return seen
}

func note[K comparable](all map[K]timeline.Sightings, key K, s shown) {
	if all[key] == nil {
		all[key] = timeline.Sightings{}
	}
	all[key].Add(s.by, s.times...)
}

// ShownOnlyAt says whether every scrape that showed the pod is among the sightings.
func (p *Pod) ShownOnlyAt(sightings timeline.Sightings) bool {
	return !slices.ContainsFunc(p.shown, func(s shown) bool { return !s.within(sightings[s.by]) })
}

// within says whether all of its times are among others, which are in order, too.
func (s shown) within(others []int64) bool {
	return !slices.ContainsFunc(s.times, func(t int64) bool {
		for len(others) > 0 && others[0] < t {
			others = others[1:]
		}
		return len(others) == 0 || others[0] != t
	})
}
