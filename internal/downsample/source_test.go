package downsample

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
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
func scrapedAt(interval int64, times ...[]int64) *scrapes {
	all := slices.Concat(times...)
	return &scrapes{ok: slices.Clone(all), tried: all, interval: interval}
}

// failing makes the scrapes within a span fail.
func (s *scrapes) failing(during span) *scrapes {
	s.ok = slices.DeleteFunc(s.ok, func(t int64) bool { return during.from <= t && t < during.to })
	return s
}

// at makes samples of one value.
func at(v float64, times ...int64) []promapi.Sample {
	samples := make([]promapi.Sample, len(times))
	for i, t := range times {
		samples[i] = promapi.Sample{T: t, V: v}
	}
	return samples
}

func sameSpans(t *testing.T, got, want spans) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(span{})); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// What follows is told in small numbers: a scrape interval is 10.

func TestObserved(t *testing.T) {
	whole := span{0, 100}
	for _, c := range []struct {
		name  string
		slice span
		times []int64
		want  spans
	}{
		{"all the time", whole, every(10, 5, 95), spans{whole}},
		{"never", whole, nil, nil},
		{"one failed scrape is no outage", whole, slices.Concat(every(10, 5, 35), every(10, 55, 95)), spans{whole}},
		{"two are one", whole, slices.Concat(every(10, 5, 25), every(10, 55, 95)), spans{{0, 30}, {50, 100}}},
		{"exactly as long as is borne", whole, slices.Concat(every(10, 5, 25), every(10, 50, 90)), spans{whole}},
		{"two outages", whole, []int64{5, 15, 45, 55, 85, 95}, spans{{0, 20}, {40, 60}, {80, 100}}},
		{"late, but soon enough", whole, every(10, 25, 95), spans{whole}},
		{"too late", whole, every(10, 26, 96), spans{{21, 100}}},
		{"ends early, but late enough", whole, every(10, 5, 75), spans{whole}},
		{"ends too early", whole, every(10, 4, 74), spans{{0, 79}}},
		{"one scrape amid silence", whole, []int64{45}, spans{{40, 50}}},
		{"one scrape in a slice as short", span{0, 20}, []int64{12}, spans{{0, 20}}},
		{"one at an edge does not reach beyond it", span{0, 30}, []int64{2}, spans{{0, 7}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sameSpans(t, observed(c.slice, c.times, 10), c.want)
		})
	}
}

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
	}{
		{"nothing", nil, 0},
		{"one sample", []int64{5}, 0},
		{"two samples, perhaps with an outage between", []int64{5, 35}, 0},
		{"an outage after two samples", []int64{5, 35, 900}, 30},
		{"regular", every(30, 0, 600), 30},
		{"with an outage", slices.Concat(every(30, 0, 300), every(30, 900, 1200)), 30},
		{"with failed scrapes, which leave their sample", every(15, 0, 600), 15},
		{"a few samples lost", slices.Concat(every(30, 0, 300), every(30, 360, 600), every(30, 660, 900)), 30},
		{"two targets in one series", beat(30_000, 0, 8_000), 30_000},
		{"three targets in one series", beat(30_000, 0, 8_000, 13_000), 30_000},
		{"six targets in one series", beat(60_000, 0, 5_000, 12_000, 25_000, 33_000, 50_000), 60_000},
		{"some milliseconds of jitter", jitter, 30_000},
		{"interval changed half-way: the longer half's", slices.Concat(every(30, 0, 600), every(60, 660, 900)), 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := intervalOf(at(1, c.times...))
			if diff := got - c.want; max(diff, -diff)*100 > c.want {
				t.Errorf("got %d, want %d within a hundredth", got, c.want)
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
			if median, steady := medianGap(at(1, c.times...), c.apart, 100); median != c.median || steady != c.steady {
				t.Errorf("got %d, %t; want %d, %t", median, steady, c.median, c.steady)
			}
		})
	}
}

