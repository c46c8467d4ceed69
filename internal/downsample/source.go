package downsample

import (
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// outageIntervals is how many scrape intervals of silence make an outage: one failed
// scrape (two intervals) is none.
const outageIntervals = 2.5

// defaultInterval stands in where a target was scraped too seldom to tell.
const defaultInterval = 30_000

// scrapes are the times at which one target was scraped.
type scrapes struct {
	ok       []int64 // successfully, in the slice
	before   []int64 // successfully, some time before it
	tried    []int64 // or not, from some time before the slice on
	interval int64   // between scrapes, 0 if not known
	standIn  bool    // told by other series than up, which are silent when a scrape fails
}

func (s *scrapes) silence() int64 { return int64(outageIntervals * float64(s.interval)) }

// source is every target of one kind, kube-state-metrics or the kubelets, in one slice.
type source struct {
	slice    span
	targets  map[target]*scrapes
	observed spans            // the same up to the slice's edges, and half an interval into outages
	interval int64            // the longest of any target
	exists   map[target]spans // when it was there, scraped well or not; see comeAndGo
}

func newSource(slice span, targets map[target]*scrapes) *source {
	s := &source{slice: slice, targets: targets, exists: map[target]spans{}}
	var unknown []*scrapes
	for _, sc := range targets {
		slices.Sort(sc.ok)
		slices.Sort(sc.tried)
		sc.ok, sc.tried = slices.Compact(sc.ok), slices.Compact(sc.tried)
		if sc.interval == 0 {
			unknown = append(unknown, sc)
		}
		s.interval = max(s.interval, sc.interval)
	}
	if s.interval == 0 {
		s.interval = defaultInterval
	}
	for _, sc := range unknown {
		sc.interval = s.interval
	}
	var times []int64
	for _, sc := range targets {
		times = append(append(times, sc.before...), sc.ok...)
	}
	slices.Sort(times)
	s.observed = observed(slice, times, s.interval)
	return s
}

// only is the source as if there were no other targets, of what it observed.
func (s *source) only(of ...target) *source {
	out := &source{slice: s.slice, observed: s.observed, targets: map[target]*scrapes{}, exists: map[target]spans{}}
	for _, t := range of {
		if sc := s.targets[t]; sc != nil {
			out.targets[t], out.exists[t] = sc, s.exists[t]
			out.interval = max(out.interval, sc.interval)
		}
	}
	if out.interval == 0 {
		out.interval = s.interval
	}
	return out
}

// comeAndGo finds out when each target of the sources was there. A source's targets bear
// witness for the other's: where any was scraped, Prometheus was at work.
func comeAndGo(sources ...*source) {
	var attempts []int64
	interval := int64(1<<63 - 1)
	for _, s := range sources {
		for _, sc := range s.targets {
			attempts = append(attempts, sc.tried...)
			interval = min(interval, s.interval)
		}
	}
	slices.Sort(attempts)
	alive := alive(attempts, interval)
	for _, s := range sources {
		for t, sc := range s.targets {
			s.exists[t] = sc.existence(s.slice, alive)
		}
	}
}

// intervalOf returns the scrape interval that an up series shows, 0 if it shows none. Targets
// that share all labels write one such series between them, in a beat of several gaps that
// repeats itself: the interval is the whole beat.
func intervalOf(up []promapi.Sample) int64 {
	const longestBeat = 6
	for beat := 1; beat <= longestBeat && (beat == 1 || 4*beat <= len(up)); beat++ {
		// One target's scrapes may be late now and then; a beat is kept to the millisecond or so.
		jitter := int64(20)
		if beat > 1 {
			jitter = 100
		}
		if gap, steady := medianGap(up, beat, jitter); steady {
			return gap
		}
	}
	gap, _ := medianGap(up, 1, 1)
	return gap
}

// medianGap returns the median time between samples so many apart, and whether nearly all
// differ from it by no more than one part in so many.
func medianGap(samples []promapi.Sample, apart int, parts int64) (median int64, steady bool) {
	if len(samples) <= apart+1 {
		return 0, false // a single gap may be an outage
	}
	gaps := make([]int64, 0, len(samples))
	for i := apart; i < len(samples); i++ {
		gaps = append(gaps, samples[i].T-samples[i-apart].T)
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

// observed returns the slice without the silences that are outages, given the times of
// scrapes in it and perhaps before. What was observed reaches half an interval beyond the
// last scrape before an outage, and the first after it.
func observed(slice span, times []int64, interval int64) spans {
	var cells []span
	for _, t := range times {
		cells = append(cells, span{t - interval/2, t + interval/2})
	}
	return newSpans(cells...).union(steady(slice, times, interval)).intersect(spans{slice})
}

// steady returns what is observed from scrape to scrape, or to the slice's edges.
func steady(slice span, times []int64, interval int64) spans {
	silence := int64(outageIntervals * float64(interval))
	var out []span
	for i, t := range times {
		from, to := t, t
		if i == 0 && t >= slice.from && t-slice.from <= silence {
			from = slice.from
		}
		if i > 0 && t-times[i-1] <= silence {
			from = times[i-1]
		}
		if i == len(times)-1 && slice.to-t <= silence {
			to = slice.to
		}
		out = append(out, span{max(from, slice.from), min(to, slice.to)})
	}
	return newSpans(out...)
}

// alive returns the time between attempts that follow each other without one missing.
func alive(attempts []int64, interval int64) spans {
	var out []span
	for i := 1; i < len(attempts); i++ {
		if attempts[i]-attempts[i-1] <= 3*interval/2 {
			out = append(out, span{attempts[i-1], attempts[i]})
		}
	}
	return newSpans(out...)
}

// existence returns when a target was there, from one attempt to scrape it to another. It
// was not where it was not even tried though Prometheus was at work, without a break for so
// long that its turn had come.
func (s *scrapes) existence(slice span, alive spans) spans {
	patience := 3 * s.interval / 2
	if s.standIn {
		patience = s.silence() // a failed scrape leaves no trace
	}
	missing := func(from, to int64) bool {
		return slices.ContainsFunc(spans{{from, to}}.intersect(alive), func(x span) bool { return x.length() > patience })
	}
	var out []span
	from, last := slice.from-lead, slice.from-lead
	for i, t := range s.tried {
		if missing(last, t) {
			if i > 0 {
				out = append(out, span{from, max(last, from+1)})
			}
			from = t
		}
		last = t
	}
	if missing(last, slice.to) {
		out = append(out, span{from, max(last, from+1)})
	} else {
		out = append(out, span{from, slice.to})
	}
	return newSpans(out...).intersect(spans{slice})
}

// mute returns when the target may have known what it had not told in the slice: from one
// attempt to scrape it to its next turn, where for an interval none had succeeded.
func (s *scrapes) mute(slice span) spans {
	if len(s.ok)+len(s.before) == 0 {
		return nil // it has never told anything
	}
	until := func(times []int64) spans {
		var out []span
		for _, t := range times {
			out = append(out, span{t, t + s.interval})
		}
		return newSpans(out...)
	}
	return until(s.tried).intersect(until(s.ok).complement(slice))
}

// existence returns when any of the targets was there: up to half an interval beyond the
// first and last attempts to scrape it.
func (s *source) existence(of []target) spans {
	var out spans
	for _, t := range of {
		half := s.interval / 2
		if sc := s.targets[t]; sc != nil {
			half = sc.interval / 2
		}
		for _, x := range s.exists[t] {
			out = out.union(spans{{x.from - half, x.to + half}})
		}
	}
	return out.intersect(spans{s.slice})
}
