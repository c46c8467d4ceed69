package cluster

import (
	"math"
	"slices"
	"time"
)

// Beginning and Forever are offsets before and after everything that happens. They
// are far from the ends of a time.Duration, so that sums of them do not overflow.
const (
	Beginning = time.Duration(math.MinInt64 / 4)
	Forever   = time.Duration(math.MaxInt64 / 4)
)

// Span is the half-open time [From, To), as offsets from a history's origin.
type Span struct{ From, To time.Duration }

// Always is all the time there is.
func Always() Span { return Span{Beginning, Forever} }

// Holds says whether t is in the span.
func (s Span) Holds(t time.Duration) bool { return s.From <= t && t < s.To }

// Length returns how long the span is; an empty one has no length.
func (s Span) Length() time.Duration { return max(0, s.To-s.From) }

// And returns the time that is in both spans.
func (s Span) And(o Span) Span { return Span{max(s.From, o.From), min(s.To, o.To)} }

// Spans is a set of moments: spans in order that neither overlap nor touch.
type Spans []Span

// Union makes a set of spans given in any order.
func Union(spans ...Span) Spans {
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b Span) int { return int(min(1, max(-1, a.From-b.From))) })
	var out Spans
	for _, s := range sorted {
		if s.Length() == 0 {
			continue
		}
		if n := len(out); n > 0 && s.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}

// And returns the moments that are in both sets.
func (s Spans) And(o Spans) Spans {
	var out Spans
	for i, j := 0, 0; i < len(s) && j < len(o); {
		if both := s[i].And(o[j]); both.Length() > 0 {
			out = append(out, both)
		}
		if s[i].To < o[j].To {
			i++
		} else {
			j++
		}
	}
	return out
}

// Not returns the moments that are in no span of the set.
func (s Spans) Not() Spans {
	var out Spans
	from := Beginning
	for _, span := range s {
		if span.From > from {
			out = append(out, Span{from, span.From})
		}
		from = span.To
	}
	if from < Forever {
		out = append(out, Span{from, Forever})
	}
	return out
}

// Without returns the moments of s that are not in o.
func (s Spans) Without(o Spans) Spans { return s.And(o.Not()) }

// Hold says whether t is in the set.
func (s Spans) Hold(t time.Duration) bool {
	for _, span := range s {
		if span.Holds(t) {
			return true
		}
	}
	return false
}

// Length returns how much time the set holds.
func (s Spans) Length() time.Duration {
	var sum time.Duration
	for _, span := range s {
		sum += span.Length()
	}
	return sum
}

// Seconds returns how much time the set holds, in seconds.
func (s Spans) Seconds() float64 { return s.Length().Seconds() }
