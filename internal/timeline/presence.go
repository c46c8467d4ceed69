package timeline

import (
	"cmp"
	"iter"
	"slices"
	"sort"
)

// Presence says when one pod, and whatever is part of it, was there. It is judged at the
// same scrapes for everything about the pod: at each moment those of one target. Of the
// targets that know the pod that is the one that saw it most; the others where that one
// did not. While none of them exists, because it was rescheduled, any other counts: what
// that does not show is gone.
type Presence struct {
	span    Span
	grid    []scrape
	times   []int64          // of the grid
	margins map[Target]int64 // within which a sample of another time is of the same scrape
	Known   Spans            // between such scrapes, where they went on; of a pod known by its uid, near its life
}

type scrape struct {
	t  int64
	by Target
}

func (a scrape) compare(b scrape) int { return cmp.Or(cmp.Compare(a.t, b.t), a.by.Compare(b.by)) }

// NewPresence takes the scrapes of each target that showed the pod. A pod known by its uid
// does not come back: from the first to the last scrape that showed it, it was there.
func NewPresence(s *Targets, seen Sightings, byUID bool) *Presence {
	p := &Presence{span: s.Span, margins: map[Target]int64{}}
	runs := runsOf(s, seen)
	first, last := int64(1<<63-1), int64(-1<<63)
	for _, r := range runs {
		first, last = min(first, r.first()), max(last, r.last())
		p.grid = slices.Grow(p.grid, len(r.times))
		for _, t := range r.times {
			p.grid = append(p.grid, scrape{t, r.by})
		}
	}
	others := s.others(seen, runs, byUID)
	for by, sc := range s.Scrapes {
		p.margins[by] = sc.Interval / 2
		margin := sc.Interval
		if byUID && seen[by] == nil {
			margin = 0 // it is not that its view is somewhat older: it has taken over
		}
		counts := func(t int64) bool {
			return (seen[by] != nil || others(by, t)) && !s.contradicted(runs, scrape{t, by}, margin)
		}
		before, during, after := s.without(by, seen[by], runs, last, byUID)
		if byUID {
			before, during, after = beside(before, after, Span{first, last}, max(s.Interval, sc.Interval), counts)
		}
		for _, t := range slices.Concat(before, during, after) {
			if byUID || counts(t) {
				p.grid = append(p.grid, scrape{t, by})
			}
		}
	}
	p.order(s)
	return p
}

// order completes a presence whose grid has all its scrapes. Of those before the span, the last
// one says whether there was an outage as it began.
func (p *Presence) order(s *Targets) {
	slices.SortFunc(p.grid, scrape.compare)
	looked := make([]int64, 1, len(p.grid)+1)
	looked[0] = -1 << 63
	for _, g := range p.grid {
		looked = append(looked, g.t)
		if sc := s.Scrapes[g.by]; sc != nil && len(sc.Before) > 0 {
			looked[0] = max(looked[0], sc.Before[len(sc.Before)-1])
		}
	}
	p.times = looked[1:]
	if looked[0] < s.Span.From-Preroll {
		looked = p.times // nobody is known to have looked before
	}
	p.Known = steady(s.Span, looked, s.Interval)
	if n := len(looked); n > 0 && s.Span.To-looked[n-1] > 3*s.Interval/2 {
		p.Known = p.Known.Intersect(Spans{{s.Span.From, looked[n-1]}}) // a turn was missed: it may be out
	}
}

// beside returns the scrapes nearest to a pod's life that count, before it and after it, up to
// two that are no outage apart: what was farther from it says nothing more of it. There are
// none that count during its life.
func beside(before, after []int64, life Span, interval int64, counts func(int64) bool) (_, _, _ []int64) {
	n, _ := slices.BinarySearch(before, life.From)
	if m, _ := slices.BinarySearch(before, life.To+1); m < len(before) {
		after = before[m:]
	}
	near := func(all iter.Seq2[int, int64], edge int64) (out []int64) {
		for _, t := range all {
			if !counts(t) {
				continue
			}
			out = append(out, t)
			if k := len(out) - 2; k >= 0 && max(t-out[k], out[k]-t) <= Outage(interval) && max(t-edge, edge-t) > interval {
				break
			}
		}
		return out
	}
	return near(slices.Backward(before[:n]), life.From), nil, near(slices.All(after), life.To)
}

