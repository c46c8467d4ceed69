package downsample

import (
	"slices"
	"sort"
)

// witness tells when the scrapes that could show a pod took place. They are those of the
// kube-state-metrics instances that know it; while none of these is there, because it was
// rescheduled, those of any other: what they do not show is gone.
type witness struct {
	source *source
	times  []sighting
	known  spans // when they were scraped at all
}

type sighting struct {
	t   int64
	who target
}

func newWitness(s *source, knowing []target) *witness {
	w := &witness{source: s}
	for _, k := range knowing {
		if sc := s.targets[k]; sc != nil {
			for _, t := range sc.ok {
				w.times = append(w.times, sighting{t, k})
			}
		}
	}
	absent := s.existence(knowing).complement(s.slice)
	for other, sc := range s.targets {
		if slices.Contains(knowing, other) || len(knowing) > 0 && other.cluster != knowing[0].cluster {
			continue
		}
		for _, t := range sc.ok {
			if absent.holds(t, t) {
				w.times = append(w.times, sighting{t, other})
			}
		}
	}
	slices.SortFunc(w.times, func(a, b sighting) int {
		if a.t != b.t {
			return int(min(1, max(-1, a.t-b.t)))
		}
		return a.who.compare(b.who)
	})
	times := make([]int64, len(w.times))
	for i, x := range w.times {
		times[i] = x.t
	}
	w.known = covered(s.slice, times, int64(outageIntervals*float64(s.interval)))
	return w
}

// run is a stretch of successive scrapes of one target that all showed something.
type run struct {
	first, last int64
	who         target
}

// life returns when something was there, given the scrapes that showed it. A change lies
// half-way between the scrape before and the scrape after it; where no scrape could tell,
// in a hole or at an edge of the slice, the nearest one's word holds.
func (w *witness) life(seen map[target][]int64) spans {
	runs := w.runs(seen)
	if len(runs) == 0 {
		return nil
	}
	absences := w.absences(runs)
	// firstAfter and lastBefore return an absence strictly between two moments.
	firstAfter := func(from, to int64) (int64, bool) {
		i := sort.Search(len(absences), func(i int) bool { return absences[i] > from })
		return at(absences, i, func(t int64) bool { return t < to })
	}
	lastBefore := func(from, to int64) (int64, bool) {
		i := sort.Search(len(absences), func(i int) bool { return absences[i] >= to })
		return at(absences, i-1, func(t int64) bool { return t > from })
	}
	slice := w.source.slice
	from := slice.from
	if t, ok := lastBefore(slice.from-1, runs[0].first); ok {
		from = middle(t, runs[0].first)
	}
	var out []span
	for i := 1; i < len(runs); i++ {
		a, b := runs[i-1].last, runs[i].first
		if t, ok := firstAfter(a, b); ok {
			out = append(out, span{from, middle(a, t)})
			t, _ = lastBefore(a, b)
			from = middle(t, b)
		}
	}
	to, last := slice.to, runs[len(runs)-1].last
	if t, ok := firstAfter(last, slice.to); ok {
		to = middle(last, t)
	}
	return newSpans(append(out, span{from, to})...)
}

func at(times []int64, i int, ok func(int64) bool) (int64, bool) {
	if i < 0 || i >= len(times) || !ok(times[i]) {
		return 0, false
	}
	return times[i], true
}

func middle(a, b int64) int64 { return a + (b-a)/2 }

// runs covers the life of something once: the target that showed it most often first,
// of the others what lies outside that.
func (w *witness) runs(seen map[target][]int64) []run {
	targets := make([]target, 0, len(seen))
	for t := range seen {
		targets = append(targets, t)
	}
	slices.SortFunc(targets, func(a, b target) int {
		if d := len(seen[b]) - len(seen[a]); d != 0 {
			return d
		}
		return a.compare(b)
	})
	var runs []run
	for _, k := range targets {
		chosen := slices.Clone(runs)
		var cur *run
		var scraped []int64
		if sc := w.source.targets[k]; sc != nil {
			scraped = sc.ok
		}
		slices.Sort(seen[k])
		for _, t := range seen[k] {
			if slices.ContainsFunc(chosen, func(r run) bool { return r.first <= t && t <= r.last }) {
				cur = nil
				continue
			}
			if cur == nil || missed(scraped, cur.last, t) {
				runs = append(runs, run{t, t, k})
				cur = &runs[len(runs)-1]
			}
			cur.last = t
		}
	}
	slices.SortFunc(runs, func(a, b run) int { return int(min(1, max(-1, a.first-b.first))) })
	return runs
}

// missed says whether there was a scrape strictly between two moments.
func missed(scraped []int64, from, to int64) bool {
	i := sort.Search(len(scraped), func(i int) bool { return scraped[i] > from })
	return i < len(scraped) && scraped[i] < to
}

// absences returns when a scrape that could have shown it did not. Another target's word
// counts only an interval away from a run: its scrapes, and its view, are a little apart.
func (w *witness) absences(runs []run) []int64 {
	var out []int64
	i := 0
	for _, x := range w.times {
		for i < len(runs) && runs[i].last < x.t {
			i++
		}
		contradicted := i < len(runs) && w.near(runs[i], x)
		// An earlier run may reach further than the one before i.
		for j := i - 1; j >= 0 && !contradicted; j-- {
			contradicted = w.near(runs[j], x)
			if runs[j].who == x.who {
				break
			}
		}
		if !contradicted {
			out = append(out, x.t)
		}
	}
	return out
}

func (w *witness) near(r run, x sighting) bool {
	var margin int64
	if r.who != x.who {
		margin = w.source.interval
		if sc := w.source.targets[r.who]; sc != nil {
			margin = sc.interval
		}
	}
	return r.first-margin <= x.t && x.t <= r.last+margin
}
