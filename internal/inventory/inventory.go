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
	Others   Besides        // the pods of other uids, which have the name, too
	Rivals   Besides        // those of them that were any model's
	Presence *timeline.Presence
}

// Tenures returns whose the pod was when, judged by kube-state-metrics' scrapes. When
// something else, such as a cgroup, showed each uid first says of which pod a scrape was that
// shows none.
func (p *Pod) Tenures(targets *timeline.Targets, firstSeen map[string]int64) []Tenure {
	type owner struct {
		uid   string
		model workload.Model
	}
	owned, seen := map[owner]timeline.Sightings{}, map[string]timeline.Sightings{}
	for _, s := range identified(p.shown, targets, firstSeen) {
		note(seen, s.uid, s)
		if s.owner != (workload.Model{}) {
			note(owned, owner{s.uid, s.owner}, s)
		}
	}
	presence, present := map[string]*timeline.Presence{}, map[string]timeline.Spans{}
	for uid, sightings := range seen {
		presence[uid] = timeline.NewPresence(targets, sightings, uid != "")
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
	others, rivals := besides(present), besides(models)
	for i, t := range out {
		out[i].Others, out[i].Rivals = others(t.UID), rivals(t.UID)
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

// identified gives a uid to what was shown without one, if any target shows uids, as
// kube-state-metrics does from 2.1 on: that of the pod which had the name then. It may have
// gone before any target showed uids.
func identified(all []shown, targets *timeline.Targets, firstSeen map[string]int64) []shown {
	began, ended := map[string]int64{}, map[string]int64{}
	nameless := timeline.Sightings{}
	for _, s := range all {
		if s.uid == "" {
			nameless.Add(s.by, s.times...)
			continue
		}
		if t, ok := began[s.uid]; !ok || s.times[0] < t {
			began[s.uid] = s.times[0]
		}
		ended[s.uid] = max(ended[s.uid], s.times[len(s.times)-1])
	}
	if len(began) == 0 || len(nameless) == 0 {
		return all
	}
	for uid, t := range firstSeen {
		if b, ok := began[uid]; !ok || t < b {
			began[uid] = t
		}
	}
	uids := slices.SortedFunc(maps.Keys(began), func(a, b string) int { return cmp.Or(cmp.Compare(began[a], began[b]), cmp.Compare(a, b)) })
	// until is when a target without uids shows each pod no more, but the one after it.
	until := map[timeline.Target][]int64{}
	for by, times := range nameless {
		for i, uid := range uids[1:] {
			before := uids[i]
			until[by] = append(until[by], cameBack(targets.Scrapes[by], times, max(began[before], ended[before]), began[uid]))
		}
	}
	var out []shown
	for _, s := range all {
		if s.uid != "" {
			out = append(out, s)
			continue
		}
		rest := s.times
		for i, uid := range uids {
			n := len(rest)
			if i+1 < len(uids) {
				n, _ = slices.BinarySearch(rest, until[s.by][i])
			}
			if n > 0 {
				out = append(out, shown{uid, s.owner, s.by, rest[:n]})
			}
			if rest = rest[n:]; len(rest) == 0 {
				break
			}
		}
	}
	return out
}

// cameBack returns when a target first showed a pod again between two moments, after a scrape
// without one: that is another pod. Without such a scrape it is the second moment.
func cameBack(sc *timeline.Scrapes, times []int64, from, to int64) int64 {
	if sc == nil {
		return to
	}
	for i, _ := slices.BinarySearch(times, from+1); i < len(times) && times[i] < to; i++ {
		if i > 0 && timeline.Missed(sc.OK, times[i-1], times[i]) {
			return times[i]
		}
	}
	return to
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
