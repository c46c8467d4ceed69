package measure

import (
	"cmp"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// life is one container of a pod while that was one model's, beside the pod's other tenures.
type life struct {
	tenures   []inventory.Tenure
	mine      int   // which of them is asked about
	sameUID   []int // which are of the same pod
	container Container
	running   timeline.Spans
	until     int64 // when rows showed another pod of the name first, since kube-state-metrics showed this one last
}

func (l life) tenure() inventory.Tenure { return l.tenures[l.mine] }

// usage enters what a container used, as the rows of one source show it.
func (m Measurer) usage(l life, u *usage, out *Result) {
	rows := m.rowsOf(l, u, out)
	all := m.incarnations(l, u, rows, out)
	for _, i := range all {
		u.look(m.Inventory.Span, i, rows.repeats)
	}
	lived := m.usageLife(l, u, all).Intersect(u.targets.Observed)
	for n, at := range u.metrics {
		e := m.seen(l, u, n, all, lived)
		e.Model, e.Container, e.Metric = l.tenure().Model, l.container, at
		e.Changes = l.running.Intersect(l.tenure().Spans).Changes(m.Inventory.Span)
		e.Interval = max(m.state().Interval, u.targets.Interval)
		out.Evidence = append(out.Evidence, e)
	}
}

// seen integrates one metric over a life.
func (m Measurer) seen(l life, u *usage, n int, all []*incarnation, lived timeline.Spans) Evidence {
	fold := func(since int64) Evidence {
		return m.integrate(all, lived, func(i *incarnation, share timeline.Spans) (seen, integral float64) {
			if m.fold(u, n) == metric.Rate {
				return m.rateSeen(i, i.samples[n], since, share, l.running, u.targets)
			}
			return meanSeen(i.samples[n], share, u.targets.Interval)
		})
	}
	e := fold(m.Since)
	if e.Seen == 0 && m.fold(u, n) == metric.Rate {
		// One sample in a short window: the one before it says more than nothing.
		e = fold(m.Inventory.Span.From - u.targets.Preroll())
	}
	return e
}

// containerRows are the rows of one container of one pod.
type containerRows struct {
	byMetric [][]row
	repeats  []row // one for each target, of what others show with an id

	// When one that does not say whose it is counts: where only that says whose it is, and where more does.
	mine, most timeline.Spans
}

// contested says whether nobody saw for a while which of several pods had the name.
func (r containerRows) contested() bool { return r.most.Length() > r.mine.Length() }

// rowsOf picks the container's rows, without those of another pod and without what repeats
// others. Of one that does not say whose it is, what is this pod's is judged by when it was
// there: the pod before or after it under its name may have gone on with the row. Where nobody
// saw who had the name, rows are picked as a whole: what each shows decides then (own).
func (m Measurer) rowsOf(l life, u *usage, out *Result) containerRows {
	picked := containerRows{byMetric: make([][]row, len(u.metrics))}
	set := u.rows[l.container.Name]
	if set == nil {
		return picked
	}
	span, preroll := m.Inventory.Span, m.Inventory.Span.From-u.targets.Preroll()
	leads := func(s timeline.Spans) timeline.Spans {
		if len(s) == 0 || s[0].From > span.From {
			return s
		}
		return slices.Concat(timeline.Spans{{From: preroll, To: s[0].To}}, s[1:])
	}
	mine, most := l.mineWithoutUID(span)
	picked.mine, picked.most = leads(mine), leads(most)
	elsewhere := u.nodes.elsewhere(l.tenure())
	for n := range u.metrics {
		leading := span
		if m.fold(u, n) == metric.Rate {
			leading.From = preroll
		}
		for _, r := range set.of(l.container.UID, n, picked.most.Whole()) {
			r.samples = Within(r.samples, leading)
			if r.uid == "" && !picked.contested() {
				r.samples = in(r.samples, picked.mine, 1)
			}
			if r.uid == "" && elsewhere(r.target.Instance) {
				l.leaveOut(out, r, otherPodRow, len(r.samples))
				continue
			}
			if r.id.cgroup == "" && len(set.withID) > 0 {
				with := in(r.samples, set.withID, 0)
				l.leaveOut(out, r, withoutID, len(with))
				if len(with) > 0 {
					r.samples = in(r.samples, set.withID.Complement(leading), 0)
				}
			}
			if len(r.samples) > 0 {
				picked.byMetric[n] = append(picked.byMetric[n], r)
			}
		}
	}
	for _, r := range set.repeats {
		if !elsewhere(r.target.Instance) {
			picked.repeats = append(picked.repeats, r)
		}
	}
	return picked
}

// scrapedWithID returns when targets that show rows with an id were scraped: one without is the
// same container then, as /metrics/resource shows it. Elsewhere it shows what those do not.
func (u *usage) scrapedWithID(span timeline.Span, rows *rowSet) timeline.Spans {
	var times []int64
	var targets []timeline.Target
	for _, r := range rows.every() {
		if r.id.cgroup == "" || slices.Contains(targets, r.target) {
			continue
		}
		sc := u.targets.Scrapes[r.target]
		if sc == nil {
			return timeline.Spans{{From: span.From - timeline.Preroll, To: span.To}}
		}
		targets = append(targets, r.target)
		times = append(append(times, sc.Before...), sc.OK...)
	}
	if len(targets) == 0 {
		return nil
	}
	slices.Sort(times)
	return timeline.Observed(timeline.Span{From: span.From - timeline.Preroll, To: span.To}, times, u.targets.Interval)
}

// in returns the samples that lie in some spans and up to so long after each, of which none
// touches another.
func in(samples []promapi.Sample, spans timeline.Spans, after int64) []promapi.Sample {
	if len(samples) == 0 {
		return nil
	}
	var out []promapi.Sample
	from, _ := slices.BinarySearchFunc(spans, first(samples)-after, func(s timeline.Span, t int64) int { return cmp.Compare(s.To, t) })
	for _, s := range spans[from:] {
		if s.From > last(samples) {
			break
		}
		some := Within(samples, timeline.Span{From: s.From, To: s.To + after})
		if out == nil {
			out = some[:len(some):len(some)]
		} else {
			out = append(out, some...)
		}
	}
	return out
}

// mineWithoutUID returns when a row that does not say whose it is can be the pod's: at most while
// the pod was there, and while nobody could see whether it was; and of that, what is no other
// pod's that had its name then. Rows with a uid may show that one as well.
func (l life) mineWithoutUID(span timeline.Span) (mine, most timeline.Spans) {
	t := l.tenure()
	mine, most = t.Present, t.Present
	for _, hole := range t.Presence.Known.Complement(span) {
		if !t.Present.Meet(hole) {
			continue
		}
		if most = most.Union(timeline.Spans{hole}); !t.Others.Meet(hole) {
			mine = mine.Union(timeline.Spans{hole})
		}
	}
	until := timeline.NewSpans(timeline.Span{From: span.From, To: l.until})
	return mine.Intersect(until), most.Intersect(until)
}

// own returns what is the pod's of what may be. An incarnation is one container of one pod: one that
// does not say whose it is, and was there when kube-state-metrics showed the pod, and not when it
// showed another one of the name, is all the pod's, also while nobody could see who had the name.
func (l life) own(all []*incarnation, rows containerRows) []*incarnation {
	if !rows.contested() {
		return all
	}
	t := l.tenure()
	var out []*incarnation
	for _, i := range all {
		there := timeline.Span{From: i.begin(), To: i.end() + 1}
		mine, others := t.Shown.From < there.To && there.From <= t.Shown.To, t.ShownBeside.Meet(there)
		switch {
		case i.known:
		case mine && !others:
			i = i.in(rows.most, 1)
			i.known = true
		case others && !mine:
			continue
		default:
			i = i.in(rows.mine, 1)
		}
		out = append(out, i)
	}
	return slices.DeleteFunc(out, (*incarnation).empty)
}

// existence returns when the nodes that show an incarnation were there, by their targets: it
// ends with its node. That a target came late ends nothing; and of one that shows nothing of
// itself, all that is known is that it was there.
func (u *usage) existence(span timeline.Span, i *incarnation) timeline.Spans {
	var targets []timeline.Target
	for _, r := range slices.Concat(i.rows, i.repeats) {
		if u.targets.Scrapes[r.target] == nil {
			return timeline.Spans{span}
		}
		if !slices.Contains(targets, r.target) {
			targets = append(targets, r.target)
		}
	}
	out := u.targets.Existence(targets...)
	if len(out) > 0 {
		out[0].From = span.From
	}
	return out
}

// usageLife returns when the container ran as its model's. While no kube-state-metrics that
// could show it was scraped, the rows do; of a container that did not run before and after that,
// those which began then.
func (m Measurer) usageLife(l life, u *usage, all []*incarnation) timeline.Spans {
	mine := l.tenure()
	told := l.running.Intersect(mine.Spans).Intersect(mine.Presence.Known)
	lived := told
	for _, hole := range mine.Presence.Known.Complement(m.Inventory.Span) {
		ours := timeline.NewSpans(timeline.Span{From: hole.From, To: min(hole.To, l.until)})
		if len(ours.Intersect(mine.Spans)) == 0 {
			continue
		}
		there := all
		if len(ours.Intersect(l.running)) == 0 {
			there = slices.DeleteFunc(slices.Clone(all), func(i *incarnation) bool { return i.before == 0 || i.begin() < hole.From })
		}
		var rivals []inventory.Tenure
		for _, n := range l.sameUID {
			if n != l.mine && len(ours.Intersect(l.tenures[n].Spans)) > 0 {
				rivals = append(rivals, l.tenures[n])
			}
		}
		if mine.Rivals.Meet(hole) || len(rivals) > 0 {
			known, others := m.divided(l, u, there, rivals)
			lived = lived.Union(ours.Intersect(u.shown(m.Inventory.Span, known, told)))
			lived = lived.Union(ours.Intersect(mine.Spans).Intersect(l.running).Intersect(u.shown(m.Inventory.Span, others, told)))
			continue
		}
		lived = lived.Union(ours.Intersect(u.shown(m.Inventory.Span, there, told)))
	}
	return lived
}

// divided returns the incarnations that are known to be of pods that were the model's, and those
// that may be. Where kube-state-metrics shows no uids, the rows do: a pod that was there when it
// was shown whose the name is was theirs.
func (m Measurer) divided(l life, u *usage, all []*incarnation, rivals []inventory.Tenure) (mine, unknown []*incarnation) {
	if l.tenure().UID != "" {
		for _, i := range all {
			if i.known && len(rivals) == 0 {
				mine = append(mine, i)
			} else {
				unknown = append(unknown, i)
			}
		}
		return mine, unknown
	}
	pods := map[string][]*incarnation{}
	for _, i := range all {
		pods[i.uid] = append(pods[i.uid], i)
	}
	for uid, pod := range pods {
		there := u.shown(m.Inventory.Span, pod, nil)
		was := func(t inventory.Tenure) bool { return len(there.Intersect(t.Spans).Intersect(t.Presence.Known)) > 0 }
		ours, theirs := was(l.tenure()), slices.ContainsFunc(rivals, was)
		switch {
		case uid == "" || ours == theirs:
			unknown = append(unknown, pod...)
		case ours:
			mine = append(mine, pod...)
		}
	}
	return mine, unknown
}

func outage(interval int64) int64 { return timeline.Outage(interval) }
