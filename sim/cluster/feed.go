package cluster

import "time"

// feed is a target as its Prometheus remembers it between scrapes.
type feed struct {
	target
	outages Spans
	streams []*stream
	last    time.Duration // the last moment that was dealt with
	gone    bool
}

// event is a moment at which a target was due.
type event struct {
	at    time.Duration
	kind  eventKind
	fresh bool // Prometheus has restarted since the event before, and forgotten the series
}

type eventKind int

const (
	answered eventKind = iota
	failed
	left // the target is no more: its series end one interval after their last scrape
)

// events returns the target's events in [from, until).
func (f *feed) events(from, until time.Duration) []event {
	if f.gone {
		return nil
	}
	var out []event
	for at := f.tick(max(from, f.life.From)) + f.Every; at < until; at += f.Every {
		if f.outages.Hold(at) {
			continue
		}
		e := event{at: at, kind: failed, fresh: f.restarted(at)}
		switch {
		case at >= f.life.To:
			e.kind, f.gone = left, true
		case f.scraped.Hold(at):
			e.kind = answered
		}
		out = append(out, e)
		f.last = at
		if f.gone {
			break
		}
	}
	return out
}

// restarted says whether an outage began since the last event.
func (f *feed) restarted(at time.Duration) bool {
	for _, o := range f.outages {
		if o.From > f.last && o.From <= at {
			return true
		}
	}
	return false
}

// stream is a series of one target: the rows that carry its labels, one after the other.
type stream struct {
	out   *stored
	rows  []row
	up    bool  // the target's up: written by Prometheus, not by the target
	seen  bool  // in the last scrape, so that its end will be marked
	lastT int64 // of the last sample: the same one again is stored once
}

// write stores what the events show of the stream.
func (s *stream) write(origin int64, events []event) {
	if len(events) == 0 || !s.seen && !s.within(Span{events[0].at, events[len(events)-1].at + 1}) {
		return
	}
	if s.out.Samples == nil {
		s.out.Samples = make([]Sample, 0, len(events))
	}
	for _, e := range events {
		s.seen = s.seen && !e.fresh
		r := s.row(e.at)
		switch {
		case s.up && e.kind == failed:
			s.store(origin, e.at, 0)
			s.seen = true
		case e.kind == answered && r != nil:
			s.answer(origin, e.at, r)
		case s.seen:
			s.store(origin, e.at, StaleNaN())
			s.seen = false
		}
	}
}

func (s *stream) answer(origin int64, t time.Duration, r *row) {
	at, ok := r.stamps.of(t)
	if !ok {
		return
	}
	s.store(origin, at, r.at(at))
	// Prometheus marks no end of series that bring their own timestamps.
	s.seen = r.stamps.cgroup == 0
}

func (s *stream) store(origin int64, t time.Duration, v float64) {
	ms := origin + int64(t/time.Millisecond)
	if t < 0 && t%time.Millisecond != 0 {
		ms--
	}
	if ms <= s.lastT {
		return
	}
	s.lastT = ms
	s.out.Samples = append(s.out.Samples, Sample{ms, v})
}

// within says whether any row is there in a span.
func (s *stream) within(span Span) bool {
	for i := range s.rows {
		if s.rows[i].visible.And(span).Length() > 0 {
			return true
		}
	}
	return false
}

// row returns the row that is there at t. Where dead and living share their labels, the
// living one is scraped.
func (s *stream) row(t time.Duration) *row {
	var found *row
	for i := range s.rows {
		r := &s.rows[i]
		if r.visible.Holds(t) && (found == nil || r.visible.From > found.visible.From) {
			found = r
		}
	}
	return found
}
