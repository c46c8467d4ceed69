package timeline

import "slices"

// Targets are all targets of one source, in one span of time.
type Targets struct {
	Span     Span
	Scrapes  map[Target]*Scrapes
	Observed Spans            // the span without outages of all of them
	Interval int64            // the longest of any target
	Exists   map[Target]Spans // when each was there, scraped well or not
	Shards   map[Target]bool  // that know some of the pods only
	unheard  map[Target]Spans // when each may have known what it had not shown
	working  Spans            // when Prometheus was at work
}

// NewTargets judges the scrapes of one source's targets. Resolve completes it.
func NewTargets(span Span, scrapes map[Target]*Scrapes) *Targets {
	s := &Targets{Span: span, Scrapes: map[Target]*Scrapes{}, Exists: map[Target]Spans{}, Shards: map[Target]bool{}, unheard: map[Target]Spans{}}
	for t, sc := range scrapes {
		if len(sc.Tried) > 0 {
			s.Scrapes[t] = sc
			s.Interval = max(s.Interval, sc.Interval)
		}
	}
	if s.Interval == 0 {
		s.Interval = defaultInterval
	}
	var times []int64
	for _, sc := range s.Scrapes {
		if sc.Interval == 0 {
			sc.Interval = s.Interval
		}
		times = append(append(times, sc.Before...), sc.OK...)
	}
	slices.Sort(times)
	s.Observed = Observed(span, slices.Compact(times), s.Interval)
	return s
}

// Only is the source as if there were no other targets, but for what it observed.
func (s *Targets) Only(of ...Target) *Targets {
	out := &Targets{Span: s.Span, Observed: s.Observed, working: s.working, Scrapes: map[Target]*Scrapes{}, Exists: map[Target]Spans{}}
	for _, t := range of {
		if sc := s.Scrapes[t]; sc != nil {
			out.Scrapes[t], out.Exists[t] = sc, s.Exists[t]
			out.Interval = max(out.Interval, sc.Interval)
		}
	}
	if out.Interval == 0 {
		out.Interval = s.Interval
	}
	return out
}

// ResolveLifetimes finds out when each target of the sources was there. Any target's
// scrapes show that Prometheus was at work.
func ResolveLifetimes(sources ...*Targets) {
	var attempts []int64
	interval := int64(1<<63 - 1)
	for _, s := range sources {
		for _, sc := range s.Scrapes {
			attempts = append(attempts, sc.Tried...)
			interval = min(interval, s.Interval)
		}
	}
	slices.Sort(attempts)
	working := working(slices.Compact(attempts), interval)
	for _, s := range sources {
		s.working = working
		for t, sc := range s.Scrapes {
			s.Exists[t], s.unheard[t] = sc.existence(s.Span, working), sc.unheard(s.Span)
		}
	}
}

// working returns the time between attempts that follow each other without one missing.
func working(attempts []int64, interval int64) Spans {
	var out []Span
	for i := 1; i < len(attempts); i++ {
		if attempts[i]-attempts[i-1] <= 3*interval/2 {
			out = append(out, Span{attempts[i-1], attempts[i]})
		}
	}
	return NewSpans(out...)
}

// Existence returns when any of the targets was there: half an interval before the first attempt
// to scrape it, and after the last one half-way to the turn that was missed.
func (s *Targets) Existence(of ...Target) Spans {
	var out Spans
	for _, t := range of {
		interval := s.Interval
		if sc := s.Scrapes[t]; sc != nil {
			interval = sc.Interval
		}
		for _, x := range s.Exists[t] {
			out = out.Union(Spans{{x.From - interval/2, middle(x.To, s.turn(x.To+interval))}})
		}
	}
	return out.Intersect(Spans{s.Span})
}

// turn returns when the turn of a target came that was due at a moment: Prometheus may not have
// been at work then.
func (s *Targets) turn(due int64) int64 {
	if i := s.working.after(due); i < len(s.working) {
		return max(due, s.working[i].From)
	}
	return due
}

// Preroll is how far before the span a counter's last sample may lie.
func (s *Targets) Preroll() int64 { return Outage(s.Interval) }

// Observed returns the span without the silences that are outages, given the times of
// scrapes in it and perhaps before. What was observed extends half an interval beyond the
// last scrape before an outage, and before the first one after it.
func Observed(span Span, times []int64, interval int64) Spans {
	cells := make([]Span, 0, len(times))
	for _, t := range times {
		cells = append(cells, Span{t - interval/2, t + interval/2})
	}
	return NewSpans(cells...).Union(steady(span, times, interval)).Intersect(Spans{span})
}

// steady returns what is observed from scrape to scrape, or to the span's edges.
func steady(span Span, times []int64, interval int64) Spans {
	silence := Outage(interval)
	var out Spans
	for i, t := range times {
		from, to := t, t
		if i == 0 && t >= span.From && t-span.From <= silence {
			from = span.From
		}
		if i > 0 && t-times[i-1] <= silence {
			from = times[i-1]
		}
		if i == len(times)-1 && span.To-t <= silence {
			to = span.To
		}
		out = out.extended(Span{max(from, span.From), min(to, span.To)})
	}
	return out
}
