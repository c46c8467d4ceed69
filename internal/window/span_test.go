package window

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEndingIn(t *testing.T) {
	for name, test := range map[string]struct {
		from, to string
		want     []string // ends
	}{
		"an end is in at to and out at from": {"2026-03-01T09:00:00Z", "2026-03-01T11:00:00Z", []string{"10:00", "11:00"}},
		"between ends":                       {"2026-03-01T09:30:00Z", "2026-03-01T11:30:00Z", []string{"10:00", "11:00"}},
		"within one window":                  {"2026-03-01T09:10:00Z", "2026-03-01T09:50:00Z", nil},
		"backwards":                          {"2026-03-01T11:00:00Z", "2026-03-01T09:00:00Z", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, w := range EndingIn(at(test.from), at(test.to), time.Hour) {
				if w.Period() != time.Hour {
					t.Errorf("window %s is not an hour long", w)
				}
				got = append(got, w.End.Format("15:04"))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestJoin(t *testing.T) {
	span := func(from, to int) Span {
		midnight := at("2026-03-01T00:00:00Z")
		return SpanOf(midnight.Add(time.Duration(from)*time.Hour), midnight.Add(time.Duration(to)*time.Hour), time.Hour)
	}
	for name, test := range map[string]struct{ spans, want []Span }{
		"none":             {nil, nil},
		"neighbours":       {[]Span{span(1, 2), span(2, 5), span(5, 6)}, []Span{span(1, 6)}},
		"a gap":            {[]Span{span(1, 2), span(3, 4)}, []Span{span(1, 2), span(3, 4)}},
		"in another order": {[]Span{span(3, 4), span(1, 2), span(2, 3)}, []Span{span(1, 4)}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Join(test.spans)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSpanAll(t *testing.T) {
	for name, test := range map[string]struct {
		from, to string
		period   time.Duration
		want     int64
	}{
		"hours":                      {"2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", time.Hour, 24},
		"no whole seconds":           {"1970-01-01T00:01:30.5Z", "1970-01-01T00:04:31.5Z", 90500 * time.Millisecond, 2},
		"more than a Duration holds": {"1700-01-01T00:00:00Z", "2300-01-01T00:00:00Z", 24 * time.Hour, 219145},
		"none":                       {"2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := SpanOf(at(test.from), at(test.to), test.period)
			var n int64
			next := s.Start
			for w := range s.All() {
				if !w.Start.Equal(next) || w.Period() != test.period || !w.Equal(s.At(n)) {
					t.Fatalf("window %d is %s", n, w)
				}
				next = w.End
				n++
			}
			if n != test.want || Count([]Span{s, s}) != 2*test.want {
				t.Errorf("%d windows, want %d", n, test.want)
			}
		})
	}
}
