package downsample

import (
	"slices"
	"sort"
)

// outageIntervals is how many scrape intervals of silence make an outage: one failed
// scrape (two intervals) is none.
const outageIntervals = 2.5

// defaultInterval stands in where a target was scraped too seldom to tell.
const defaultInterval = 30_000

// scrapes are the times at which one target was scraped.
type scrapes struct {
	ok       []int64 // successfully
	all      []int64 // or not
	interval int64   // between scrapes, 0 if not known
}

func (s *scrapes) silence() int64 { return int64(outageIntervals * float64(s.interval)) }

// source is every target of one kind, kube-state-metrics or the kubelets, in one slice.
type source struct {
	slice    span
	targets  map[target]*scrapes
	observed spans // when any of them was scraped
	interval int64 // the longest of any target
	exists   map[target]spans
}

func newSource(slice span, targets map[target]*scrapes) *source {
	s := &source{slice: slice, targets: targets, exists: map[target]spans{}}
	var unknown []*scrapes
	for _, sc := range targets {
		slices.Sort(sc.ok)
		slices.Sort(sc.all)
		sc.ok, sc.all = slices.Compact(sc.ok), slices.Compact(sc.all)
		if sc.interval == 0 {
			sc.interval = medianGap(sc.all)
		}
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
	s.observed = covered(slice, s.times(nil), int64(outageIntervals*float64(s.interval)))
	for t := range targets {
		s.exists[t] = s.lifeOf(t)
	}
	return s
}

// medianGap is the scrape interval that the times show, 0 if they show none.
func medianGap(times []int64) int64 {
	gaps := make([]int64, 0, len(times))
	for i := 1; i < len(times); i++ {
		if gap := times[i] - times[i-1]; gap > 0 {
			gaps = append(gaps, gap)
		}
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// times returns when any target but the skipped one was scraped successfully, sorted.
func (s *source) times(skip *target) []int64 {
	var all []int64
	for t, sc := range s.targets {
		if skip == nil || t != *skip {
			all = append(all, sc.ok...)
		}
	}
	slices.Sort(all)
	return all
}

// covered returns the slice without the silences: each is cut exactly at the last time
// before it and the first one after it.
func covered(slice span, times []int64, silence int64) spans {
	if len(times) == 0 {
		return nil
	}
	var out []span
	from, last := slice.from, slice.from
	for _, t := range times {
		if t-last > silence {
			out = append(out, span{from, last})
			from = t
		}
		last = t
	}
	if slice.to-last > silence {
		out = append(out, span{from, last})
	} else {
		out = append(out, span{from, slice.to})
	}
	return newSpans(out...)
}

// lifeOf returns when a target was there, scraped well or not. It ended, or had not yet
// begun, where others were scraped while it was not even tried; where nothing was scraped,
// that says nothing about it.
func (s *source) lifeOf(t target) spans {
	sc := s.targets[t]
	if len(sc.all) == 0 {
		return nil
	}
	others := s.times(&t)
	// between says whether others were scraped in (from, to).
	between := func(from, to int64) bool {
		i := sort.Search(len(others), func(i int) bool { return others[i] > from })
		return i < len(others) && others[i] < to
	}
	silence, half := sc.silence(), sc.interval/2
	var out []span
	first, last := sc.all[0], sc.all[len(sc.all)-1]
	from := s.slice.from
	if between(from-1, first-silence) {
		from = first - half
	}
	for i := 1; i < len(sc.all); i++ {
		if a, b := sc.all[i-1], sc.all[i]; b-a > 2*silence && between(a+silence, b-silence) {
			out = append(out, span{from, a + half})
			from = b - half
		}
	}
	to := s.slice.to
	if between(last+silence, to) {
		to = last + half
	}
	return newSpans(append(out, span{from, to})...)
}

// existence returns when any of the targets was there.
func (s *source) existence(of []target) spans {
	var out spans
	for _, t := range of {
		out = out.union(s.exists[t])
	}
	return out
}
