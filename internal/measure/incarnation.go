package measure

import (
	"cmp"
	"maps"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// incarnation is one life of a container, from a start to the end or the next restart.
type incarnation struct {
	id      rowID
	uid     string             // of the pod, as the id has it
	known   bool               // to be the pod's
	between timeline.Span      // others that the same rows show, beyond all times where there are none
	rows    []row              // that show it
	repeats []row              // without an id, by the same kubelet's targets
	samples [][]promapi.Sample // of each metric of the source
	shown   int64              // by any target first, 0 where that is its first sample
	first   bool               // no other of the container's incarnations was seen before it

	// The scrapes of its targets before and after it that did not show it, 0 where not known.
	before, after int64
	node          timeline.Spans // when its node was there
}

func (i *incarnation) begin() int64 {
	t := first(nil)
	for _, s := range i.samples {
		t = min(t, first(s))
	}
	return t
}

// showed is when any target first showed it.
func (i *incarnation) showed() int64 {
	if i.shown > 0 {
		return min(i.shown, i.begin())
	}
	return i.begin()
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

// in is the incarnation as it was seen in some spans and up to so long after each.
func (i *incarnation) in(spans timeline.Spans, after int64) *incarnation {
	out := &incarnation{id: i.id, uid: i.uid, known: i.known, between: i.between}
	for _, r := range i.rows {
		if r.samples = in(r.samples, spans, after); len(r.samples) > 0 {
			out.addRow(r)
		}
	}
	for _, samples := range i.samples {
		out.samples = append(out.samples, in(samples, spans, after))
	}
	return out
}

// addRow enters a row that shows the incarnation.
func (i *incarnation) addRow(r row) {
	i.rows = append(i.rows, r)
	if t := first(r.samples); i.id.cgroup != "" && (i.shown == 0 || t < i.shown) {
		i.shown = t
	}
}

// incarnations sorts a container's rows into its lives, in the order in which they began, and
// ends each where the next begins: a kubelet may go on showing a dead one for minutes.
func (m Measurer) incarnations(l life, u *usage, rows containerRows, out *Result) []*incarnation {
	all := m.merge(l, u, rows.byMetric, out)
	nameless := slices.IndexFunc(all, func(i *incarnation) bool { return i.id.cgroup != "" })
	if nameless < 0 {
		nameless = len(all)
	}
	all = m.filled(u, l.own(all[nameless:], rows), l.own(m.separated(u, all[:nameless]), rows))
	// Those there from the start on, or after an outage, began before it, in an order that how they end
	// shows: the dead one's row goes first, or if both stay up to the end or an outage, stands still. A
	// pod's all go before those of the pod that has its name after it.
	observed := func(t int64) timeline.Span {
		in := m.Inventory.Span
		for _, o := range u.targets.Observed {
			if o.From <= t {
				in = o
			}
		}
		return in
	}
	turns := u.targets.Interval * 3 / 2 // by then, each target has had its own
	begin := func(i *incarnation) int64 { return max(i.showed(), observed(i.showed()).From+turns) }
	end := func(i *incarnation) int64 { return min(i.end(), observed(i.end()).To-turns) }
	podBegin := map[string]int64{}
	for _, i := range all {
		if t, ok := podBegin[i.uid]; !ok || begin(i) < t {
			podBegin[i.uid] = begin(i)
		}
	}
	slices.SortFunc(all, func(a, b *incarnation) int {
		return cmp.Or(cmp.Compare(podBegin[a.uid], podBegin[b.uid]), cmp.Compare(begin(a), begin(b)),
			cmp.Compare(end(a), end(b)), cmp.Compare(m.rise(u, a), m.rise(u, b)), a.id.compare(b.id))
	})
	for n := range all {
		all[n].first = n == 0
		if n+1 == len(all) {
			break
		}
		until := timeline.Span{From: last(nil), To: all[n+1].showed()}
		for k, samples := range all[n].samples {
			all[n].samples[k] = Within(samples, until)
			l.leaveOut(out, row{id: all[n].id}, outlivedRow, len(samples)-len(all[n].samples[k]))
		}
	}
	return slices.DeleteFunc(all, (*incarnation).empty)
}

// merge makes one incarnation of all rows of an id, in the order of ids: those without a
// cgroup are first. A cgroup below another's shows the container a second time.
func (m Measurer) merge(l life, u *usage, byMetric [][]row, out *Result) []*incarnation {
	cgroups := map[string]bool{}
	for _, r := range slices.Concat(byMetric...) {
		cgroups[r.id.cgroup] = true
	}
	type rows [][]row // of each metric
	byID := map[rowID]rows{}
	for n, some := range byMetric {
		for _, r := range some {
			if r.id.nestedIn(cgroups) {
				l.leaveOut(out, r, nestedRow, len(r.samples))
				continue
			}
			if byID[r.id] == nil {
				byID[r.id] = make(rows, len(byMetric))
			}
			byID[r.id][n] = append(byID[r.id][n], r)
		}
	}
	var all []*incarnation
	for _, id := range slices.SortedFunc(maps.Keys(byID), rowID.compare) {
		i := &incarnation{id: id, uid: id.uid(), known: id.uid() != "", between: timeline.Span{From: last(nil), To: first(nil)}}
		for _, same := range byID[id] {
			samples, repeated := merged(same, u.targets.Interval)
			for _, r := range repeated {
				l.leaveOut(out, r, repeatedRow, len(r.samples))
			}
			i.samples = append(i.samples, samples)
			for _, r := range same {
				i.addRow(r)
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
	anybody := sampleTimes(all...)
	for _, i := range all {
		mine := sampleTimes(i)
		from, began := 0, last(nil)
		cut := func(to int, ended int64) {
			piece := i.in(timeline.Spans{{From: mine[from], To: mine[to-1] + 1}}, 0)
			piece.between = timeline.Span{From: began, To: ended}
			out = append(out, piece)
			from, began = to, ended
		}
		for k := 1; k < len(mine); k++ {
			cameBack := timeline.Missed(anybody, mine[k-1], mine[k]) && u.wentAway(i, mine[k-1], mine[k])
			if cameBack || m.resetAt(u, i, mine[k]) {
				cut(k, mine[k-1]+(mine[k]-mine[k-1])/2)
			}
		}
		cut(len(mine), first(nil))
	}
	return out
}

// wentAway says whether a target was scraped without its row of an incarnation between two of
// its samples.
func (u *usage) wentAway(i *incarnation, from, to int64) bool {
	return slices.ContainsFunc(i.rows, func(r row) bool {
		missed, _, ok := u.absent(r, to)
		return ok && missed > from
	})
}

// filled adds what rows without ids show while no target of the others was scraped. It is of the
// incarnation before it or after it, of the nearer one unless a counter shows that it is not. If a
// counter shows that it is of neither, it is of one that no other row shows.
func (m Measurer) filled(u *usage, all, pieces []*incarnation) []*incarnation {
	if len(all) == 0 {
		return pieces
	}
	slices.SortFunc(all, func(a, b *incarnation) int { return cmp.Or(cmp.Compare(a.begin(), b.begin()), a.id.compare(b.id)) })
	var alone []*incarnation
	for _, piece := range pieces {
		n, _ := slices.BinarySearchFunc(all, piece.begin(), func(i *incarnation, t int64) int { return cmp.Compare(i.begin(), t) })
		before, after := n > 0 && m.goesOn(u, all[n-1], piece), n < len(all) && m.goesOn(u, piece, all[n])
		if before && after {
			before = piece.begin()-all[n-1].end() <= all[n].begin()-piece.end()
		}
		switch {
		case before:
			all[n-1].add(piece)
		case after:
			all[n].add(piece)
		default:
			alone = append(alone, piece)
		}
	}
	return append(all, alone...)
}

// goesOn says whether no counter fell from what the one shows to what the other shows later.
func (m Measurer) goesOn(u *usage, one, other *incarnation) bool {
	for n, before := range one.samples {
		if after := other.samples[n]; m.fold(u, n) == metric.Rate && len(after) > 0 {
			at, _ := slices.BinarySearchFunc(before, after[0].T, compareTime)
			if at > 0 && after[0].V < before[at-1].V {
				return false
			}
		}
	}
	return true
}

// add enters what rows without ids show of the incarnation.
func (i *incarnation) add(piece *incarnation) {
	i.rows = append(i.rows, piece.rows...)
	for n := range i.samples {
		i.samples[n] = slices.Concat(i.samples[n], piece.samples[n])
		slices.SortFunc(i.samples[n], func(a, b promapi.Sample) int { return cmp.Compare(a.T, b.T) })
	}
	i.shown = min(i.shown, piece.begin())
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

// sampleTimes returns when any of the incarnations was seen.
func sampleTimes(all ...*incarnation) []int64 {
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
