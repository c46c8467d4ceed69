package downsample

import (
	"cmp"
	"slices"
	"sort"
)

// witness is the scrapes whose word counts on one pod: at each moment one target's, so that
// whatever is asked about the pod is judged on the same grid. Of the kube-state-metrics
// instances that know it, that is the one that saw it most; the others where that one did
// not. While none of them is there, because it was rescheduled, any other counts: what that
// does not show is gone.
type witness struct {
	slice   span
	grid    []scrape
	margins map[target]int64 // within which a sample of another time is of the same scrape
	known   spans            // between such scrapes, where they went on
}

type scrape struct {
	t   int64
	who target
}

func (a scrape) compare(b scrape) int {
	return cmp.Or(cmp.Compare(a.t, b.t), a.who.compare(b.who))
}

// newWitness is given the scrapes of each target that showed the pod. A pod known by its uid
// does not come back: from the first to the last scrape that showed it, it was there.
func newWitness(s *source, seen map[target][]int64, byUID bool) *witness {
	w := &witness{slice: s.slice, margins: map[target]int64{}}
	runs := runsOf(s, seen)
	var shown []int64
	for _, r := range runs {
		shown = append(shown, r.first(), r.last())
		for _, t := range r.times {
			w.grid = append(w.grid, scrape{t, r.who})
		}
	}
	surely := func(t int64) bool {
		return byUID && len(shown) > 0 && slices.Min(shown) <= t && t <= slices.Max(shown)
	}
	others := s.others(seen, byUID)
	for k, sc := range s.targets {
		w.margins[k] = sc.interval / 2
		w.grid = slices.Grow(w.grid, len(sc.ok))
		margin := sc.interval
		if byUID && seen[k] == nil {
			margin = 0 // it is not that its view is somewhat older: it has taken over
		}
		for _, t := range sc.ok {
			counts := seen[k] != nil || others(k, t)
			if counts && !surely(t) && !contradicted(runs, scrape{t, k}, margin) {
				w.grid = append(w.grid, scrape{t, k})
			}
		}
	}
	slices.SortFunc(w.grid, scrape.compare)
	times := make([]int64, len(w.grid))
	for i, g := range w.grid {
		times[i] = g.t
	}
	w.known = steady(s.slice, times, s.interval)
	return w
}

// others says which scrapes of the targets that never showed a pod count: those of its own
// cluster, while none of the targets that did was there, nor any whose word is not known.
func (s *source) others(seen map[target][]int64, byUID bool) func(target, int64) bool {
	knowing := make([]target, 0, len(seen))
	var tried spans
	for k := range seen {
		knowing = append(knowing, k)
		tried = tried.union(s.exists[k])
	}
	there := s.existence(knowing)
	if byUID {
		there = tried
	}
	for k, sc := range s.targets {
		if seen[k] == nil {
			there = there.union(sc.mute(s.slice))
		}
	}
	absent := there.complement(s.slice)
	return func(k target, t int64) bool {
		ours := len(knowing) == 0 || k.cluster == knowing[0].cluster
		return ours && absent.holds(t, t)
	}
}

// life returns when something was there, given the samples that show it. A change lies
// half-way between the scrape before and the scrape after it; where no scrape could tell,
// in a hole or at an edge of the slice, the nearest one's word holds.
func (w *witness) life(seen map[target][]int64) spans {
	for _, times := range seen {
		slices.Sort(times)
	}
	var out spans
	var who target
	var times []int64
	var margin int64
	for i, g := range w.grid {
		if i == 0 || g.who != who {
			who, times, margin = g.who, seen[g.who], w.margins[g.who]
		}
		if !near(times, g.t, margin) {
			continue
		}
		cell := w.slice
		if i > 0 {
			cell.from = middle(w.grid[i-1].t, g.t)
		}
		if i+1 < len(w.grid) {
			cell.to = middle(g.t, w.grid[i+1].t)
		}
		out = out.extended(cell)
	}
	return out
}

func middle(a, b int64) int64 { return a + (b-a)/2 }

// near says whether one of the times is less than the margin away from t: those of one
// scrape are equal, unless something between merged the samples of two Prometheus servers.
func near(times []int64, t, margin int64) bool {
	i := sort.Search(len(times), func(i int) bool { return times[i] > t-margin || times[i] == t })
	return i < len(times) && (times[i] < t+margin || times[i] == t)
}

// run is a stretch of successive scrapes of one target that all showed the pod.
type run struct {
	times []int64
	who   target
}

func (r *run) first() int64 { return r.times[0] }
func (r *run) last() int64  { return r.times[len(r.times)-1] }

// runsOf covers the pod's life once: by the target that showed it most often first, by the
// others what lies outside that.
func runsOf(s *source, seen map[target][]int64) []*run {
	targets := make([]target, 0, len(seen))
	for t := range seen {
		slices.Sort(seen[t])
		targets = append(targets, t)
	}
	slices.SortFunc(targets, func(a, b target) int {
		return cmp.Or(cmp.Compare(len(seen[b]), len(seen[a])), a.compare(b))
	})
	var runs []*run
	for _, k := range targets {
		chosen := runs
		var cur *run
		var scraped []int64
		if sc := s.targets[k]; sc != nil {
			scraped = sc.ok
		}
		for _, t := range slices.Compact(seen[k]) {
			if slices.ContainsFunc(chosen, func(r *run) bool { return r.first() <= t && t <= r.last() }) {
				cur = nil
				continue
			}
			if cur == nil || missed(scraped, cur.last(), t) {
				cur = &run{who: k}
				runs = append(runs, cur)
			}
			cur.times = append(cur.times, t)
		}
	}
	return runs
}

// missed says whether there was a scrape strictly between two moments.
func missed(scraped []int64, from, to int64) bool {
	i := sort.Search(len(scraped), func(i int) bool { return scraped[i] > from })
	return i < len(scraped) && scraped[i] < to
}

// contradicted says whether a scrape that did not show the pod is overruled by a run of
// those that did: its own, or another target's less than an interval away, whose view may
// be somewhat older or newer.
func contradicted(runs []*run, x scrape, margin int64) bool {
	for _, r := range runs {
		margin := margin
		if r.who == x.who {
			margin = 0
		}
		if r.first()-margin <= x.t && x.t <= r.last()+margin {
			return true
		}
	}
	return false
}
