package timeline

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObserved(t *testing.T) {
	whole := Span{0, 100}
	for _, c := range []struct {
		name  string
		span  Span
		times []int64
		want  Spans
	}{
		{"all the time", whole, every(10, 5, 95), Spans{whole}},
		{"never", whole, nil, nil},
		{"one failed scrape is no outage", whole, slices.Concat(every(10, 5, 35), every(10, 55, 95)), Spans{whole}},
		{"two are one", whole, slices.Concat(every(10, 5, 25), every(10, 55, 95)), Spans{{0, 30}, {50, 100}}},
		{"exactly as long as is borne", whole, slices.Concat(every(10, 5, 25), every(10, 50, 90)), Spans{whole}},
		{"two outages", whole, []int64{5, 15, 45, 55, 85, 95}, Spans{{0, 20}, {40, 60}, {80, 100}}},
		{"late, but soon enough", whole, every(10, 25, 95), Spans{whole}},
		{"too late", whole, every(10, 26, 96), Spans{{21, 100}}},
		{"ends early, but late enough", whole, every(10, 5, 75), Spans{whole}},
		{"ends too early", whole, every(10, 4, 74), Spans{{0, 79}}},
		{"one scrape amid silence", whole, []int64{45}, Spans{{40, 50}}},
		{"one scrape in a span as short", Span{0, 20}, []int64{12}, Spans{{0, 20}}},
		{"one at an edge does not reach beyond it", Span{0, 30}, []int64{2}, Spans{{0, 7}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sameSpans(t, Observed(c.span, c.times, 10), c.want)
		})
	}
}

func TestWorking(t *testing.T) {
	for _, c := range []struct {
		name     string
		attempts []int64
		want     Spans
	}{
		{"never", nil, nil},
		{"one attempt shows no time", []int64{5}, nil},
		{"all the time", every(10, 5, 95), Spans{{5, 95}}},
		{"somewhat late is not missing", []int64{5, 20, 30}, Spans{{5, 30}}},
		{"one missing", []int64{5, 15, 35, 45}, Spans{{5, 15}, {35, 45}}},
		{"a restart", slices.Concat(every(10, 5, 35), every(10, 75, 95)), Spans{{5, 35}, {75, 95}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sameSpans(t, working(c.attempts, 10), c.want)
		})
	}
}

func TestNewTargets(t *testing.T) {
	a, b := Target{Instance: "a"}, Target{Instance: "b"}
	whole := Span{0, 100}
	t.Run("the longest interval is the source's, and theirs who show none", func(t *testing.T) {
		s := NewTargets(whole, map[Target]*Scrapes{a: scrapedAt(10, every(10, 5, 95)), b: scrapedAt(0, []int64{50})})
		if s.Interval != 10 || s.Scrapes[b].Interval != 10 {
			t.Errorf("got %d, and %d for the other", s.Interval, s.Scrapes[b].Interval)
		}
	})
	t.Run("nobody shows one", func(t *testing.T) {
		s := NewTargets(whole, map[Target]*Scrapes{a: scrapedAt(0, []int64{50})})
		if s.Interval != defaultInterval || s.Scrapes[a].Interval != defaultInterval {
			t.Errorf("got %d, and %d for the target", s.Interval, s.Scrapes[a].Interval)
		}
	})
	t.Run("no targets", func(t *testing.T) {
		s := NewTargets(whole, nil)
		sameSpans(t, s.Observed, nil)
		if s.Interval != defaultInterval {
			t.Errorf("got %d", s.Interval)
		}
	})
	t.Run("any target's scrape is an observation, a failed one is none", func(t *testing.T) {
		s := NewTargets(whole, map[Target]*Scrapes{
			a: scrapedAt(10, every(10, 5, 45)),
			b: scrapedAt(10, every(10, 8, 98)).failing(Span{40, 80}),
		})
		sameSpans(t, s.Observed, Spans{{0, 50}, {83, 100}})
	})
}

