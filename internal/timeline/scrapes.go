package timeline

import (
	"cmp"
	"slices"
	"strings"
)

// Target is what Prometheus scrapes. Path tells apart several endpoints of one address.
type Target struct{ Cluster, Job, Instance, Path string }

// Compare orders targets.
func (t Target) Compare(o Target) int {
	return cmp.Or(cmp.Compare(t.Cluster, o.Cluster), cmp.Compare(t.Job, o.Job), cmp.Compare(t.Instance, o.Instance), cmp.Compare(t.Path, o.Path))
}

// String names a target as Prometheus' own pages do.
func (t Target) String() string {
	return strings.Join(strings.Fields(t.Cluster+" "+t.Job+" "+t.Instance+" "+t.Path), " ")
}

// Sightings are the times at which targets showed something.
type Sightings map[Target][]int64

// Add enters times, which come in order.
func (s Sightings) Add(by Target, times ...int64) {
	all := s[by]
	switch {
	case len(times) == 0:
	case len(all) == 0:
		s[by] = slices.Clip(times) // it may be a part of others' times
	case all[len(all)-1] < times[0]:
		s[by] = append(all, times...)
	default:
		s[by] = merged(all, times)
	}
}

// Span is from the first to the last of all times.
func (s Sightings) Span() Span {
	out := Span{1<<63 - 1, -1 << 63}
	for _, times := range s {
		out.From, out.To = min(out.From, times[0]), max(out.To, times[len(times)-1])
	}
	return out
}

