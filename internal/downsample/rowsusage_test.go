package downsample

import (
	"math"
	"math/rand"
	"reflect"
	"slices"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// As in the other tests, a scrape interval is 10.

func TestShares(t *testing.T) {
	slice := span{0, 200}
	lives := func(each ...[]int64) []*instance {
		var all []*instance
		for _, times := range each {
			all = append(all, &instance{cpu: at(1, times...)})
		}
		return all
	}
	for _, c := range []struct {
		name string
		all  []*instance
		life spans
		want []spans
	}{
		{"none", nil, spans{slice}, nil},
		{"one has it all", lives(every(10, 55, 95)), spans{{20, 180}}, []spans{{{20, 180}}}},
		{"half-way between two", lives(every(10, 5, 95), every(10, 125, 195)), spans{slice}, []spans{{{0, 110}}, {{110, 200}}}},
		{"what was no life is nobody's", lives(every(10, 5, 95), every(10, 125, 195)), spans{{0, 100}, {120, 200}}, []spans{{{0, 100}}, {{120, 200}}}},
		{"one that is still shown when the next begins", lives(every(10, 5, 155), every(10, 105, 195)), spans{slice}, []spans{{{0, 105}}, {{105, 200}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := shares(c.all, c.life, slice)
			if len(got) != len(c.want) {
				t.Fatalf("got %v", got)
			}
			for i := range got {
				sameSpans(t, got[i], c.want[i])
			}
		})
	}
}

// TestAbsence: scrapes of an instance's own targets narrow when one followed the other.
func TestAbsence(t *testing.T) {
	slice := span{0, 200}
	always := every(10, 5, 195)
	for _, c := range []struct {
		name         string
		first, next  []int64
		ofOne, ofTwo []int64 // when the targets of the one and of the other were scraped
		want         int64
	}{
		{"both out of reach in between", every(10, 5, 55), every(10, 145, 195), every(10, 5, 55), every(10, 145, 195), 100},
		{"the next one's target had not shown it yet", every(10, 5, 55), every(10, 145, 195), every(10, 5, 55), always, 140},
		{"the first one's target no longer showed it", every(10, 5, 55), every(10, 145, 195), always, every(10, 145, 195), 60},
		{"neither was there in between", every(10, 5, 55), every(10, 145, 195), always, always, 100},
		{"one after the other", every(10, 5, 95), every(10, 105, 195), always, always, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, two := &instance{cpu: at(1, c.first...)}, &instance{cpu: at(1, c.next...)}
			one.absent(one.cpu, c.ofOne)
			two.absent(two.cpu, c.ofTwo)
			got := shares([]*instance{one, two}, spans{slice}, slice)
			sameSpans(t, got[0], spans{{0, c.want}})
			sameSpans(t, got[1], spans{{c.want, 200}})
		})
	}
}

// someRows are rows of some cgroups, by some kubelets, with and without ids.
type someRows []row

// Generate implements quick.Generator.
func (someRows) Generate(r *rand.Rand, _ int) reflect.Value {
	rows := make(someRows, r.Intn(6))
	for i := range rows {
		on := target{instance: string(rune('k' + r.Intn(3)))}
		id := []string{"/a", "/b", "/b/c", "/d", anonymous + on.instance}[r.Intn(5)]
		from := r.Int63n(200)
		rows[i] = row{id, on, counter(from, 1, every(10, from, from+r.Int63n(200-from))...)}
	}
	return reflect.ValueOf(rows)
}

func TestSharesTileTheLife(t *testing.T) {
	slice := span{0, 200}
	check(t, "of random rows", func(rows someRows, life pieces) bool {
		stretched := slices.Clone(life)
		for i := range stretched {
			stretched[i] = span{5 * stretched[i].from, 5 * stretched[i].to}
		}
		whole := newSpans(stretched...)
		all := instances(slice, 10, rows, nil)
		var sum int64
		var together spans
		for _, s := range shares(all, whole, slice) {
			sum += s.length()
			together = together.union(s)
		}
		return len(all) == 0 || sum == whole.length() && reflect.DeepEqual(together, whole)
	})
}

func TestIntegrate(t *testing.T) {
	slice := span{0, 200}
	first, second := &instance{cpu: at(1, every(10, 5, 95)...)}, &instance{cpu: at(1, every(10, 105, 195)...)}
	mean := map[*instance]float64{first: 2, second: 4}
	seen := func(i *instance) evidence { return evidence{seen: 30, integral: 30 * mean[i]} }
	for _, c := range []struct {
		name string
		all  []*instance
		life spans
		want evidence
	}{
		{"nothing seen", nil, spans{slice}, evidence{life: 200}},
		{"one is extended to the whole life", []*instance{first}, spans{slice}, evidence{life: 200, seen: 200, integral: 400}},
		{"each has its own mean", []*instance{first, second}, spans{{50, 200}}, evidence{life: 150, seen: 150, integral: 50*2 + 100*4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := integrate(c.all, c.life, slice, seen); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
	t.Run("of one nothing is seen: its share is life, but not seen", func(t *testing.T) {
		got := integrate([]*instance{first, second}, spans{slice}, slice, func(i *instance) evidence {
			if i == second {
				return evidence{}
			}
			return seen(i)
		})
		if want := (evidence{life: 200, seen: 100, integral: 200}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestCPUSeen(t *testing.T) {
	slice := span{0, 200}
	whole := spans{slice}
	const cores = 0.5
	rising := func(zero int64, times ...[]int64) []promapi.Sample { // milliseconds in, seconds out
		return counter(zero, cores/1000, slices.Concat(times...)...)
	}
	for _, c := range []struct {
		name      string
		cpu       []promapi.Sample
		fresh     bool
		since     int64
		life, ran spans
		seen      float64
	}{
		{name: "throughout", cpu: rising(-900, every(10, 5, 195)), life: whole, ran: whole, seen: 190},
		{name: "nothing", life: whole, ran: whole},
		{name: "one sample says nothing", cpu: rising(-900, []int64{95}), life: whole, ran: whole},
		{name: "the last sample before the slice: the part in the slice", cpu: rising(-900, every(10, -5, 195)), since: -100, life: whole, ran: whole, seen: 195},
		{name: "but not where the window begins", cpu: rising(-900, every(10, -5, 195)), since: 0, life: whole, ran: whole, seen: 190},
		{name: "a reset", cpu: slices.Concat(rising(-900, every(10, 5, 95)), rising(100, every(10, 105, 195))), life: whole, ran: whole, seen: 180},
		{name: "a pair across the life's edge is left out", cpu: rising(-900, every(10, 5, 195)), life: spans{{0, 100}}, ran: spans{{0, 100}}, seen: 90},
		{name: "a pair up to the life's edge is not", cpu: rising(-900, every(10, 5, 195)), life: spans{{0, 105}}, ran: spans{{0, 105}}, seen: 100},
		{name: "two parts of a life", cpu: rising(-900, every(10, 5, 195)), life: spans{{0, 50}, {150, 200}}, ran: whole, seen: 40 + 40},
		{name: "across a hole", cpu: rising(-900, every(10, 5, 45), every(10, 125, 195)), life: whole, ran: whole, seen: 190},
		{
			name: "relabelled in a hole: it ran on for somebody else",
			cpu:  rising(-900, every(10, 5, 45), every(10, 125, 195)), life: spans{{0, 85}}, ran: whole, seen: 80,
		}, {
			name: "stopped in a hole: all that was used was used before",
			cpu:  slices.Concat(rising(-900, every(10, 5, 45)), at(cores*985/1000, 125, 135)), life: spans{{0, 85}}, ran: spans{{0, 85}}, seen: 80,
		}, {
			name: "on and off in a hole: nobody knows when it was used",
			cpu:  rising(-900, every(10, 5, 45), every(10, 125, 195)), life: spans{{0, 65}, {105, 200}}, ran: spans{{0, 65}, {105, 200}}, seen: 40 + 70,
		}, {
			name: "seen to start, its first sample late: what it used since", fresh: true,
			cpu: rising(40, every(10, 75, 195)), life: spans{{40, 200}}, ran: spans{{40, 200}}, seen: 155,
		}, {
			name: "seen to start, its first sample soon after", fresh: true,
			cpu: rising(40, every(10, 45, 195)), life: spans{{40, 200}}, ran: spans{{40, 200}}, seen: 150,
		}, {
			name: "another life of it went before: who knows when this one began",
			cpu:  rising(60, every(10, 75, 195)), life: spans{{40, 200}}, ran: spans{{40, 200}}, seen: 120,
		}, {
			name: "there when the slice began: its counter was not zero then", fresh: true,
			cpu: rising(-900, every(10, 75, 195)), life: whole, ran: whole, seen: 120,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := &instance{cpu: c.cpu, fresh: c.fresh}
			got := i.cpuSeen(c.since, c.life, c.ran, slice, 10)
			if got.seen != c.seen {
				t.Errorf("seen for %v, want %v", got.seen, c.seen)
			}
			if mean := got.integral / got.seen; c.seen > 0 && math.Abs(mean-cores) > 1e-9 {
				t.Errorf("%v cores, want %v", mean, cores)
			}
		})
	}
}

func TestMemorySeen(t *testing.T) {
	i := &instance{memory: slices.Concat(at(100, 5, 15, 25), at(200, 35, 45))}
	for _, c := range []struct {
		name string
		life spans
		want evidence
	}{
		{"no life", nil, evidence{}},
		{"all samples count alike", spans{{0, 50}}, evidence{seen: 50, integral: 7000}},
		{"those in the life only", spans{{10, 40}}, evidence{seen: 30, integral: 4000}},
		{"one at the edge is in", spans{{15, 35}}, evidence{seen: 30, integral: 4000}},
		{"in two parts", spans{{0, 10}, {40, 50}}, evidence{seen: 20, integral: 3000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := i.memorySeen(c.life, 10); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
