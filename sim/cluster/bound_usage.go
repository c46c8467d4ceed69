package cluster

import (
	"math"
	"time"
)

// usageDoubt returns the doubt about what a container used.
func (s share) usageDoubt(c *Container, m Metric) doubt {
	curve := c.usage(m)
	var seen, life, sum float64
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, r := range c.Runs {
		for _, span := range s.seen(r, m) {
			seen += span.Length().Seconds()
			l, h := curve.Range(span)
			lo, hi = min(lo, l), max(hi, h)
		}
	}
	if seen == 0 {
		return s.lingering(c, m) // nothing is known, and nothing wanted
	}
	told := s.told(s.running(c)) > 0 // else nobody ever heard of it running
	var out doubt
	for _, r := range c.Runs {
		for _, span := range (Spans{r.Span}).And(s.owned) {
			in := Spans{span}.And(s.observed.cadvisor)
			life += in.Seconds()
			var edges float64
			for _, t := range []time.Duration{span.From, span.To} {
				edges += widest(s.usageSilences(t, m), s.observed.cadvisor) * hi
			}
			enough := told && s.sampled(span, m)
			if !enough {
				edges = max(edges, in.Seconds()*hi)
			}
			out.sure = out.sure || enough
			sum += edges
		}
		for _, span := range s.seen(r, m) {
			sum += s.meanDoubt(curve, span, m, hi-lo)
		}
	}
	// What the seen part is off by counts for as much more as life is longer.
	out.v = sum * max(1, life/seen)
	return out
}

// lingering returns the doubt about a container of which no living row was ever seen, but
// perhaps a dead one that stayed.
func (s share) lingering(c *Container, m Metric) doubt {
	var out doubt
	if node := s.kubelets.node; node == nil || node.Linger == 0 || len(s.seers(m)) == 0 {
		return out
	}
	for _, r := range c.Runs {
		for _, span := range (Spans{r.Span}).And(s.owned).And(s.observed.cadvisor) {
			_, hi := c.usage(m).Range(span)
			out.v += span.Length().Seconds() * hi
		}
	}
	return out
}

// meanDoubt returns what the integral over a seen part is off by because the curve moves
// between scrapes, within a range that is so wide.
func (s share) meanDoubt(curve Curve, part Span, m Metric, width float64) float64 {
	if width == 0 {
		return 0
	}
	every := s.seers(m).longest()
	if s.stamped() {
		every += housekeeping * 3 / 2 // a sample is as old as the last look at the cgroup
	}
	inside := func(t time.Duration) bool { return t > s.window.From && t < s.window.To }
	var sum float64
	if m == MemoryUsage {
		// Between two scrapes a gauge can have been all that it passed through.
		sum = every.Seconds() * curve.Variation(part)
	}
	for _, t := range []time.Duration{part.From, part.To} {
		switch {
		case inside(t):
			// The first sample that is surely this part's comes after both sources have
			// been scraped; likewise the last.
			sum += (every + s.ksms.longest()).Seconds() * width
		case m == CPUUsage:
			// A counter shows everything but what was before its first sample in the
			// window and after its last.
			sum += s.seers(m).unscraped(t, part).Seconds() * width
			if s.stamped() {
				sum += housekeeping.Seconds() * 3 / 2 * width
			}
		}
	}
	return sum
}

// unscraped returns how long an end of a part is from the scrape nearest to it inside.
func (gs targets) unscraped(end time.Duration, part Span) time.Duration {
	var longest time.Duration
	for _, g := range gs {
		if end == part.From {
			longest = max(longest, g.after(end)-end)
		} else {
			longest = max(longest, end-g.before(end))
		}
	}
	return min(longest, part.Length())
}

// seers returns the targets that a usage metric comes from.
func (s share) seers(m Metric) targets {
	if m == CPUUsage {
		return s.kubelets.usage
	}
	return s.kubelets.full
}

func (s share) stamped() bool {
	for i := range s.h.Kubelets {
		if s.h.Kubelets[i].Timestamps {
			return true
		}
	}
	return false
}

// usageSilences returns the times in which a container can have started or stopped, or
// changed hands, at t. kube-state-metrics tells its life; while that is out, the
// kubelet's rows do, which may linger; a node that leaves takes its target along.
func (s share) usageSilences(t time.Duration, m Metric) []Span {
	if t >= Forever {
		return nil // what never happens is in no doubt
	}
	sources, node := s.seers(m), s.kubelets.node
	told, seen := s.ksms.around(t), sources.around(t)
	bySelf := !s.changedHands(t) && (sources.awake(t, housekeeping) || node != nil && t >= node.Life.To)
	for i := range seen {
		if s.stamped() {
			seen[i].From -= housekeeping * 3 / 2
		}
		if node != nil && t >= node.Life.To {
			seen[i].To = seen[i].From + sources.longest()
		}
	}
	switch byKSM := s.ksms.awake(t, 0); {
	case byKSM && !bySelf:
		return told
	case bySelf && !byKSM:
		for i := range seen {
			seen[i].To += node.Linger
		}
		return seen
	}
	return append(told, seen...)
}

// changedHands says whether t is an edge of the model's ownership, which no kubelet sees.
func (s share) changedHands(t time.Duration) bool {
	for _, o := range s.owned {
		if t == o.From && t != s.pod.Life.From || t == o.To && t != s.pod.Life.To {
			return true
		}
	}
	return false
}

// sampled says whether a life is scraped often enough to know its mean. A kubelet's
// sample can be trusted to be the model's from the first to the last scrape in which
// kube-state-metrics says so, or wherever that is out, or the window ends.
func (s share) sampled(life Span, m Metric) bool {
	need := 1
	if m == CPUUsage {
		need = 2
	}
	if s.stamped() {
		need++ // the first scrape may come before the first look at the cgroup
	}
	trusted := life.And(s.window)
	starts, ends := trusted.Holds(life.From), life.To < s.window.To
	if starts && ends && !s.ksms.awake(life.From, 0) && !s.ksms.awake(life.To, 0) {
		return false // only rows tell of it, as they may of a dead container
	}
	every := s.ksms.longest()
	for _, from := range s.ksms.around(life.From) {
		if starts {
			trusted.From = max(trusted.From, min(from.To, from.From+2*every))
		}
	}
	for _, to := range s.ksms.around(life.To) {
		if ends {
			trusted.To = min(trusted.To, max(to.From+1, to.To-2*every))
		}
	}
	enough := false
	for _, part := range (Spans{trusted}).And(s.observed.cadvisor) { // no pair spans an outage
		for _, g := range s.seers(m) {
			switch n := g.count(part, need); {
			case n >= need:
				enough = true
			case n > 0:
				return false // of two jobs' rows, either may be believed
			}
		}
	}
	return enough
}
