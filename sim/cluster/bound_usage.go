package cluster

import (
	"math"
	"time"
)

// usageDoubt returns the doubt about what a container used.
func (s share) usageDoubt(c *Container, m Metric) doubt {
	curve := c.usage(m)
	var runs, life, seen float64
	var out doubt
	lo, hi := math.Inf(1), math.Inf(-1)
	var lives []Span
	for _, r := range c.Runs {
		for _, span := range (Spans{r.Span}).And(s.owned) {
			if len((Spans{span}).And(s.observed.cadvisor)) == 0 && span.And(s.window).Length() == 0 {
				continue
			}
			lives = append(lives, span)
		}
		for _, span := range s.seen(r, m) {
			seen += span.Length().Seconds()
			l, h := curve.Range(span)
			lo, hi = min(lo, l), max(hi, h)
		}
	}
	if seen == 0 {
		return doubt{}
	}
	every := s.seers(m).longest().Seconds()
	if s.stamped() {
		every += 1.5 * housekeeping.Seconds() // a sample is as old as the last look at the cgroup
	}
	for _, span := range lives {
		in := Spans{span}.And(s.observed.cadvisor)
		whole := in.Seconds() * hi
		life += in.Seconds()

		var edges float64
		for _, t := range []time.Duration{span.From, span.To} {
			inDoubt := s.usageSilence(t, m).And(s.observed.cadvisor).Seconds()
			edges += inDoubt * hi
			if inDoubt > 0 {
				edges += every * (hi - lo) // its mean misses what the curve did there
			}
		}
		enough, sure := s.sampled(span, m)
		if !enough {
			edges = max(edges, whole)
		}
		out.sure = out.sure || sure
		runs += edges
		for _, part := range in {
			runs += every * curve.Variation(part)
			runs += every * (hi - lo) * 2 * float64(s.holes(part, m))
		}
	}
	// What the seen part is off by is off by as much more as life is longer.
	out.v = runs * max(1, life/seen)
	return out
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

// holes returns how often a span's targets fell silent and came back.
func (s share) holes(span Span, m Metric) int {
	n := 0
	for _, g := range s.seers(m) {
		n = max(n, len(Spans{span}.Without(g.scraped)))
	}
	return n
}

// usageSilence returns the time in which a container can have started or stopped, or
// changed hands, at t. kube-state-metrics tells its life; while that is out, the
// kubelet's rows do, which may linger; a node that leaves takes its target along.
func (s share) usageSilence(t time.Duration, m Metric) Spans {
	sources := s.seers(m)
	told, seen := s.ksms.around(t), sources.around(t)
	if s.stamped() {
		seen.From -= housekeeping * 3 / 2
	}
	if node := s.kubelets.node; node != nil && t >= node.Life.To {
		seen.To = seen.From + sources.longest()
	}
	byKSM := regular(told, s.ksms.longest())
	bySelf := !s.changedHands(t) && regular(seen, sources.longest()+housekeeping)
	switch {
	case byKSM && bySelf:
		if told.Length() > seen.Length() {
			return Spans{told}
		}
		return Spans{seen}
	case byKSM:
		return Spans{told}
	case bySelf:
		if node := s.kubelets.node; node != nil {
			seen.To += node.Linger
		}
		return Spans{seen}
	}
	return Union(told, seen)
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

// sampled says whether a life was scraped often enough to know its mean, and whether it
// is sure that somebody notices. A kubelet's sample can be trusted to be the model's
// between two scrapes of kube-state-metrics that say so.
func (s share) sampled(life Span, m Metric) (enough, sure bool) {
	need := 1
	if m == CPUUsage {
		need = 2
	}
	in := life.And(s.window)
	trusted := Span{s.ksms.first(in), s.ksms.last(in)}
	for _, g := range s.seers(m) {
		if g.count(trusted, need) >= need {
			return true, true
		}
	}
	return false, false
}

// first and last return the first and last scrapes in a span, or its other end.
func (gs targets) first(s Span) time.Duration {
	out := s.To
	for _, g := range gs {
		out = min(out, g.after(s.From))
	}
	return out
}

func (gs targets) last(s Span) time.Duration {
	out := s.From
	for _, g := range gs {
		out = max(out, g.before(s.To))
	}
	return out
}
