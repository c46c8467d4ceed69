package measure

import (
	"cmp"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// incarnation is one life of a container, from a start to the end or the next restart.
type incarnation struct {
	id      rowID
	samples [][]promapi.Sample // of each metric of the source
	shown   int64              // by any target first, 0 where that is its first sample
	first   bool               // no other of the container's incarnations was seen before it

	// The scrapes of its targets before and after it that did not show it, 0 where not known.
	before, after int64
}

func (i *incarnation) begin() int64 {
	t := first(nil)
	for _, s := range i.samples {
		t = min(t, first(s))
	}
	return t
}

func (i *incarnation) end() int64 {
	t := last(nil)
	for _, s := range i.samples {
		t = max(t, last(s))
	}
	return t
}

func (i *incarnation) empty() bool {
	return !slices.ContainsFunc(i.samples, func(s []promapi.Sample) bool { return len(s) > 0 })
}

// within is the incarnation as it was seen in a span.
func (i *incarnation) within(s timeline.Span) *incarnation {
	out := &incarnation{id: i.id, first: i.first, before: i.before, after: i.after}
	for _, samples := range i.samples {
		out.samples = append(out.samples, Within(samples, s))
	}
	return out
}

// incarnations sorts a container's rows into its lives, in the order in which they began, and
// ends each where the next begins: a kubelet may go on showing a dead one for minutes.
func (m Measurer) incarnations(l life, u *usage, byMetric [][]row, out *Result) []*incarnation {
	all := m.merge(l, u, byMetric, out)
	if len(all) > 0 && all[0].id.cgroup == "" {
		all = m.separated(u, all)
	}
	// Those there from the start on began before it, in an order that how they end shows: the
	// dead one's row goes first, or at least stands still. A pod's all go before those of the
	// pod that has its name after it.
	begin := func(i *incarnation) int64 { return max(i.begin(), m.Inventory.Span.From+u.targets.Interval*3/2) }
	podBegin := map[string]int64{}
	for _, i := range all {
		uid := i.id.uid()
		if t, ok := podBegin[uid]; !ok || begin(i) < t {
			podBegin[uid] = begin(i)
		}
	}
	slices.SortFunc(all, func(a, b *incarnation) int {
		return cmp.Or(cmp.Compare(podBegin[a.id.uid()], podBegin[b.id.uid()]), cmp.Compare(begin(a), begin(b)),
			cmp.Compare(a.end(), b.end()), cmp.Compare(m.rise(u, a), m.rise(u, b)), a.id.compare(b.id))
	})
	for n := range all {
		all[n].first = n == 0
		if n+1 == len(all) {
			break
		}
		until := timeline.Span{From: last(nil), To: all[n+1].begin()}
		if shown := all[n+1].shown; shown > 0 {
			until.To = min(until.To, shown)
		}
		for k, samples := range all[n].samples {
			all[n].samples[k] = Within(samples, until)
			l.leaveOut(out, row{id: all[n].id}, outlivedRow, len(samples)-len(all[n].samples[k]))
		}
	}
	return slices.DeleteFunc(all, (*incarnation).empty)
}

// merge makes one incarnation of all rows of an id.
func (m Measurer) merge(l life, u *usage, byMetric [][]row, out *Result) []*incarnation {
	var ids []rowID
	for _, rows := range byMetric {
		for _, r := range rows {
			ids = append(ids, r.id)
		}
	}
	ids = distinct(ids, func(id rowID, why string) {
		for _, rows := range byMetric {
			for _, r := range rows {
				if r.id == id {
					l.leaveOut(out, r, why, len(r.samples))
				}
			}
		}
	})
	var all []*incarnation
	for _, id := range ids {
		i := &incarnation{id: id}
		for _, rows := range byMetric {
			samples, repeated := merged(slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.id != id }), u.targets.Interval)
			for _, r := range repeated {
				l.leaveOut(out, r, repeatedRow, len(r.samples))
			}
			i.samples = append(i.samples, samples)
			for _, r := range rows {
				if t := first(r.samples); r.id == id && id.cgroup != "" && (i.shown == 0 || t < i.shown) {
					i.shown = t
				}
			}
		}
		all = append(all, i)
	}
	return all
}