// others says which scrapes of the targets that never showed a pod count: those of its own
// cluster, while none of the targets that did was there, nor any that may know it unheard.
func (s *Targets) others(seen Sightings, runs []*run, byUID bool) func(Target, int64) bool {
	knowing := make([]Target, 0, len(seen))
	var tried Spans
	for t := range seen {
		knowing = append(knowing, t)
		tried = tried.Union(s.Exists[t])
	}
	there := s.Existence(knowing...)
	if byUID {
		there = tried
	}
	for t, sc := range s.Scrapes {
		if len(s.unheard[t]) > 0 && seen[t] == nil && !s.blind(t, sc.OK, s.Span.To, runs) {
			there = there.Union(s.unheard[t])
		}
	}
	absent := there.Complement(s.Span)
	return func(by Target, t int64) bool {
		ours := len(knowing) == 0 || by.Cluster == knowing[0].Cluster
		return ours && absent.Hold(t, t)
	}
}

// without returns the scrapes of a target that did not show a pod though the target would
// have known it: before it first showed the pod, up to when any target showed it last, and
// after that. A shard knows nothing of a pod that others show, neither before it shows one of
// that name itself, nor from when on others do; but one that shows the pod of a uid knew of it before.
func (s *Targets) without(by Target, shown []int64, runs []*run, last int64, byUID bool) (before, during, after []int64) {
	rest, until := s.Scrapes[by].OK, int64(1<<63-1)
	if len(shown) > 0 {
		until = shown[0]
	}
	n, _ := slices.BinarySearch(rest, until)
	knew := byUID && len(shown) > 0
	if knew && !lacked(by, rest[:n], runs) || !knew && !s.blind(by, rest[:n], until, runs) {
		before = rest[:n]
	}
	rest = rest[n:]
	n, _ = slices.BinarySearch(rest, last+1)
	knows := true
	for _, t := range rest[:n] {
		for len(shown) > 0 && shown[0] < t {
			shown = shown[1:]
		}
		switch {
		case len(shown) > 0 && shown[0] == t:
			knows = true
		case !knows || othersShow(runs, by, t):
			knows = false
		default:
			during = append(during, t)
		}
	}
	if knows {
		after = rest[n:]
	}
	return before, during, after
}

// blind says whether a target knew nothing of a pod until some moment: it lacked it while another
// target showed it. One that is known to be a shard need only have been there, and scraped within an
// interval, when another target showed the pod.
func (s *Targets) blind(by Target, without []int64, until int64, runs []*run) bool {
	sc := s.Scrapes[by]
	wasThere := func(r *run) bool {
		return Missed(sc.OK, r.first()-sc.Interval, r.last()+sc.Interval) &&
			slices.ContainsFunc(s.Exists[by], func(x Span) bool { return x.From <= r.last() && r.first() <= x.To })
	}
	return lacked(by, without, runs) ||
		s.Shards[by] && slices.ContainsFunc(runs, func(r *run) bool { return r.by != by && r.first() < until && wasThere(r) })
}

// lacked says whether a target was scraped without the pod between two scrapes by which another one
// showed it.
func lacked(by Target, without []int64, runs []*run) bool {
	return slices.ContainsFunc(runs, func(r *run) bool { return r.by != by && Missed(without, r.first(), r.last()) })
}

// othersShow says whether another target showed the pod before and after a moment.
func othersShow(runs []*run, than Target, t int64) bool {
	return slices.ContainsFunc(runs, func(r *run) bool { return r.by != than && r.first() < t && t < r.last() })
}

// NoteShards notes that the targets of a job are shards, which know some of the pods, if one of
// them did not show a pod while another target did.
func (s *Targets) NoteShards(seen Sightings) {
	if len(seen) == len(s.Scrapes) {
		return
	}
	runs := runsOf(s, seen)
	for t, sc := range s.Scrapes {
		if seen[t] != nil || s.Shards[t] || !s.blind(t, sc.OK, s.Span.To, runs) {
			continue
		}
		for o := range s.Scrapes {
			if o.Job == t.Job && o.Cluster == t.Cluster {
				s.Shards[o] = true
			}
		}
	}
}

