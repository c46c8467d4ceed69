package cluster

import (
	"math"
	"slices"
	"time"
)

// Bound returns the error that the contract allows for every model over a window: what
// its scrapes leave unknowable, and nothing more. A model to which nothing happens, with
// curves that do not move, has none but that of floating-point sums.
//
// The terms, each an integral over time that is divided by the observed time at the end:
//
//   - an edge: a container (or pod, phase, owner) that starts or stops at a moment did so
//     somewhere in the silence around it, between two scrapes of the source that tells of
//     it. The value that starts or stops is in doubt for as long as that silence lasted.
//   - a step of a request or limit likewise, with what it changes by.
//   - a moving curve: between two scrapes a value can have been anything it passed
//     through, so a sum over samples is off by at most interval x variation. A run that
//     is cut by edges, or by a kubelet out of reach, is sampled up to an interval short of
//     them, where the curve may be as far from its mean as its range is wide.
//   - an edge of an outage: the observed time begins or ends up to an interval off, where
//     the model's value may differ from its mean.
//   - a life that was scraped too seldom (a counter needs two scrapes) is unknown as a
//     whole; where that goes for all the model's lives the value may be missing.
func Bound(h *History, window Span) map[Model]Tolerances {
	w := newWatch(h)
	doubts := make(map[Model]*[NumMetrics]doubt)
	shares := make(map[Model][]share)
	w.each(window, func(s share) {
		d := doubts[s.model]
		if d == nil {
			d = new([NumMetrics]doubt)
			doubts[s.model] = d
		}
		for m := range NumMetrics {
			d[m].add(s.doubt(m))
		}
		shares[s.model] = append(shares[s.model], s)
	})
	truth := Truth(h, window)
	observed := w.observed(window)
	out := make(map[Model]Tolerances, len(doubts))
	for model, d := range doubts {
		var t Tolerances
		for m := range NumMetrics {
			value := truth[model][m]
			err := d[m].v + w.outageDoubt(shares[model], m, observed.of(m), window, value.V)
			if err > 0 {
				// The observed time, by which all is divided, is itself off by its edges.
				length := observed.of(m).Seconds()
				err /= max(length-w.outageSeconds(m, observed.of(m), window), length/10)
			}
			t[m].Max = err + rounding*math.Abs(value.V)
			if value.OK {
				t[m].Optional = !d[m].sure
			} else {
				t[m].Optional = err > 0 || d[m].idle
			}
		}
		out[model] = t
	}
	return out
}

// rounding is what the contract allows between two ways of adding up the same numbers.
const rounding = 1e-9

// doubt is what a share adds to the error of an integral.
type doubt struct {
	v    float64
	sure bool // it is certain to be seen
	idle bool // a request or limit is there to be seen, of a pod that has come to its end
}

func (d *doubt) add(o doubt) {
	d.v, d.sure, d.idle = d.v+o.v, d.sure || o.sure, d.idle || o.idle
}

func (s share) doubt(m Metric) doubt {
	var out doubt
	out.sure = m == Containers
	for i := range s.pod.Containers {
		c := &s.pod.Containers[i]
		switch {
		case c.Role == Init:
		case m == Containers:
			when := s.running(c)
			out.v += s.edges(when, 1)
		case m == CPUUsage || m == MemoryUsage:
			out.add(s.usageDoubt(c, m))
		default:
			out.add(s.settingDoubt(c, m))
		}
	}
	if !s.heard(Spans{s.pod.Life}.And(s.owned)) {
		return doubt{v: max(out.v, s.part(m).v)} // perhaps nobody was told of it
	}
	out.v += s.overlooked(m)
	return out
}

// heard says whether kube-state-metrics surely tells of spans within the window: each
// target that is scraped in or next to one of them is scraped in it. Of two targets, of
// which only one was scraped in time, either may be believed.
func (s share) heard(when Spans) bool {
	for _, span := range when.And(Spans{s.window}) {
		heard, missed := false, false
		for _, g := range s.ksms {
			beside := Span{span.From - g.Every, span.To + g.Every}.And(s.window)
			switch {
			case g.count(span, 1) > 0:
				heard = true
			case g.count(beside, 1) > 0:
				missed = true
			}
		}
		if heard && !missed {
			return true
		}
	}
	return false
}

// edges returns the doubt about a constant value that starts and stops.
func (s share) edges(when Spans, value float64) float64 {
	var sum float64
	for _, span := range when {
		for _, t := range []time.Duration{span.From, span.To} {
			sum += s.doubtAt(t) * value
		}
	}
	return sum
}

// doubtAt returns for how many observed seconds an event at t, that kube-state-metrics
// tells of, is in doubt.
func (s share) doubtAt(t time.Duration) float64 {
	silences := s.ksms.around(t)
	if s.leftUnnoticed(t) {
		for i := range silences {
			silences[i].To = s.window.To
		}
	}
	return widest(silences, s.observed.ksm)
}

// leftUnnoticed says whether the target that told last before t is gone by then, and Prometheus was
// at work for too short a time since to show that: a single turn is missed now and then. Up to the
// window's end that target may be there, and what others show is of others.
func (s share) leftUnnoticed(t time.Duration) bool {
	last := s.ksms.silence(t).From
	return s.window.Holds(t) && slices.ContainsFunc(s.ksms, func(g target) bool {
		worked := Spans{{g.life.To, s.window.To}}.Without(s.h.Outages)
		return g.life.To <= t && g.before(t) == last && float64(worked.Length()) <= (outage+1)*float64(g.Every)
	})
}

// widest returns how much of the observed time the widest of some spans takes.
func widest(spans []Span, observed Spans) float64 {
	var out float64
	for _, span := range spans {
		out = max(out, Spans{span}.And(observed).Seconds())
	}
	return out
}

// around returns the targets' silences around t. Of two targets that both tell, either may
// be believed; one that was out is not asked.
func (gs targets) around(t time.Duration) []Span {
	var out []Span
	for i := range gs {
		if one := gs[i : i+1].silence(t); regular(one, gs[i].Every) {
			out = append(out, one)
		}
	}
	if out == nil {
		out = []Span{gs.silence(t)}
	}
	return out
}

// awake says whether any of the targets tells of t as soon as it should.
func (gs targets) awake(t time.Duration, late time.Duration) bool {
	return regular(gs.around(t)[0], gs.longest()+late)
}

// settingDoubt returns the doubt about a request or limit.
func (s share) settingDoubt(container *Container, m Metric) doubt {
	c := container.setting(m)
	if c == nil {
		return doubt{}
	}
	var out doubt
	active := s.active()
	for _, span := range active {
		out.v += s.doubtAt(span.From) * math.Abs(c.At(span.From))
		out.v += s.doubtAt(span.To) * math.Abs(c.At(span.To-1))
		for _, jump := range c.Jumps(span) {
			out.v += s.doubtAt(jump.At) * math.Abs(jump.Level)
		}
	}
	if _, placed := s.pod.places(); container.Role == Sidecar && !s.heard(Spans{placed}) {
		// That it is no common init container is told when its pod has a node, not before.
		return doubt{v: max(out.v, s.setting(c).v)}
	}
	out.sure = s.heard(active)
	out.idle = len(active.And(Spans{s.window})) == 0
	return out
}