func TestExistence(t *testing.T) {
	whole := Span{0, 200}
	always := every(10, 5, 195)
	restart := func(times []int64) []int64 { // of Prometheus
		return slices.DeleteFunc(slices.Clone(times), func(t int64) bool { return 100 < t && t < 150 })
	}
	indirect := func(s *Scrapes) *Scrapes { s.Indirect = true; return s }
	for _, c := range []struct {
		name            string
		other, this     *Scrapes
		want            Spans
		ofAnotherSource bool
	}{
		{name: "there all the time", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 198)), want: Spans{whole}},
		{name: "left", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 98)), want: Spans{{0, 103}}},
		{name: "came", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 108, 198)), want: Spans{{103, 200}}},
		{name: "left and came back", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 58), every(10, 128, 198)), want: Spans{{0, 63}, {123, 200}}},
		{name: "left, as another source shows", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 98)), ofAnotherSource: true, want: Spans{{0, 103}}},
		{name: "brief", other: scrapedAt(10, always), this: scrapedAt(10, []int64{98, 108}), want: Spans{{93, 113}}},
		{name: "there before the span and at its beginning", other: scrapedAt(10, every(10, -55, 195)), this: scrapedAt(10, every(10, -52, 38)), want: Spans{{0, 43}}},
		{name: "gone before the span began", other: scrapedAt(10, every(10, -55, 195)), this: scrapedAt(10, every(10, -52, -22)), want: nil},
		{name: "Prometheus restarted", other: scrapedAt(10, restart(always)), this: scrapedAt(10, restart(every(10, 8, 198))), want: Spans{whole}},
		{name: "did not come back after Prometheus' restart", other: scrapedAt(10, restart(always)), this: scrapedAt(10, every(10, 8, 98)), want: Spans{{0, 126}}},
		{name: "gone for less than an outage before Prometheus' restart, and after it", other: scrapedAt(10, every(10, 5, 115), every(10, 175, 195)), this: scrapedAt(10, every(10, 8, 98)), want: Spans{{0, 103}}},
		{name: "no turn missed before Prometheus' restart, and one after it", other: scrapedAt(10, every(10, 5, 115), every(10, 175, 195)), this: scrapedAt(10, every(10, 8, 108)), want: Spans{whole}},
		{name: "Prometheus restarted often, and no turn was missed", other: scrapedAt(10, every(10, 5, 105), every(10, 125, 135), every(10, 155, 165), every(10, 185, 195)), this: scrapedAt(10, every(10, 8, 98)), want: Spans{whole}},
		{name: "nobody else shows whether it was gone", this: scrapedAt(10, every(10, 8, 58), every(10, 128, 198)), want: Spans{whole}},
		{name: "scrapes failed", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 198)).failing(Span{40, 120}), want: Spans{whole}},
		{name: "its turn had not come at the span's end", other: scrapedAt(10, always), this: scrapedAt(60, []int64{10, 70, 130}), want: Spans{whole}},
		{name: "its turn came and passed once", other: scrapedAt(10, always), this: scrapedAt(60, []int64{10, 70}), want: Spans{whole}},
		{name: "its turn came and passed twice", other: scrapedAt(10, always), this: scrapedAt(60, []int64{-20, 40}), want: Spans{{0, 70}}},
		{name: "its turn comes late in the span", other: scrapedAt(10, always), this: scrapedAt(60, []int64{80, 140}), want: Spans{whole}},
		{name: "one attempt lost of a target without up", other: scrapedAt(10, always), this: indirect(scrapedAt(10, every(10, 8, 98), every(10, 118, 198))), want: Spans{whole}},
		{name: "one attempt lost of a target with up", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 98), every(10, 128, 198)), want: Spans{{0, 103}, {123, 200}}},
		{name: "a target without up left", other: scrapedAt(10, always), this: indirect(scrapedAt(10, every(10, 8, 98))), want: Spans{{0, 103}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			this, other := Target{Instance: "this"}, Target{Instance: "other"}
			mine, theirs := map[Target]*Scrapes{this: c.this}, map[Target]*Scrapes{}
			switch {
			case c.other == nil:
			case c.ofAnotherSource:
				theirs[other] = c.other
			default:
				mine[other] = c.other
			}
			s := NewTargets(whole, mine)
			ResolveLifetimes(s, NewTargets(whole, theirs))
			sameSpans(t, s.Existence(this), c.want)
		})
	}
}

