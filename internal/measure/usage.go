package measure

import (
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// life is one container of a pod while that was one model's, beside the pod's other tenures.
type life struct {
	tenures   []inventory.Tenure
	mine      int // which of them is asked about
	container Container
	running   timeline.Spans
}

func (l life) tenure() inventory.Tenure { return l.tenures[l.mine] }

// usage enters what a container used, as the rows of one source show it.
func (m Measurer) usage(l life, u *usage, out *Result) {
	byMetric, named := m.rowsOf(l, u, out)
	all := m.incarnations(l, u, byMetric, out)
	u.scrapesBeside(all, byMetric)
	rows := slices.Concat(byMetric...)
	lived := m.usageLife(l, u, all, named, rows).
		Intersect(u.existence(m.Inventory.Span, rows)).
		Intersect(u.targets.Observed)
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
				return m.rateSeen(i, i.samples[n], since, share, l.running, u.targets.Interval)
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

// rowsOf picks the container's rows, without those that name another pod's uid, and says
// whether all that can count say whose they are. Of one that does not, what is this pod's is
// judged by when it was there: the pod before or after it under its name may have gone on
// with the row.
func (m Measurer) rowsOf(l life, u *usage, out *Result) (byMetric [][]row, named bool) {
	named = true
	withID := slices.ContainsFunc(slices.Concat(u.rows[l.container.Name]...), func(r row) bool { return r.id.cgroup != "" })
	mine := l.mineWithoutUID(m.Inventory.Span)
	leading := timeline.Span{From: m.Inventory.Span.From - u.targets.Preroll(), To: m.Inventory.Span.To}
	byMetric = make([][]row, len(u.metrics))
	for n, rows := range u.rows[l.container.Name] {
		for _, r := range rows {
			if r.uid != "" && l.container.UID != "" && r.uid != l.container.UID {
				l.leaveOut(out, r, otherPodRow, len(r.samples))
				continue
			}
			named = named && (r.uid != "" || withID && r.id.cgroup == "")
			r.samples = Within(r.samples, leading)
			if m.fold(u, n) != metric.Rate {
				r.samples = Within(r.samples, m.Inventory.Span)
			}
			if r.uid == "" {
				r.samples = slices.DeleteFunc(slices.Clone(r.samples), func(x promapi.Sample) bool {
					t := max(x.T, m.Inventory.Span.From)
					return !mine.Hold(t, t)
				})
			}
			if len(r.samples) > 0 {
				byMetric[n] = append(byMetric[n], r)
			}
		}
	}
	return byMetric, named
}

// mineWithoutUID returns when a row that does not say whose it is can be the pod's: while the
// pod was there, and while nobody could see whether it was, if nobody else had its name then.
func (l life) mineWithoutUID(span timeline.Span) timeline.Spans {
	t := l.tenure()
	mine := t.Present
	for _, hole := range t.Presence.Known.Complement(span) {
		hole := timeline.Spans{hole}
		if len(hole.Intersect(t.Present)) > 0 && len(hole.Intersect(t.Others)) == 0 {
			mine = mine.Union(hole)
		}
	}
	return mine
}

// existence returns when the nodes that show a container were there, by their targets: a
// container ends with its node's. That a target came late ends nothing; and of one that
// shows nothing of itself, all that is known is that it was there.
func (u *usage) existence(span timeline.Span, rows []row) timeline.Spans {
	var out timeline.Spans
	for _, r := range rows {
		if u.targets.Scrapes[r.target] == nil {
			return timeline.Spans{span}
		}
	}
	var targets []timeline.Target
	for _, r := range rows {
		if !slices.Contains(targets, r.target) {
			targets = append(targets, r.target)
			out = out.Union(u.targets.Existence(r.target))
		}
	}
	if len(out) > 0 {
		out[0].From = span.From
	}
	return out
}

// usageLife returns when the container ran as its model's. While no kube-state-metrics that
// could show it was scraped, the rows do.
func (m Measurer) usageLife(l life, u *usage, all []*incarnation, named bool, rows []row) timeline.Spans {
	mine := l.tenure()
	lived := l.running.Intersect(mine.Spans).Intersect(mine.Presence.Known)
	var shown timeline.Spans
	for _, hole := range mine.Presence.Known.Complement(m.Inventory.Span) {
		ours := timeline.Spans{hole}
		if len(ours.Intersect(mine.Spans)) == 0 || len(ours.Intersect(l.running)) == 0 {
			continue
		}
		contested := false
		for n, other := range l.tenures {
			if n != l.mine && len(ours.Intersect(other.Spans)) > 0 && (other.UID == mine.UID || !named) {
				contested = true
			}
		}
		if contested {
			ours = ours.Intersect(mine.Spans).Intersect(l.running)
		}
		if shown == nil {
			shown = u.shown(m.Inventory.Span, all, rows)
		}
		lived = lived.Union(ours.Intersect(shown))
	}
	return lived
}

// housekeeping is how old a sample is at most for which cAdvisor sets the timestamp: it
// looks at each cgroup every 10 s, and somewhat later when it is busy.
const housekeeping = 15_000

func outage(interval int64) int64 { return timeline.Outage(interval) }

// shown returns when a container's rows were there, judged at the scrapes of the target that
// has most of them. Between two samples that are no outage apart nothing was missing; a
// sample with a timestamp of its own also speaks for the scrapes that found nothing newer.
func (u *usage) shown(span timeline.Span, all []*incarnation, rows []row) timeline.Spans {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		used := slices.ContainsFunc(all, func(i *incarnation) bool { return i.id == r.id })
		return !used || u.targets.Scrapes[r.target] == nil
	})
	times := sampleTimes(all)
	if len(rows) == 0 || len(times) == 0 {
		return nil
	}
	main := slices.MaxFunc(rows, func(a, b row) int { return len(a.samples) - len(b.samples) }).target
	sc := u.targets.Scrapes[main]
	if sc.Indirect { // its scrapes are not known, only when others' samples were taken
		unobserved := u.targets.Observed.Complement(span)
		return timeline.Observed(span, times, sc.Interval).Union(unobserved).Joined(2 * sc.Interval)
	}
	var seen []int64
	for i, t := range times {
		at, own := slices.BinarySearch(sc.OK, t)
		until := t + sc.Interval - 1 // another endpoint of the same job and instance may be scraped before
		if !own {
			until = t + housekeeping
			if at < len(sc.OK) && sc.OK[at]-t <= sc.Interval+housekeeping {
				until = max(until, sc.OK[at])
			}
		}
		if i+1 < len(times) && times[i+1]-t <= sc.Silence() {
			until = times[i+1]
		}
		for n := at; n < len(sc.OK) && sc.OK[n] <= until; n++ {
			seen = append(seen, sc.OK[n])
		}
	}
	sightings := timeline.Sightings{}
	slices.Sort(seen)
	sightings.Add(main, slices.Compact(seen)...)
	return timeline.NewPresence(u.targets.Only(main), sightings, false).Life(sightings)
}
