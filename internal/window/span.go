package window

import (
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

// Span is a run of windows that follow each other without a gap.
type Span struct {
	Start, End time.Time
	Windows    int64
}

// SpanOf returns the span of the windows between two of their ends.
func SpanOf(start, end time.Time, period time.Duration) Span {
	return Span{Start: start, End: end, Windows: int64(end.Sub(start) / period)}
}

// Join makes one of spans that follow each other, whatever order they come in. They do
// not overlap.
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
