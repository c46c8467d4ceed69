package measure

import (
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// A row ended when a scrape of its own target no longer showed it, and began after the last one
// that did not show it yet. Targets that share job and instance, such as two endpoints of a
// kubelet, share the series by which their scrapes are known. A row's own are those in its beat; where
// its samples have timestamps of their own, that is not known, and only a scrape of about an interval
// before or after one that showed it is surely its target's, or one of each of them.

// housekeeping is how old a sample is at most for which cAdvisor sets the timestamp: it
// looks at each cgroup every 10 to 20 s.
const housekeeping = 20_000

// turn is the least time between two scrapes of one target, which may be somewhat late.
func turn(sc *timeline.Scrapes) int64 { return sc.Interval * 19 / 20 }

// taken returns when a sample was scraped, and how old it may have been: one with a timestamp
// of its own is older than its scrape, and later ones may have found nothing newer.
func taken(sc *timeline.Scrapes, t int64) (at, age int64) {
	i, own := slices.BinarySearch(sc.OK, t)
	switch {
	case own:
		return t, 0
	case i < len(sc.OK) && sc.OK[i]-t <= sc.Interval+housekeeping:
		return sc.OK[i], housekeeping
	}
	return t, housekeeping
}

// own returns the scrapes among which are those of a row's target that showed it once, and how many in
// a row may be others'.
func own(sc *timeline.Scrapes, seen, age int64) (scrapes []int64, others int) {
	if age > 0 {
		return sc.OK, sc.Sharing
	}
	return sc.Beat(seen), 0
}

// gone returns the first scrape of a row's target, after its last sample up to a moment, that
// would have shown a row which was still there, and when that sample was scraped.
func (u *usage) gone(r row, t int64) (seen, missed int64, ok bool) {
	sc := u.targets.Scrapes[r.target]
	n, _ := slices.BinarySearchFunc(r.all, t+1, compareTime)
	if sc == nil || n == 0 {
		return 0, 0, false
	}
	last := r.all[n-1].T
	seen, age := taken(sc, last)
	scrapes, others := own(sc, seen, age)
	i, _ := slices.BinarySearch(scrapes, max(seen+turn(sc), last+age+1, t+1))
	if i < len(scrapes) && scrapes[i]-seen > 3*sc.Interval/2 {
		i += others
	}
	if i >= len(scrapes) || n < len(r.all) && r.all[n].T <= scrapes[i] {
		return 0, 0, false
	}
	return seen, scrapes[i], true
}

// absent returns the last scrape of a row's target, before its first sample from a moment on,
// that would have shown a row which was already there, and when that sample was scraped.
func (u *usage) absent(r row, t int64) (missed, seen int64, ok bool) {
	sc := u.targets.Scrapes[r.target]
	n, _ := slices.BinarySearchFunc(r.all, t, compareTime)
	if sc == nil || n == len(r.all) {
		return 0, 0, false
	}
	seen, age := taken(sc, r.all[n].T)
	scrapes, others := own(sc, seen, age)
	i, _ := slices.BinarySearch(scrapes, min(seen-turn(sc)+1, t))
	if i > 0 && seen-scrapes[i-1] > 3*sc.Interval/2 {
		i -= others
	}
	if i <= 0 || n > 0 && r.all[n-1].T+age >= scrapes[i-1] {
		return 0, 0, false
	}
	return scrapes[i-1] - age, seen, true
}

// look finds between which scrapes an incarnation was there, when its node was, and which rows
// repeat what shows it.
func (u *usage) look(span timeline.Span, i *incarnation, repeats []row) {
	for _, o := range repeats {
		if slices.ContainsFunc(i.rows, func(r row) bool { return r.target.Instance == o.target.Instance }) {
			i.repeats = append(i.repeats, o)
		}
	}
	i.node = u.existence(span, i)
	for _, r := range nearest(i.rows, func(a, b row) bool { return first(a.samples) < first(b.samples) }) {
		if missed, _, ok := u.absent(r, first(r.samples)); ok {
			i.before = max(i.before, missed)
		}
	}
	for _, r := range nearest(i.rows, func(a, b row) bool { return last(a.samples) > last(b.samples) }) {
		if _, missed, ok := u.gone(r, last(r.samples)); ok && (i.after == 0 || missed < i.after) {
			i.after = missed
		}
	}
}

// nearest leaves of each target the rows to which none is nearer. Of several series of one target,
// which several Prometheus servers have, the others show nothing while their server is down.
func nearest(rows []row, nearer func(a, b row) bool) []row {
	var out []row
	for _, r := range rows {
		if !slices.ContainsFunc(rows, func(o row) bool { return o.target == r.target && nearer(o, r) }) {
			out = append(out, r)
		}
	}
	return out
}

// shown returns when a container's rows were there. Up to when, or from when on, it is told to have
// run, one was there if no scrape shows otherwise.
func (u *usage) shown(span timeline.Span, all []*incarnation, told timeline.Spans) timeline.Spans {
	var out []timeline.Span
	for _, i := range all {
		there := u.presence(span, i)
		for _, s := range told {
			if i.after > s.From && alone(all, i.end(), s.From) {
				there = there.Union(timeline.Spans{{From: i.end(), To: s.From}})
			}
			if i.before > 0 && i.before < s.To && alone(all, s.To, i.begin()) {
				there = there.Union(timeline.Spans{{From: s.To, To: i.begin()}})
			}
		}
		out = append(out, there.Intersect(i.node)...)
	}
	return timeline.NewSpans(out...)
}

// alone says whether no incarnation was seen between two moments, of which one is the end of one.
func alone(all []*incarnation, from, to int64) bool {
	return from < to && !slices.ContainsFunc(all, func(i *incarnation) bool { return from < i.end() && i.begin() < to })
}

// presence returns when an incarnation's rows were there. Between two samples that are no
// outage apart nothing was missing, and nothing is where no scrape could have shown it.
func (u *usage) presence(span timeline.Span, i *incarnation) timeline.Spans {
	times := sampleTimes(i)
	var out []timeline.Span
	from := u.beginning(span, i, times[0])
	for n, t := range times {
		next := first(nil)
		if n+1 < len(times) {
			next = times[n+1]
		}
		if next-t <= outage(u.targets.Interval) {
			continue
		}
		if to := u.ending(span, i, t); to < next {
			out = append(out, timeline.Span{From: from, To: to})
			from = max(to, u.beginning(span, i, next))
		}
	}
	return timeline.NewSpans(out...)
}

// beginning returns when rows began that were seen at a moment: half-way from the last scrape
// that did not show one.
func (u *usage) beginning(span timeline.Span, i *incarnation, t int64) int64 {
	begin := max(span.From, i.between.From)
	from := func(r row) int64 { return first(Within(r.all, timeline.Span{From: t, To: first(nil)})) }
	for _, r := range nearest(slices.Concat(i.rows, i.repeats), func(a, b row) bool { return from(a) < from(b) }) {
		if missed, seen, ok := u.absent(r, t); ok {
			begin = max(begin, missed+(seen-missed)/2)
		}
	}
	return min(begin, max(t, span.From))
}

// ending returns when rows ended that were seen at a moment: half-way to the first scrape that
// did not show one. What repeats them may have gone on for longer.
func (u *usage) ending(span timeline.Span, i *incarnation, t int64) int64 {
	end := min(span.To, i.between.To)
	upTo := func(r row) int64 { return last(Within(r.all, timeline.Span{From: last(nil), To: t + 1})) }
	for _, r := range nearest(slices.Concat(i.rows, i.repeats), func(a, b row) bool { return upTo(a) > upTo(b) }) {
		seen, missed, ok := u.gone(r, t)
		if len(r.samples) == 0 { // it repeats them
			for _, s := range Within(r.all, timeline.Span{From: t + 1, To: end}) {
				if ok {
					break
				}
				seen, missed, ok = u.gone(r, s.T)
			}
		}
		if ok {
			end = min(end, seen+(missed-seen)/2)
		}
	}
	return max(end, t)
}
