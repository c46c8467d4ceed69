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
		return s.unseen(c, m)
	}
	for _, o := range s.namesakes(c) {
		if l, h, ok := o.seenRange(m); ok {
			lo, hi = min(lo, l), max(hi, h)
		}
	}
	told := s.heard(s.running(c)) // else perhaps nobody heard of it running
	var out doubt
	for _, r := range c.Runs {
		for _, span := range (Spans{r.Span}).And(s.owned) {
			in := Spans{span}.And(s.observed.cadvisor)
			life += in.Seconds()
			var edges, before float64
			for _, t := range []time.Duration{span.From, span.To} {
				for _, silence := range s.usageSilences(c, t, m) {
					doubt := Spans{silence}.And(s.observed.cadvisor).Seconds() * max(hi, s.highest(c, r, silence, m))
					edges = max(edges, before+doubt)
				}
				before = edges
			}
			enough := told && s.sampled(span, m)
			if !enough {
				edges = max(edges, in.Seconds()*hi)
			}
			out.sure = out.sure || enough
			sum += edges
		}
		for _, span := range s.seen(r, m) {
			sum += s.meanDoubt(curve, span, m, hi-lo) + s.wholeSeconds(span, m)
		}
	}
	sum += s.strangers(c, m) + s.hidden(c, m)
	// What the seen part is off by counts for as much more as life is longer.
	out.v = sum * max(1, life/seen)
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
		every += oldest + lastLook // a sample is as old as the last look at the cgroup
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
				sum += oldest.Seconds() * width
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

// scrapesOf returns how many scrapes surely see a container so many times, if what they see
// is as old as the kubelet's last look at it. The first may come before its first look.
func scrapesOf(looks int, every time.Duration) int {
	wait := time.Duration(looks)*oldest + lastLook
	return max(looks+1, 1+int((wait+every-1)/every))
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
func (s share) usageSilences(c *Container, t time.Duration, m Metric) []Span {
	if t >= Forever {
		return nil // what never happens is in no doubt
	}
	sources, node := s.seers(m), s.kubelets.node
	told, seen := s.ksms.around(t), s.rowsAround(t, m)
	bySelf := !s.changedHands(Span{t, t}) && (sources.awake(t, housekeeping) || node != nil && t >= node.Life.To)
	byKSM := s.ksms.awake(t, 0)
	if o, there := s.relief(c, t); there {
		// Without uids, kube-state-metrics shows one pod that goes on; the rows of either
		// show when the one took the other's place.
		if o.seers(m).awake(o.edge, housekeeping) {
			seen = append(seen, o.rowsAround(o.edge, m)...)
			if !bySelf {
				seen = seen[len(seen)-1:]
			}
		}
		return seen
	}
	switch {
	case byKSM && !bySelf:
		return told
	case bySelf && !byKSM && !s.changedHands(told[0]): // else it may have been before it was the model's
		for i := range seen {
			seen[i].To += node.Linger
		}
		return seen
	}
	return append(told, seen...)
}

// rowsAround returns the times between the kubelets' rows of before t and of after it.
func (s share) rowsAround(t time.Duration, m Metric) []Span {
	sources, node := s.seers(m), s.kubelets.node
	seen := sources.around(t)
	for i := range seen {
		if s.stamped() {
			seen[i].From -= oldest + lastLook
			seen[i].To += oldest
		}
		if node != nil && t >= node.Life.To {
			// Its targets left with it. That of the one that is scraped most seldom shows it
			// once it has been missed for as long as makes an outage, not before.
			every := s.kubelets.usage.longest()
			if seen[i].To = seen[i].From + every; s.window.To-node.Life.To <= time.Duration(outage*float64(every))+every {
				seen[i].To = s.window.To
			}
		}
	}
	return seen
}

// changedHands says whether an edge of the model's ownership, which no kubelet sees, is in a time.
func (s share) changedHands(in Span) bool {
	for _, o := range s.owned {
		for _, t := range []time.Duration{o.From, o.To} {
			if in.From <= t && t <= in.To && t != s.pod.Life.From && t != s.pod.Life.To {
				return true
			}
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
			need := need
			if s.stamped() {
				need = scrapesOf(need, g.Every)
			}
			beside := Span{part.From - g.Every, part.To + g.Every}
			switch {
			case g.count(part, need) >= need:
				enough = true
			case g.count(beside.And(s.window), 1) > 0:
				return false // of two jobs' rows, either may be believed
			}
		}
	}
	return enough
}