func TestAlive(t *testing.T) {
	for _, c := range []struct {
		name     string
		attempts []int64
		want     spans
	}{
		{"never", nil, nil},
		{"one attempt tells of no time", []int64{5}, nil},
		{"all the time", every(10, 5, 95), spans{{5, 95}}},
		{"somewhat late is not missing", []int64{5, 20, 30}, spans{{5, 30}}},
		{"one missing", []int64{5, 15, 35, 45}, spans{{5, 15}, {35, 45}}},
		{"a restart", slices.Concat(every(10, 5, 35), every(10, 75, 95)), spans{{5, 35}, {75, 95}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sameSpans(t, alive(c.attempts, 10), c.want)
		})
	}
}

func TestNewSource(t *testing.T) {
	a, b := target{instance: "a"}, target{instance: "b"}
	slice := span{0, 100}
	t.Run("the longest interval is the source's, and theirs who show none", func(t *testing.T) {
		s := newSource(slice, map[target]*scrapes{a: scrapedAt(10, every(10, 5, 95)), b: scrapedAt(0, []int64{50})})
		if s.interval != 10 || s.targets[b].interval != 10 {
			t.Errorf("got %d, and %d for the other", s.interval, s.targets[b].interval)
		}
	})
	t.Run("nobody shows one", func(t *testing.T) {
		s := newSource(slice, map[target]*scrapes{a: scrapedAt(0, []int64{50})})
		if s.interval != defaultInterval || s.targets[a].interval != defaultInterval {
			t.Errorf("got %d, and %d for the target", s.interval, s.targets[a].interval)
		}
	})
	t.Run("no targets", func(t *testing.T) {
		s := newSource(slice, nil)
		sameSpans(t, s.observed, nil)
		if s.interval != defaultInterval {
			t.Errorf("got %d", s.interval)
		}
	})
	t.Run("any target's scrape is an observation, a failed one is none", func(t *testing.T) {
		s := newSource(slice, map[target]*scrapes{
			a: scrapedAt(10, every(10, 5, 45)),
			b: scrapedAt(10, every(10, 8, 98)).failing(span{40, 80}),
		})
		sameSpans(t, s.observed, spans{{0, 50}, {83, 100}})
	})
	t.Run("scrapes come in any order, and more than once", func(t *testing.T) {
		s := newSource(slice, map[target]*scrapes{a: scrapedAt(10, []int64{25, 5, 15, 5})})
		if diff := cmp.Diff([]int64{5, 15, 25}, s.targets[a].ok); diff != "" {
			t.Error(diff)
		}
	})
}

