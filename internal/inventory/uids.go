package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// Where some kube-state-metrics shows uids and some does not, of which pod a scrape was that shows
// none is known by who had the name before and after it.

// identified gives a uid to what was shown without one, if any target shows uids, as
// kube-state-metrics does from 2.1 on: that of the pod which had the name then. It may have
// gone before any target showed uids.
func identified(all []shown, targets *timeline.Targets, rows map[string]timeline.Span) []shown {
	began, ended := map[string]int64{}, map[string]int64{}
	nameless := false
	for _, s := range all {
		if s.uid == "" {
			nameless = true
			continue
		}
		if t, ok := began[s.uid]; !ok || s.times[0] < t {
			began[s.uid] = s.times[0]
		}
		ended[s.uid] = max(ended[s.uid], s.times[len(s.times)-1])
	}
	if len(began) == 0 || !nameless {
		return all
	}
	for uid, r := range rows {
		if b, ok := began[uid]; !ok || r.From < b {
			began[uid] = r.From
		}
	}
	known := slices.SortedFunc(maps.Keys(began), func(a, b string) int { return cmp.Or(cmp.Compare(began[a], began[b]), cmp.Compare(a, b)) })
	changes := changesOf(all, targets)
	var uids []string
	var until []int64 // when each pod is shown no more, but the one after it
	for _, c := range changes[1:] {
		if c.at <= began[known[0]] { // nothing shows the uid of the one before
			uids, until = append(uids, fmt.Sprintf("unknown-%d", len(uids)+1)), append(until, c.at)
		}
	}
	uids = append(uids, known...)
	for i, uid := range known[1:] {
		before := known[i]
		from := max(began[before], ended[before], rows[before].To)
		until = append(until, takenOver(changes, from, began[uid]))
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
			if i < len(until) {
				n, _ = slices.BinarySearch(rest, until[i])
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

// change is when a name was first shown again after a target that had shown it was scraped
// without it: that is another pod. Or it was first shown as another model's: that may be.
type change struct {
	at    int64
	again bool
}

// changesOf returns all changes of what has a name, in the order of time.
func changesOf(all []shown, targets *timeline.Targets) []change {
	type sighting struct {
		at int64
		shown
	}
	var sightings []sighting
	for _, s := range all {
		for _, t := range s.times {
			sightings = append(sightings, sighting{t, s})
		}
	}
	slices.SortFunc(sightings, func(a, b sighting) int { return cmp.Or(cmp.Compare(a.at, b.at), a.by.Compare(b.by)) })
	var out []change
	var showing []timeline.Target // that have shown it since the last change
	for i, s := range sightings {
		again := i > 0 && slices.ContainsFunc(showing, func(by timeline.Target) bool {
			return targets.Scrapes[by] != nil && timeline.Missed(targets.Scrapes[by].OK, sightings[i-1].at, s.at)
		})
		if again || i == 0 || s.owner != sightings[i-1].owner {
			out, showing = append(out, change{s.at, again}), nil
		}
		if !slices.Contains(showing, s.by) {
			showing = append(showing, s.by)
		}
	}
	return out
}

// takenOver returns when a name was first shown for the pod that has it at a moment, and not for the
// one that had it until another moment: when it was shown again, or else as another model's.
func takenOver(changes []change, from, to int64) int64 {
	n, _ := slices.BinarySearchFunc(changes, to, func(c change, t int64) int { return cmp.Compare(c.at, t) })
	out := to
	for n--; n >= 0 && changes[n].at > from; n-- {
		switch c := changes[n]; {
		case c.again:
			return c.at
		case out == to:
			out = c.at
		}
	}
	return out
}