// rise is how much of what is counted the incarnation was seen to use.
func (m Measurer) rise(u *usage, i *incarnation) float64 {
	var sum float64
	for n, samples := range i.samples {
		if m.fold(u, n) == metric.Rate && len(samples) > 0 {
			sum += samples[len(samples)-1].V - samples[0].V
		}
	}
	return sum
}

func (m Measurer) fold(u *usage, n int) metric.Fold { return m.Table.Metrics[u.metrics[n]].Fold }

// separated splits rows without ids, one for each target, where the target was scraped without
// the row in between while another one showed a row of that name, and where a counter begins at
// zero again: that is another container, or the same one restarted.
func (m Measurer) separated(u *usage, all []*incarnation) []*incarnation {
	var out []*incarnation
	for n, i := range all {
		others := sampleTimes(slices.Concat(all[:n], all[n+1:]))
		mine := sampleTimes([]*incarnation{i})
		from := last(nil)
		for k := 1; k < len(mine); k++ {
			cameBack := timeline.Missed(others, mine[k-1], mine[k]) && u.scrapedBetween(i.id.instance, mine[k-1], mine[k])
			if cameBack || m.resetAt(u, i, mine[k]) {
				out = append(out, i.within(timeline.Span{From: from, To: mine[k]}))
				from = mine[k]
			}
		}
		out = append(out, i.within(timeline.Span{From: from, To: first(nil)}))
	}
	return out
}

// scrapedBetween says whether a target of the instance was scraped between two samples of a
// row, so that it cannot have had the row then. A sample with a timestamp of its own is older
// than its scrape; where scrapes are not known, a silence of an outage's length stands for one.
func (u *usage) scrapedBetween(instance string, from, to int64) bool {
	for t, sc := range u.targets.Scrapes {
		if t.Instance != instance {
			continue
		}
		if sc.Indirect && to-from > sc.Silence() {
			return true
		}
		late := int64(0)
		if _, own := slices.BinarySearch(sc.OK, from); !own {
			late = housekeeping
		}
		if !sc.Indirect && timeline.Missed(sc.OK, from+late, to) {
			return true
		}
	}
	return false
}

// resetAt says whether a counter has fallen at its sample of a moment.
func (m Measurer) resetAt(u *usage, i *incarnation, t int64) bool {
	for n, samples := range i.samples {
		at, found := slices.BinarySearchFunc(samples, t, compareTime)
		if m.fold(u, n) == metric.Rate && found && at > 0 && samples[at].V < samples[at-1].V {
			return true
		}
	}
	return false
}

// sampleTimes returns when any incarnation was seen.
func sampleTimes(all []*incarnation) []int64 {
	var times []int64
	for _, i := range all {
		for _, samples := range i.samples {
			for _, s := range samples {
				times = append(times, s.T)
			}
		}
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// scrapesBeside finds between which scrapes each incarnation was there, where its id is its
// own and its targets' scrapes are known.
func (u *usage) scrapesBeside(all []*incarnation, byMetric [][]row) {
	for _, i := range all {
		if i.id.cgroup == "" {
			continue
		}
		for _, rows := range byMetric {
			for _, r := range rows {
				if sc := u.targets.Scrapes[r.target]; r.id == i.id && sc != nil && !sc.Indirect {
					i.absent(r.samples, sc.OK)
				}
			}
		}
	}
}

// absent notes which scrapes of a row's target did not show it yet, and no longer. A sample
// with a timestamp of its own may be older than its scrape by what housekeeping takes.
func (i *incarnation) absent(samples []promapi.Sample, scraped []int64) {
	begins, shown := slices.BinarySearch(scraped, first(samples))
	_, alsoShown := slices.BinarySearch(scraped, last(samples))
	var late int64
	if !shown || !alsoShown {
		late = housekeeping
	}
	if begins > 0 {
		i.before = max(i.before, scraped[begins-1]-late)
	}
	next, _ := slices.BinarySearch(scraped, last(samples)+late+1)
	if next < len(scraped) && (i.after == 0 || scraped[next] < i.after) {
		i.after = scraped[next]
	}
}
