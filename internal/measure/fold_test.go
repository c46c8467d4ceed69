package measure

import (
	"math"
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

func TestIntegrate(t *testing.T) {
	whole := timeline.Span{From: 0, To: 200}
	there := timeline.Spans{whole}
	first := &incarnation{node: there, samples: [][]promapi.Sample{at(1, every(10, 5, 95)...)}}
	second := &incarnation{node: there, samples: [][]promapi.Sample{at(1, every(10, 105, 195)...)}}
	lost := &incarnation{node: timeline.Spans{{From: 0, To: 60}}, samples: first.samples}
	mean := map[*incarnation]float64{first: 2, second: 4, lost: 2}
	for _, c := range []struct {
		name   string
		all    []*incarnation
		unseen *incarnation
		life   timeline.Spans
		want   Evidence
	}{
		{"nothing seen", nil, nil, timeline.Spans{whole}, Evidence{}},
		{"one is extended to the whole life", []*incarnation{first}, nil, timeline.Spans{whole}, Evidence{Life: 200, Seen: 200, Integral: 400}},
		{"one ends with its node, whichever the next one is on", []*incarnation{lost, second}, nil, timeline.Spans{whole}, Evidence{Life: 160, Seen: 160, Integral: 60*2 + 100*4}},
		{"each has its own mean", []*incarnation{first, second}, nil, timeline.Spans{{From: 50, To: 200}}, Evidence{Life: 150, Seen: 150, Integral: 50*2 + 100*4}},
		{"of one nothing is seen: its share is life, but not seen", []*incarnation{first, second}, second, timeline.Spans{whole}, Evidence{Life: 200, Seen: 100, Integral: 200}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := until200().integrate(c.all, c.life, func(i *incarnation, _ timeline.Spans) (seen, integral float64) {
				if i == c.unseen {
					return 0, 0
				}
				return 30, 30 * mean[i]
			})
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestRateSeen(t *testing.T) {
	whole := timeline.Spans{{From: 0, To: 200}}
	parts := func(bounds ...int64) timeline.Spans {
		var out timeline.Spans
		for i := 0; i < len(bounds); i += 2 {
			out = append(out, timeline.Span{From: bounds[i], To: bounds[i+1]})
		}
		return out
	}
	const cores = 0.5
	rising := func(zero int64, times ...[]int64) []promapi.Sample { // milliseconds in, seconds out
		return counter(zero, cores/1000, slices.Concat(times...)...)
	}
	for _, c := range []struct {
		name      string
		cpu       []promapi.Sample
		first     bool
		since     int64
		life, ran timeline.Spans
		observed  timeline.Spans // the whole span where there are none
		seen      float64
	}{
		{name: "throughout", cpu: rising(-900, every(10, 5, 195)), life: whole, ran: whole, seen: 190},
		{name: "nothing", life: whole, ran: whole},
		{name: "one sample says nothing", cpu: rising(-900, []int64{95}), life: whole, ran: whole},
		{name: "the last sample before the span: the part in the span", cpu: rising(-900, every(10, -5, 195)), since: -100, life: whole, ran: whole, seen: 195},
		{name: "but not where the window begins", cpu: rising(-900, every(10, -5, 195)), since: 0, life: whole, ran: whole, seen: 190},
		{name: "a reset", cpu: slices.Concat(rising(-900, every(10, 5, 95)), rising(100, every(10, 105, 195))), life: whole, ran: whole, seen: 180},
		{name: "a pair across the life's edge is left out", cpu: rising(-900, every(10, 5, 195)), life: parts(0, 100), ran: parts(0, 100), seen: 90},
		{name: "a pair up to the life's edge is not", cpu: rising(-900, every(10, 5, 195)), life: parts(0, 105), ran: parts(0, 105), seen: 100},
		{name: "two parts of a life", cpu: rising(-900, every(10, 5, 195)), life: parts(0, 50, 150, 200), ran: whole, seen: 40 + 40},
		{name: "across a hole", cpu: rising(-900, every(10, 5, 45), every(10, 125, 195)), life: whole, ran: whole, seen: 190},
		{
			name: "relabelled in a hole: what it used in that may be somebody else's",
			cpu:  slices.Concat(rising(-900, every(10, 5, 45)), counter(-900, 10*cores/1000, every(10, 125, 195)...)), life: parts(0, 85), ran: whole, seen: 40,
		}, {
			name: "out as the window began: what it used since, by the sample before",
			cpu:  rising(-900, every(10, -15, -5), every(10, 75, 195)), since: 0, life: whole, ran: whole, seen: 195,
		}, {
			name: "across an outage: what was used in it is not known",
			cpu:  rising(-900, every(10, 5, 45), every(10, 125, 195)), life: parts(0, 50, 120, 200), ran: parts(0, 200), observed: parts(0, 50, 120, 200), seen: 40 + 70,
		}, {
			name: "changes hands in an outage: neither is what was used on one side of that",
			cpu:  slices.Concat(rising(-900, every(10, 5, 45)), counter(-900, 10*cores/1000, every(10, 125, 195)...)), life: parts(0, 50), ran: parts(0, 90), observed: parts(0, 50, 120, 200), seen: 40,
		}, {
			name: "seen to start, its first sample late: what it used since", first: true,
			cpu: rising(40, every(10, 75, 195)), life: parts(40, 200), ran: parts(40, 200), seen: 155,
		}, {
			name: "seen to start before an outage: what it used in that is not known", first: true,
			cpu: rising(40, every(10, 75, 195)), life: parts(40, 50, 70, 200), ran: parts(40, 200), observed: parts(0, 50, 70, 200), seen: 120,
		}, {
			name: "seen to start, its first sample soon after", first: true,
			cpu: rising(40, every(10, 45, 195)), life: parts(40, 200), ran: parts(40, 200), seen: 150,
		}, {
			name: "another life of it went before: nobody knows when this one began",
			cpu:  rising(60, every(10, 75, 195)), life: parts(40, 200), ran: parts(40, 200), seen: 120,
		}, {
			name: "there when the span began: its counter was not zero then", first: true,
			cpu: rising(-900, every(10, 75, 195)), life: whole, ran: whole, seen: 120,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := &incarnation{samples: [][]promapi.Sample{c.cpu}, first: c.first}
			by := &timeline.Targets{Span: until200().Inventory.Span, Interval: 10, Observed: whole}
			if c.observed != nil {
				by.Observed = c.observed
			}
			seen, integral := until200().rateSeen(i, c.cpu, c.since, c.life, c.ran, by)
			if seen != c.seen {
				t.Errorf("seen for %v, want %v", seen, c.seen)
			}
			if mean := integral / seen; c.seen > 0 && math.Abs(mean-cores) > 1e-9 {
				t.Errorf("%v cores, want %v", mean, cores)
			}
		})
	}
}

func TestMeanSeen(t *testing.T) {
	memory := slices.Concat(at(100, 5, 15, 25), at(200, 35, 45))
	for _, c := range []struct {
		name           string
		memory         []promapi.Sample
		life           timeline.Spans
		seen, integral float64
	}{
		{"no life", memory, nil, 0, 0},
		{"all samples count alike", memory, timeline.Spans{{From: 0, To: 50}}, 50, 7000},
		{"those in the life only", memory, timeline.Spans{{From: 10, To: 40}}, 30, 4000},
		{"one at the edge is in", memory, timeline.Spans{{From: 15, To: 35}}, 30, 4000},
		{"more of them at the end", slices.Concat(memory, at(200, 47, 49)), timeline.Spans{{From: 0, To: 60}}, 54, 7800},
		{"after a gap", slices.Concat(memory, at(300, 95)), timeline.Spans{{From: 0, To: 100}}, 60, 10000},
		{"in two parts", memory, timeline.Spans{{From: 0, To: 10}, {From: 40, To: 50}}, 20, 3000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if seen, integral := meanSeen(c.memory, c.life, 10); seen != c.seen || integral != c.integral {
				t.Errorf("got %v, %v; want %v, %v", seen, integral, c.seen, c.integral)
			}
		})
	}
}