func TestExistence(t *testing.T) {
	slice := span{0, 200}
	whole := spans{slice}
	always := every(10, 5, 195)
	restart := func(times []int64) []int64 { // of Prometheus
		return slices.DeleteFunc(slices.Clone(times), func(t int64) bool { return 100 < t && t < 150 })
	}
	standIn := func(s *scrapes) *scrapes { s.standIn = true; return s }
	for _, c := range []struct {
		name            string
		other, this     *scrapes
		want            spans
		ofAnotherSource bool
	}{
		{name: "there all the time", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 198)), want: whole},
		{name: "left", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 98)), want: spans{{0, 103}}},
		{name: "came", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 108, 198)), want: spans{{103, 200}}},
		{name: "left and came back", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 58), every(10, 128, 198)), want: spans{{0, 63}, {123, 200}}},
		{name: "left, as another source shows", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 98)), ofAnotherSource: true, want: spans{{0, 103}}},
		{name: "brief", other: scrapedAt(10, always), this: scrapedAt(10, []int64{98, 108}), want: spans{{93, 113}}},
		{name: "there before the slice and at its beginning", other: scrapedAt(10, every(10, -55, 195)), this: scrapedAt(10, every(10, -52, 38)), want: spans{{0, 43}}},
		{name: "gone before the slice began", other: scrapedAt(10, every(10, -55, 195)), this: scrapedAt(10, every(10, -52, -22)), want: nil},
		{name: "Prometheus restarted", other: scrapedAt(10, restart(always)), this: scrapedAt(10, restart(every(10, 8, 198))), want: whole},
		{name: "did not come back after Prometheus' restart", other: scrapedAt(10, restart(always)), this: scrapedAt(10, every(10, 8, 98)), want: spans{{0, 103}}},
		{name: "nobody else to tell whether it was gone", this: scrapedAt(10, every(10, 8, 58), every(10, 128, 198)), want: whole},
		{name: "scrapes failed", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 198)).failing(span{40, 120}), want: whole},
		{name: "its turn had not come at the slice's end", other: scrapedAt(10, always), this: scrapedAt(60, []int64{10, 70, 130}), want: whole},
		{name: "its turn came and passed", other: scrapedAt(10, always), this: scrapedAt(60, []int64{10, 70}), want: spans{{0, 100}}},
		{name: "its turn comes late in the slice", other: scrapedAt(10, always), this: scrapedAt(60, []int64{80, 140}), want: whole},
		{name: "one attempt lost of a target without up", other: scrapedAt(10, always), this: standIn(scrapedAt(10, every(10, 8, 98), every(10, 118, 198))), want: whole},
		{name: "one attempt lost of a target with up", other: scrapedAt(10, always), this: scrapedAt(10, every(10, 8, 98), every(10, 128, 198)), want: spans{{0, 103}, {123, 200}}},
		{name: "a target without up left", other: scrapedAt(10, always), this: standIn(scrapedAt(10, every(10, 8, 98))), want: spans{{0, 103}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			this, other := target{instance: "this"}, target{instance: "other"}
			mine, theirs := map[target]*scrapes{this: c.this}, map[target]*scrapes{}
			switch {
			case c.other == nil:
			case c.ofAnotherSource:
				theirs[other] = c.other
			default:
				mine[other] = c.other
			}
			s := newSource(slice, mine)
			comeAndGo(s, newSource(slice, theirs))
			sameSpans(t, s.existence([]target{this}), c.want)
		})
	}
}

func TestExistenceOfSeveral(t *testing.T) {
	a, b, c := target{instance: "a"}, target{instance: "b"}, target{instance: "c"}
	s := newSource(span{0, 200}, map[target]*scrapes{
		a: scrapedAt(10, every(10, 5, 55)), b: scrapedAt(10, every(10, 97, 147)), c: scrapedAt(10, every(10, 2, 192)),
	})
	comeAndGo(s)
	sameSpans(t, s.existence([]target{a, b}), spans{{0, 60}, {92, 152}})
	sameSpans(t, s.existence([]target{a, {instance: "never heard of"}}), spans{{0, 60}})
	sameSpans(t, s.existence(nil), nil)
}

// TestOnly: what tells of one pod is the same whichever other targets were asked about.
func TestOnly(t *testing.T) {
	slice := span{0, 200}
	often, seldom := target{instance: "often"}, target{instance: "seldom"}
	s := newSource(slice, map[target]*scrapes{often: scrapedAt(10, every(10, 5, 195)), seldom: scrapedAt(60, every(60, 5, 185))})
	comeAndGo(s)
	for _, c := range []struct {
		name     string
		of       []target
		interval int64
	}{
		{"one", []target{often}, 10},
		{"one twice", []target{often, often}, 10},
		{"both", []target{often, seldom}, 60},
		{"none that is known: any may be", []target{{instance: "never heard of"}}, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			only := s.only(c.of...)
			if only.interval != c.interval {
				t.Errorf("interval %d, want %d", only.interval, c.interval)
			}
			sameSpans(t, only.observed, s.observed)
			sameSpans(t, only.existence(c.of), s.existence(c.of))
		})
	}
}
