package cluster

import (
	"slices"
	"time"
)

// unseen returns the doubt about a container of which no row was seen while it was the
// model's. Nothing is wanted of it, yet something may come:
//
//   - from the rows of a dead container that stay;
//   - from rows of just before or after it was the model's, as its edges are in doubt: one
//     of them would stand for all its life;
//   - from a counter that was read before and after that time, or after it and was zero when
//     that began, and shows what was used between;
//   - from another pod of its name, where kube-state-metrics tells no uids: both are then
//     one container, of which a part was not seen, and what was seen stands for all.
func (s share) unseen(c *Container, m Metric) doubt {
	var out doubt
	node := s.kubelets.node
	if node == nil || len(s.seers(m)) == 0 {
		return out
	}
	other := 0.0
	for _, o := range s.namesakes(c) {
		if _, hi, ok := o.seenRange(m); ok {
			other = max(other, hi)
		}
	}
	for _, r := range c.Runs {
		out.v += s.missed(c, r, m)
		for _, span := range (Spans{r.Span}).And(s.owned) {
			in := Spans{span}.And(s.observed.cadvisor)
			_, hi := c.usage(m).Range(span)
			switch {
			case node.Linger > 0:
				out.v += (Spans{{span.From, span.To + node.Linger}}).And(s.observed.cadvisor).Seconds() * hi
			case m == CPUUsage && s.bridged(r, span):
				out.v += in.Seconds() * hi
			}
			out.v += in.Seconds() * other
			if !s.shows(r, m) {
				continue
			}
			_, hi = c.usage(m).Range(r.Span)
			for _, t := range []time.Duration{span.From, span.To} {
				silences := s.usageSilences(c, t, m)
				if s.scrapedIn(silences, r, m) {
					out.v += in.Seconds() * hi // one sample that may be the model's stands for all its life
				}
				out.v += widest(silences, s.observed.cadvisor) * hi
			}
		}
	}
	return out
}

// missed returns the doubt about a run that was not the model's by little: it lies in a
// silence in which the pod changed hands, or after an outage in which it did, of which the
// product observes up to an interval. When it began and ended is known to an interval of its rows,
// which may stay.
func (s share) missed(c *Container, r Run, m Metric) float64 {
	if len(Spans{r.Span}.And(s.owned)) > 0 {
		return 0 // its own edges are in doubt
	}
	var sum float64
	for _, own := range s.owned {
		for _, t := range []time.Duration{own.From, own.To} {
			in := Span{r.From, r.To + s.kubelets.node.Linger}.And(s.ksms.silence(t)).And(s.window)
			if t >= Forever || in.Length() == 0 {
				continue
			}
			_, hi := c.usage(m).Range(r.Span)
			sum += (Spans{in}.And(s.observed.cadvisor).Seconds() + 2*s.seers(m).longest().Seconds()) * hi
		}
	}
	return sum
}

// lookback is how long before a window a sample may still be of use to it.
const lookback = 5 * time.Minute

// shows says whether any row of a run is there to be read.
func (s share) shows(r Run, m Metric) bool {
	for _, g := range s.seers(m) {
		if g.count(r.And(Span{s.window.From - lookback, s.window.To}), 1) > 0 {
			return true
		}
	}
	return false
}

// scrapedIn says whether a row of a run was scraped in any of some silences around an edge.
func (s share) scrapedIn(silences []Span, r Run, m Metric) bool {
	for _, silence := range silences {
		for _, g := range s.seers(m) {
			if g.count(silence.And(r.Span).And(s.window), 1) > 0 {
				return true
			}
		}
	}
	return false
}

// bridged says whether a counter was read after a part of its run, and before it or from its
// start on, when it was zero.
func (s share) bridged(r Run, part Span) bool {
	for _, g := range s.kubelets.usage {
		began := part.From == r.From && r.From > s.window.From
		if (began || g.before(part.From) >= max(r.From, s.window.From-lookback)) && g.after(part.To) < min(r.To, s.window.To) {
			return true
		}
	}
	return false
}

// overlooked returns the doubt about a pod while only kube-state-metrics that do not know it were
// scraped, and none of them between two scrapes of one that does: nothing shows that they are shards,
// so that they seem to show that the pod is not there.
func (s share) overlooked(m Metric) float64 {
	var doubted []Span
	for i := range s.h.KSMs {
		k, g := &s.h.KSMs[i], s.watch.ksms[i]
		if k.Cluster != s.pod.Cluster || k.Knows(s.pod) || slices.ContainsFunc(s.ksms, func(o target) bool {
			return g.count(Span{o.after(s.window.From), o.before(s.window.To)}, 1) > 0
		}) {
			continue
		}
		for at := g.after(s.window.From); at < s.window.To; {
			silence := s.ksms.silence(at).And(s.window)
			doubted = append(doubted, silence)
			at = g.after(max(at+1, silence.To))
		}
	}
	there := Spans{s.pod.Life}.And(s.owned).And(s.observed.of(m))
	in := there.And(Union(doubted...)).Seconds()
	if in == 0 {
		return 0
	}
	return s.part(m).v * in / there.Seconds()
}

// wholeSeconds returns what a seen part of a counter in whole seconds is off by: a second
// in what was sampled of it, and as much more of the rest.
func (s share) wholeSeconds(part Span, m Metric) float64 {
	if m != CPUUsage {
		return 0
	}
	for i := range s.h.Kubelets {
		if s.h.Kubelets[i].CRI {
			every := s.seers(m).longest()
			sampled := part.And(s.window).Length() - 2*(every+s.ksms.longest())
			return part.Length().Seconds() / max(sampled, every).Seconds()
		}
	}
	return 0
}
