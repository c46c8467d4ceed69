package window

import (
	"iter"
	"slices"
	"time"
)

// EndingIn returns the windows of the given period that end in (from, to], oldest first.
func EndingIn(from, to time.Time, period time.Duration) []Window {
	var out []Window
	for w := Containing(from, period); !w.End.After(to); w = w.Next() {
		out = append(out, w)
	}
	return out
}

// Span is a sequence of consecutive windows.
type Span struct {
	Start, End time.Time
	Windows    int64
}

// SpanOf returns the span of the windows between two of their ends.
func SpanOf(start, end time.Time, period time.Duration) Span {
	return Span{Start: start, End: end, Windows: (end.UnixMilli() - start.UnixMilli()) / period.Milliseconds()}
}

// All yields the span's windows, the oldest first.
func (s Span) All() iter.Seq[Window] {
	return func(yield func(Window) bool) {
		for i := range s.Windows {
			if !yield(s.At(i)) {
				return
			}
		}
	}
}

// At returns the span's i-th window, from 0.
func (s Span) At(i int64) Window {
	start := s.Start.UnixMilli()
	period := (s.End.UnixMilli() - start) / s.Windows
	return Window{Start: time.UnixMilli(start + i*period).UTC(), End: time.UnixMilli(start + (i+1)*period).UTC()}
}

// Part returns the span's windows from the i-th up to, but not including, the n-th. It must not
// be empty.
func (s Span) Part(i, n int64) Span {
	return Span{Start: s.At(i).Start, End: s.At(n - 1).End, Windows: n - i}
}

// Count returns the number of windows in spans.
func Count(spans []Span) (n int64) {
	for _, s := range spans {
		n += s.Windows
	}
	return n
}

// At returns the i-th window of spans, from 0.
func At(spans []Span, i int64) Window {
	for len(spans) > 1 && i >= spans[0].Windows {
		i -= spans[0].Windows
		spans = spans[1:]
	}
	return spans[0].At(i)
}

// Each yields the windows of spans.
func Each(spans []Span) iter.Seq[Window] {
	return func(yield func(Window) bool) {
		for _, s := range spans {
			for w := range s.All() {
				if !yield(w) {
					return
				}
			}
		}
	}
}

// Append adds a window that is newer than all of the spans. It extends the last span if it
// follows without a gap.
func Append(spans []Span, w Window) []Span {
	if n := len(spans); n > 0 && spans[n-1].End.Equal(w.Start) {
		spans[n-1].End = w.End
		spans[n-1].Windows++
		return spans
	}
	return append(spans, Span{Start: w.Start, End: w.End, Windows: 1})
}

// Join merges consecutive spans, in whatever order they are given. They must not overlap.
func Join(spans []Span) []Span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b Span) int { return a.End.Compare(b.End) })
	var out []Span
	for _, s := range spans {
		if n := len(out); n > 0 && out[n-1].End.Equal(s.Start) {
			out[n-1].End = s.End
			out[n-1].Windows += s.Windows
			continue
		}
		out = append(out, s)
	}
	return out
}