// TestExistenceBesideASlowSource: the fastest scrapes show that Prometheus was not at work.
func TestExistenceBesideASlowSource(t *testing.T) {
	whole, a := Span{0, 200}, Target{Instance: "a"}
	fast := NewTargets(whole, map[Target]*Scrapes{a: scrapedAt(10, every(10, 5, 95), every(10, 145, 195))})
	slow := NewTargets(whole, map[Target]*Scrapes{{Instance: "b"}: scrapedAt(60, []int64{30, 90, 150})})
	for _, sources := range [][]*Targets{{fast, slow}, {slow, fast}} {
		ResolveLifetimes(sources...)
		sameSpans(t, fast.Existence(a), Spans{whole})
	}
}

func TestExistenceOfSeveral(t *testing.T) {
	a, b, c := Target{Instance: "a"}, Target{Instance: "b"}, Target{Instance: "c"}
	s := NewTargets(Span{0, 200}, map[Target]*Scrapes{
		a: scrapedAt(10, every(10, 5, 55)), b: scrapedAt(10, every(10, 97, 147)), c: scrapedAt(10, every(10, 2, 192)),
	})
	ResolveLifetimes(s)
	sameSpans(t, s.Existence(a, b), Spans{{0, 60}, {92, 152}})
	sameSpans(t, s.Existence(a, Target{Instance: "unknown"}), Spans{{0, 60}})
	sameSpans(t, s.Existence(), nil)
}

// TestOnly: what shows one pod is the same whichever other targets were asked about.
func TestOnly(t *testing.T) {
	whole := Span{0, 200}
	often, seldom := Target{Instance: "often"}, Target{Instance: "seldom"}
	s := NewTargets(whole, map[Target]*Scrapes{often: scrapedAt(10, every(10, 5, 195)), seldom: scrapedAt(60, every(60, 5, 185))})
	ResolveLifetimes(s)
	for _, c := range []struct {
		name     string
		of       []Target
		interval int64
	}{
		{"one", []Target{often}, 10},
		{"one twice", []Target{often, often}, 10},
		{"both", []Target{often, seldom}, 60},
		{"none that is known: any may be", []Target{{Instance: "unknown"}}, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			only := s.Only(c.of...)
			if only.Interval != c.interval {
				t.Errorf("interval %d, want %d", only.Interval, c.interval)
			}
			sameSpans(t, only.Observed, s.Observed)
			sameSpans(t, only.Existence(c.of...), s.Existence(c.of...))
		})
	}
}

// TestObservedBesideMoments: its slow twin asks of each millisecond why it is observed.
func TestObservedBesideMoments(t *testing.T) {
	const interval, silence = 10, 25
	check(t, "of any scrapes", func(in shownAt, from, length uint8) bool {
		var times []int64
		for i, t := range in.Times {
			if in.Shown[i] {
				times = append(times, t)
			}
		}
		whole := Span{int64(from), int64(from) + 1 + int64(length)}
		times = slices.DeleteFunc(times, func(t int64) bool { return t >= whole.To })
		var want []Span
		for t := whole.From; t < whole.To; t++ {
			observed := false
			for i, s := range times {
				first, last := i == 0, i == len(times)-1
				observed = observed ||
					s-interval/2 <= t && t < s+interval/2 ||
					!last && s <= t && t < times[i+1] && times[i+1]-s <= silence ||
					first && t < s && s-whole.From <= silence && s >= whole.From ||
					last && s <= t && whole.To-s <= silence
			}
			if observed {
				want = append(want, Span{t, t + 1})
			}
		}
		return cmp.Equal(Observed(whole, times, interval), NewSpans(want...))
	})
}