// merged returns the times of both, sorted, each once.
func merged(a, b []int64) []int64 {
	if len(a) == 0 {
		return b
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// Preroll is how far before a span scrapes are looked at as well: a short span does not
// show their interval, nor which targets were there when it began.
const Preroll = 5 * 60_000

// defaultInterval is assumed where a target was scraped too seldom to know better.
const defaultInterval = 30_000

// outageIntervals is how many scrape intervals of silence make an outage: one failed
// scrape (two intervals) is none.
const outageIntervals = 2.5

// Outage is how long no scrape succeeds at least in an outage.
func Outage(interval int64) int64 { return int64(outageIntervals * float64(interval)) }

// Scrapes are the times at which one target was scraped.
type Scrapes struct {
	OK       []int64 // successfully, in the span
	Before   []int64 // successfully, in the time before it
	Tried    []int64 // successfully or not, in the span and before it
	Interval int64   // between scrapes
	Sharing  int     // other targets that have the same series: of one scrape more in a row, one is its own
	Indirect bool    // known by other series than up, which do not show failed scrapes
}

// NewScrapes returns the scrapes that a target's up series shows.
func NewScrapes(span Span, times []int64, ok func(i int) bool) *Scrapes {
	s := &Scrapes{}
	s.Interval, s.Sharing = intervalOf(times)
	for i, t := range times {
		s.add(span, t, ok(i))
	}
	return s
}

// NewIndirectScrapes returns what the times of a target's samples say of its scrapes. The
// staleness marker at the end of a series says nothing: one is written when a scrape fails,
// and another when the target is gone.
func NewIndirectScrapes(span Span, times []int64) *Scrapes {
	s := &Scrapes{Indirect: true}
	s.Interval, s.Sharing = intervalOf(times)
	for _, t := range times {
		s.add(span, t, true)
	}
	return s
}

func (s *Scrapes) add(span Span, t int64, ok bool) {
	if t >= span.To || t < span.From-Preroll {
		return
	}
	s.Tried = append(s.Tried, t)
	switch {
	case !ok:
	case t < span.From:
		s.Before = append(s.Before, t)
	default:
		s.OK = append(s.OK, t)
	}
}

// Join adds the scrapes of another series of the same target: two endpoints that share job
// and instance, or two Prometheus servers, write one each.
func (s *Scrapes) Join(o *Scrapes) *Scrapes {
	all := &Scrapes{
		OK: merged(s.OK, o.OK), Before: merged(s.Before, o.Before), Tried: merged(s.Tried, o.Tried),
		Interval: max(s.Interval, o.Interval), Sharing: max(s.Sharing, o.Sharing), Indirect: s.Indirect || o.Indirect,
	}
	if len(s.Tried) > 0 && len(o.Tried) > 0 && len(all.Tried) == len(s.Tried)+len(o.Tried) {
		all.Sharing++ // what is scraped at once has one time
	}
	return all
}

// Beat returns the successful scrapes that come as one of them does. Of targets that share their series,
// each has a beat of its own, which Prometheus keeps when it starts again.
func (s *Scrapes) Beat(of int64) []int64 {
	if s.Sharing == 0 {
		return s.OK
	}
	var out []int64
	for _, t := range s.OK {
		off := max(t-of, of-t) % s.Interval
		if min(off, s.Interval-off) <= s.Interval/500 {
			out = append(out, t)
		}
	}
	return out
}

// Silence is how long no scrape of the target succeeds at least in an outage.
func (s *Scrapes) Silence() int64 { return Outage(s.Interval) }

// intervalOf returns the scrape interval that a series shows, 0 if it shows none. Targets
// that share all labels write one series of a name between them, in a beat of several gaps that
// repeats itself: the interval is the whole beat.
func intervalOf(up []int64) (interval int64, sharing int) {
	const longestBeat = 6
	for beat := 1; beat <= longestBeat && (beat == 1 || 4*beat <= len(up)); beat++ {
		// One target's scrapes may be late now and then; a beat is kept to the millisecond or so.
		jitter := int64(20)
		if beat > 1 {
			jitter = 100
		}
		if gap, steady := medianGap(up, beat, jitter); steady {
			return gap, beat - 1
		}
	}
	gap, _ := medianGap(up, 1, 1)
	return gap, 0
}

// medianGap returns the median time between scrapes so many apart, and whether nearly all
// differ from it by no more than one part in so many.
func medianGap(times []int64, apart int, parts int64) (median int64, steady bool) {
	if len(times) <= apart+1 {
		return 0, false // a single gap may be an outage
	}
	gaps := make([]int64, 0, len(times))
	for i := apart; i < len(times); i++ {
		gaps = append(gaps, times[i]-times[i-apart])
	}
	slices.Sort(gaps)
	median = gaps[(len(gaps)-1)/2] // an outage only lengthens them
	alike := 0
	for _, gap := range gaps {
		if parts*max(gap-median, median-gap) <= median {
			alike++
		}
	}
	return median, 4*alike >= 3*len(gaps)
}

// existence returns when a target was there, from one attempt to scrape it to another. It
// was not where nobody tried although Prometheus was at work: before the first attempt for so
// long that its turn had come, and after that for as long as makes an outage, for a single
// turn is missed now and then. An outage of Prometheus may divide that: its parts, in each of
// which a turn was missed, count together.
func (s *Scrapes) existence(span Span, working Spans) Spans {
	missing := func(from, to, patience int64) bool {
		var missed int64
		for _, x := range (Spans{{from, to}}).Intersect(working) {
			if x.Length() > s.Interval {
				missed += x.Length()
			}
		}
		return missed > patience
	}
	turn := 3 * s.Interval / 2
	if s.Indirect {
		turn = s.Silence() // a failed scrape leaves no trace
	}
	var out []Span
	from, last := span.From-Preroll, span.From-Preroll
	for i, t := range s.Tried {
		switch {
		case i == 0 && missing(last, t, turn):
			from = t
		case i > 0 && missing(last, t, s.Silence()):
			out = append(out, Span{from, max(last, from+1)})
			from = t
		}
		last = t
	}
	if missing(last, span.To, s.Silence()) {
		out = append(out, Span{from, max(last, from+1)})
	} else {
		out = append(out, Span{from, span.To})
	}
	return NewSpans(out...).Intersect(Spans{span})
}

// unheard returns when the target may have known what it had not shown in the span: from
// one attempt to scrape it to its next turn, where for an interval none had succeeded.
func (s *Scrapes) unheard(span Span) Spans {
	if len(s.OK)+len(s.Before) == 0 {
		return nil // it has never shown anything
	}
	until := func(times []int64) Spans {
		var out []Span
		for _, t := range times {
			out = append(out, Span{t, t + s.Interval})
		}
		return NewSpans(out...)
	}
	return until(s.Tried).Intersect(until(s.OK).Complement(span))
}