// Life returns when something of the pod was there, given the scrapes that show it. A change
// lies half-way between the scrape before and the scrape after it; where no scrape could
// show it, in a hole or at an edge of the span, the nearest one counts.
func (p *Presence) Life(seen Sightings) Spans {
	if len(p.grid) > 0 && slices.Equal(seen[p.grid[0].by], p.times) {
		return Spans{p.span} // it was shown each time, as most things are
	}
	var out Spans
	var by Target
	var times []int64
	var margin int64
	for i, g := range p.grid {
		if i == 0 || g.by != by {
			by, times, margin = g.by, seen[g.by], p.margins[g.by]
		}
		for len(times) > 1 && times[1] <= g.t {
			times = times[1:] // the grid is in order of time, too
		}
		if !p.near(times, g.t, margin) {
			continue
		}
		cell := p.span
		if i > 0 {
			cell.From = middle(p.grid[i-1].t, g.t)
		}
		if i+1 < len(p.grid) {
			cell.To = middle(g.t, p.grid[i+1].t)
		}
		out = out.extended(cell)
	}
	return out
}

func middle(a, b int64) int64 { return a + (b-a)/2 }

// near says whether one of the first two times is that of a scrape at t: the same, or, where
// something between merged the samples of two Prometheus servers, less than the margin away
// and no other scrape's.
func (p *Presence) near(times []int64, t, margin int64) bool {
	for _, x := range times[:min(2, len(times))] {
		if x == t {
			return true
		}
		if _, others := slices.BinarySearch(p.times, x); max(x-t, t-x) < margin && !others {
			return true
		}
	}
	return false
}

// run is a stretch of successive scrapes of one target that all showed the pod, without an outage of it.
type run struct {
	times []int64
	by    Target
}

func (r *run) first() int64 { return r.times[0] }
func (r *run) last() int64  { return r.times[len(r.times)-1] }

// runsOf covers the pod's life once: by the target that showed it most often first, by the
// others what lies outside that, or where it was out.
func runsOf(s *Targets, seen Sightings) []*run {
	targets := make([]Target, 0, len(seen))
	for t := range seen {
		targets = append(targets, t)
	}
	slices.SortFunc(targets, func(a, b Target) int {
		return cmp.Or(cmp.Compare(len(seen[b]), len(seen[a])), a.Compare(b))
	})
	var runs []*run
	for _, by := range targets {
		chosen := runs
		var cur *run
		sc := s.Scrapes[by]
		var scraped []int64
		if sc != nil {
			scraped = sc.OK
		}
		for _, t := range seen[by] {
			if slices.ContainsFunc(chosen, func(r *run) bool { return r.first() <= t && t <= r.last() }) {
				cur = nil
				continue
			}
			if cur == nil || Missed(scraped, cur.last(), t) || sc != nil && t-cur.last() > sc.Silence() {
				cur = &run{by: by}
				runs = append(runs, cur)
			}
			cur.times = append(cur.times, t)
		}
	}
	return runs
}

// Missed says whether there is a time strictly between two moments.
func Missed(times []int64, from, to int64) bool {
	i := sort.Search(len(times), func(i int) bool { return times[i] > from })
	return i < len(times) && times[i] < to
}

// contradicted says whether a scrape that did not show the pod is overruled by a run of
// those that did: its own, or another target's less than an interval away, whose view may
// be somewhat older or newer. What that target showed before or after the run decides; where
// it was not scraped then, the scrape at hand does.
func (s *Targets) contradicted(runs []*run, x scrape, margin int64) bool {
	for _, r := range runs {
		from, to := r.first(), r.last()
		if sc := s.Scrapes[r.by]; r.by != x.by && sc != nil {
			if i, _ := slices.BinarySearch(sc.OK, from); i > 0 && from-sc.OK[i-1] <= sc.Silence() {
				from -= margin
			}
			if i, _ := slices.BinarySearch(sc.OK, to+1); i < len(sc.OK) && sc.OK[i]-to <= sc.Silence() {
				to += margin
			}
		}
		if from <= x.t && x.t <= to {
			return true
		}
	}
	return false
}
