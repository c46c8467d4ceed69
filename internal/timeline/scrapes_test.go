package timeline

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// every returns the times from one to the other, both included, a step apart.
func every(step, from, to int64) []int64 {
	var times []int64
	for t := from; t <= to; t += step {
		times = append(times, t)
	}
	return times
}

// scrapedAt are scrapes that all went well.
func scrapedAt(interval int64, times ...[]int64) *Scrapes {
	all := slices.Concat(times...)
	return &Scrapes{OK: slices.Clone(all), Tried: all, Interval: interval}
}

// failing makes the scrapes within a span fail.
func (s *Scrapes) failing(during Span) *Scrapes {
	s.OK = slices.DeleteFunc(s.OK, during.Contains)
	return s
}

func sameSpans(t *testing.T, got, want Spans) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// What follows is in small numbers: a scrape interval is 10.

func TestIntervalOf(t *testing.T) {
	beat := func(length int64, offsets ...int64) []int64 {
		var times []int64
		for from := int64(0); from < 20*length; from += length {
			for _, o := range offsets {
				times = append(times, from+o)
			}
		}
		return times
	}
	jitter := every(30_000, 0, 600_000)
	for i := range jitter {
		jitter[i] += []int64{0, 40, -25, 110, -90}[i%5]
	}
	for _, c := range []struct {
		name  string
		times []int64
		want  int64
		more  int // targets that share the series
	}{
		{"nothing", nil, 0, 0},
		{"one sample", []int64{5}, 0, 0},
		{"two samples, perhaps with an outage between", []int64{5, 35}, 0, 0},
		{"an outage after two samples", []int64{5, 35, 900}, 30, 0},
		{"regular", every(30, 0, 600), 30, 0},
		{"with an outage", slices.Concat(every(30, 0, 300), every(30, 900, 1200)), 30, 0},
		{"with failed scrapes, which leave their sample", every(15, 0, 600), 15, 0},
		{"a few samples lost", slices.Concat(every(30, 0, 300), every(30, 360, 600), every(30, 660, 900)), 30, 0},
		{"two targets in one series", beat(30_000, 0, 8_000), 30_000, 1},
		{"three targets in one series", beat(30_000, 0, 8_000, 13_000), 30_000, 2},
		{"six targets in one series", beat(60_000, 0, 5_000, 12_000, 25_000, 33_000, 50_000), 60_000, 5},
		{"some milliseconds of jitter", jitter, 30_000, 0},
		{"interval changed half-way: the longer half's", slices.Concat(every(30, 0, 600), every(60, 660, 900)), 30, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, sharing := intervalOf(c.times)
			if diff := got - c.want; max(diff, -diff)*100 > c.want || sharing != c.more {
				t.Errorf("got %d among %d more, want %d within a hundredth among %d", got, sharing, c.want, c.more)
			}
		})
	}
}

func TestMedianGap(t *testing.T) {
	for _, c := range []struct {
		name   string
		times  []int64
		apart  int
		median int64
		steady bool
	}{
		{"too few samples", []int64{0, 10}, 1, 0, false},
		{"as few as can be", []int64{0, 10, 20}, 1, 10, true},
		{"steady", every(10, 0, 100), 1, 10, true},
		{"two apart", every(10, 0, 100), 2, 20, true},
		{"a quarter are longer: still steady", []int64{0, 10, 20, 30, 60}, 1, 10, true},
		{"more than a quarter: not", []int64{0, 10, 20, 50, 80}, 1, 10, false},
		{"a beat is not steady from one to the next", []int64{0, 10, 30, 40, 60, 70, 90}, 1, 10, false},
		{"but from one to the next but one", []int64{0, 10, 30, 40, 60, 70, 90}, 2, 30, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if median, steady := medianGap(c.times, c.apart, 100); median != c.median || steady != c.steady {
				t.Errorf("got %d, %t; want %d, %t", median, steady, c.median, c.steady)
			}
		})
	}
}

// TestNewScrapes: what a series shows, in the span, in the time before it that is looked at as
// well, and beyond either.
func TestNewScrapes(t *testing.T) {
	whole := Span{1_000_000, 1_000_100}
	times := []int64{whole.From - Preroll - 1, whole.From - Preroll, whole.From - 10, whole.From, whole.From + 10, whole.To - 1, whole.To}
	failed := whole.From + 10
	t.Run("by up", func(t *testing.T) {
		got := NewScrapes(whole, times, func(i int) bool { return times[i] != failed })
		want := &Scrapes{OK: []int64{times[3], times[5]}, Before: times[1:3], Tried: times[1:6], Interval: got.Interval}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("by other series", func(t *testing.T) {
		got := NewIndirectScrapes(whole, []int64{times[3], times[5]})
		want := &Scrapes{OK: []int64{times[3], times[5]}, Tried: []int64{times[3], times[5]}, Indirect: true}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestJoin: two series of one target are one, each scrape once.
func TestJoin(t *testing.T) {
	a := scrapedAt(10, []int64{5, 15, 35})
	b := scrapedAt(20, []int64{5, 8, 28}).failing(Span{20, 30})
	b.Before, b.Indirect = []int64{-12}, true
	want := &Scrapes{OK: []int64{5, 8, 15, 35}, Before: []int64{-12}, Tried: []int64{5, 8, 15, 28, 35}, Interval: 20, Indirect: true}
	for _, got := range []*Scrapes{a.Join(b), b.Join(a)} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(scrapedAt(10, []int64{5, 15, 35}), a); diff != "" {
		t.Errorf("what was joined has changed: %s", diff)
	}
}

// TestBeat: of two endpoints that share their series, each has its own scrapes.
func TestBeat(t *testing.T) {
	one, other := NewIndirectScrapes(Span{0, 200_000}, []int64{1_000, 31_000, 91_010, 121_000}), NewIndirectScrapes(Span{0, 200_000}, []int64{20_000, 50_000, 80_000, 110_000})
	both := one.Join(other)
	for of, want := range map[int64][]int64{31_000: one.OK, 80_000: other.OK, 500_000: other.OK} {
		if diff := cmp.Diff(want, both.Beat(of)); diff != "" {
			t.Errorf("of %d: %s", of, diff)
		}
	}
	if diff := cmp.Diff(one.OK, one.Join(one).Beat(15_000)); diff != "" {
		t.Errorf("of one endpoint, all are its own: %s", diff)
	}
}

// TestSightings: two servers' samples of one scrape are seen once.
func TestSightings(t *testing.T) {
	a, s := Target{Instance: "a"}, Sightings{}
	s.Add(a, 5, 25)
	s.Add(a)
	s.Add(a, 15, 25, 35)
	s.Add(Target{Instance: "b"})
	if diff := cmp.Diff(Sightings{a: {5, 15, 25, 35}}, s); diff != "" {
		t.Error(diff)
	}
}

func TestTargetString(t *testing.T) {
	for want, of := range map[string]Target{
		"":                     {},
		"ksm 10.0.0.1:8080":    {Job: "ksm", Instance: "10.0.0.1:8080"},
		"east kubelet n1 /m/c": {Cluster: "east", Job: "kubelet", Instance: "n1", Path: "/m/c"},
	} {
		if got := of.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
