// Package timeline says when something was there, judged by who looked. Pure: no clock,
// no I/O, no queries. Times are milliseconds since the Unix epoch.
package timeline

import (
	"cmp"
	"slices"
	"sort"
)

// Span is the half-open time [From, To).
type Span struct{ From, To int64 }

// Length is in milliseconds.
func (s Span) Length() int64 { return s.To - s.From }

// Contains says whether t lies in the span.
func (s Span) Contains(t int64) bool { return s.From <= t && t < s.To }

// Cut returns the parts of the span that are at most so long.
func (s Span) Cut(most int64) []Span {
	var out []Span
	for ; s.Length() > most; s.From += most {
		out = append(out, Span{s.From, s.From + most})
	}
	return append(out, s)
}

// Spans are disjoint, sorted, and none of them is empty.
type Spans []Span

// NewSpans sorts and joins what it is given.
func NewSpans(all ...Span) Spans {
	slices.SortFunc(all, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	var out Spans
	for _, s := range all {
		out = out.extended(s)
	}
	return out
}

// extended adds a span that begins no earlier than the others.
func (s Spans) extended(by Span) Spans {
	switch last := len(s) - 1; {
	case by.From >= by.To:
	case last >= 0 && by.From <= s[last].To:
		s[last].To = max(s[last].To, by.To)
	default:
		return append(s, by)
	}
	return s
}

// Union returns what is in either.
func (s Spans) Union(o Spans) Spans {
	return NewSpans(slices.Concat(s, o)...)
}

// Intersect returns what is in both.
func (s Spans) Intersect(o Spans) Spans {
	if len(s) == 0 || len(o) == 0 {
		return nil
	}
	var out Spans
	for i, j := s.after(o[0].From), o.after(s[0].From); i < len(s) && j < len(o); {
		if both := (Span{max(s[i].From, o[j].From), min(s[i].To, o[j].To)}); both.From < both.To {
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

// Meet says whether any of s and a span have some time in common.
func (s Spans) Meet(o Span) bool {
	i := s.after(o.From)
	return i < len(s) && s[i].From < o.To
}

// after is the place of the first that ends after a moment.
func (s Spans) after(t int64) int {
	return sort.Search(len(s), func(i int) bool { return s[i].To > t })
}

// Complement returns what of whole s leaves out.
func (s Spans) Complement(whole Span) Spans {
	var out Spans
	from := whole.From
	for _, x := range s {
		if from < min(x.From, whole.To) {
			out = append(out, Span{from, min(x.From, whole.To)})
		}
		from = max(from, x.To)
	}
	if from < whole.To {
		out = append(out, Span{from, whole.To})
	}
	return out
}

// Whole is from the first to the last moment of any of the spans.
func (s Spans) Whole() Span {
	if len(s) == 0 {
		return Span{}
	}
	return Span{s[0].From, s[len(s)-1].To}
}

// Changes counts the spans' starts and ends within the whole.
func (s Spans) Changes(whole Span) int {
	n := 0
	for _, x := range s {
		if x.From > whole.From {
			n++
		}
		if x.To < whole.To {
			n++
		}
	}
	return n
}

// Length is in milliseconds.
func (s Spans) Length() int64 {
	var sum int64
	for _, x := range s {
		sum += x.To - x.From
	}
	return sum
}

// Hold says whether one of the spans, its end included, holds all of [from, to].
func (s Spans) Hold(from, to int64) bool {
	i, _ := slices.BinarySearchFunc(s, from, func(x Span, t int64) int { return cmp.Compare(x.To, t) })
	// Two spans may share the moment from: the one that starts there counts as well.
	for ; i < len(s) && s[i].From <= from; i++ {
		if to <= s[i].To {
			return true
		}
	}
	return false
}

// Are says whether s is exactly one span.
func (s Spans) Are(whole Span) bool { return len(s) == 1 && s[0] == whole }
