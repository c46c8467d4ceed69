package measure

import (
	"maps"
	"math/rand"
	"reflect"
	"slices"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// until200 measures the span from 0 to 200.
func until200() Measurer {
	return Measurer{Table: metric.Default(), Inventory: &inventory.Inventory{Span: timeline.Span{From: 0, To: 200}}}
}

// ofCAdvisor are rows of CPU and memory.
func ofCAdvisor() *usage {
	return &usage{source: 1, metrics: metric.Default().Of(metric.CAdvisor), targets: &timeline.Targets{Interval: 10}}
}

// anybody is a container that is nobody's in particular.
func anybody() life { return life{tenures: []inventory.Tenure{{}}} }

func TestIncarnations(t *testing.T) {
	k1, k2 := timeline.Target{Instance: "k1"}, timeline.Target{Instance: "k2"}
	type lived struct {
		ID          string
		First, Last int64
		IsFirst     bool
	}
	cpu := func(of string, by timeline.Target, parts ...[]promapi.Sample) row {
		return row{id: id(of), target: by, samples: slices.Concat(parts...)}
	}
	const podA, podB = "/pod0a1b2c3d-1111-2222-3333-0123456789ab/z", "/pod0a1b2c3d-1111-2222-3333-0123456789ac/a"
	for _, c := range []struct {
		name    string
		cpu     []row
		want    []lived
		leftOut map[string]int
	}{
		{"none", nil, nil, nil},
		{"one", []row{cpu("/a", k1, counter(0, 1, every(10, 5, 195)...))}, []lived{{"/a", 5, 195, true}}, nil},
		{
			"a restart", []row{cpu("/z", k1, counter(0, 1, every(10, 5, 95)...)), cpu("/a", k1, counter(100, 1, every(10, 105, 195)...))},
			[]lived{{"/z", 5, 95, true}, {"/a", 105, 195, false}}, nil,
		}, {
			"a dead one that is shown for a while ends at its successor's first sample",
			[]row{cpu("/z", k1, counter(0, 1, every(10, 5, 145)...)), cpu("/a", k1, counter(100, 1, every(10, 105, 195)...))},
			[]lived{{"/z", 5, 95, true}, {"/a", 105, 195, false}}, map[string]int{outlivedRow: 5},
		}, {
			"both there from the start: the one that goes first is the dead one",
			[]row{cpu("/z", k1, counter(-90, 1, every(10, 5, 45)...)), cpu("/a", k1, counter(-10, 1, every(10, 5, 195)...))},
			[]lived{{"/a", 5, 195, false}}, map[string]int{outlivedRow: 5},
		}, {
			"both there from the start to the end: the one that stands still is the dead one",
			[]row{cpu("/a", k1, at(80, every(10, 5, 195)...)), cpu("/z", k1, counter(-10, 1, every(10, 5, 195)...))},
			[]lived{{"/z", 5, 195, false}}, map[string]int{outlivedRow: 20},
		}, {
			"three in a row, the first two are shown too long",
			[]row{cpu("/a", k1, counter(0, 1, every(10, 5, 155)...)), cpu("/b", k1, counter(60, 1, every(10, 65, 195)...)), cpu("/c", k1, counter(120, 1, every(10, 125, 195)...))},
			[]lived{{"/a", 5, 55, true}, {"/b", 65, 115, false}, {"/c", 125, 195, false}}, map[string]int{outlivedRow: 10 + 8},
		}, {
			"a pod's all go before those of the pod that has its name after it",
			[]row{cpu(podB, k2, counter(90, 1, every(10, 95, 195)...)), cpu(podA, k1, counter(-90, 1, every(10, 5, 155)...))},
			[]lived{{podA, 5, 85, true}, {podB, 95, 195, false}}, map[string]int{outlivedRow: 7},
		}, {
			"two jobs show one",
			[]row{cpu("/a", k1, counter(0, 1, every(10, 5, 195)...)), cpu("/a", k2, counter(0, 1, every(10, 8, 198)...))},
			[]lived{{"/a", 5, 195, true}}, map[string]int{repeatedRow: 20},
		}, {
			"without an id, in a hole of one with: its counter goes on",
			[]row{cpu("?k1", k1, counter(0, 1, every(10, 65, 145)...)), cpu("/a", k1, counter(0, 1, every(10, 5, 55)...))},
			[]lived{{"/a", 5, 145, true}}, nil,
		}, {
			"without an id, before one with: its counter went on",
			[]row{cpu("?k1", k1, counter(0, 1, every(10, 5, 55)...)), cpu("/a", k1, counter(0, 1, every(10, 65, 195)...))},
			[]lived{{"/a", 5, 195, true}}, nil,
		}, {
			"without an id, between two with: one ended, the other had not begun",
			[]row{cpu("?k1", k1, counter(0, 1, every(10, 65, 95)...), counter(100, 1, every(10, 105, 125)...)), cpu("/a", k1, counter(0, 1, every(10, 5, 55)...)), cpu("/b", k1, counter(140, 1, every(10, 145, 195)...))},
			[]lived{{"/a", 5, 95, true}, {"k1", 105, 125, false}, {"/b", 145, 195, false}}, nil,
		}, {
			"a cgroup within the container's",
			[]row{cpu("/a/init.scope", k1, counter(0, 1, every(10, 5, 195)...)), cpu("/a", k1, counter(0, 1, every(10, 5, 195)...))},
			[]lived{{"/a", 5, 195, true}}, map[string]int{nestedRow: 20},
		}, {
			"without ids, moved to another kubelet",
			[]row{cpu("?k2", k2, counter(0, 1, every(10, 5, 95)...)), cpu("?k1", k1, counter(100, 1, every(10, 105, 195)...))},
			[]lived{{"k2", 5, 95, true}, {"k1", 105, 195, false}}, nil,
		}, {
			"without ids, moved to another kubelet and back",
			[]row{cpu("?k1", k1, counter(0, 1, every(10, 5, 65)...), counter(130, 1, every(10, 135, 195)...)), cpu("?k2", k2, counter(70, 1, every(10, 75, 125)...))},
			[]lived{{"k1", 5, 65, true}, {"k2", 75, 125, false}, {"k1", 135, 195, false}}, nil,
		}, {
			"without ids, the counter begins again",
			[]row{cpu("?k1", k1, counter(0, 1, every(10, 5, 95)...), counter(100, 1, every(10, 105, 195)...))},
			[]lived{{"k1", 5, 95, true}, {"k1", 105, 195, false}}, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []lived
			var out Result
			for _, i := range until200().incarnations(anybody(), ofCAdvisor(), containerRows{byMetric: [][]row{c.cpu, nil}}, &out) {
				got = append(got, lived{i.id.String(), i.begin(), i.end(), i.first})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			leftOut := map[string]int{}
			for _, o := range out.LeftOut {
				leftOut[o.Why] += o.Samples
			}
			if !maps.Equal(c.leftOut, leftOut) {
				t.Errorf("left out %v, want %v", leftOut, c.leftOut)
			}
		})
	}
	t.Run("memory and CPU are of one life", func(t *testing.T) {
		var out Result
		got := until200().incarnations(anybody(), ofCAdvisor(), containerRows{byMetric: [][]row{
			{cpu("/a", k1, counter(0, 1, every(10, 5, 95)...))}, {cpu("/a", k1, at(7, every(10, 5, 105)...))},
		}}, &out)
		if len(got) != 1 || got[0].end() != 105 || len(got[0].samples[0]) != 10 || len(got[0].samples[1]) != 11 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestShares(t *testing.T) {
	whole := timeline.Span{From: 0, To: 200}
	lives := func(each ...[]int64) []*incarnation {
		var all []*incarnation
		for _, times := range each {
			all = append(all, &incarnation{samples: [][]promapi.Sample{at(1, times...)}})
		}
		return all
	}
	for _, c := range []struct {
		name string
		all  []*incarnation
		life timeline.Spans
		want []timeline.Spans
	}{
		{"none", nil, timeline.Spans{whole}, nil},
		{"one has it all", lives(every(10, 55, 95)), timeline.Spans{{From: 20, To: 180}}, []timeline.Spans{{{From: 20, To: 180}}}},
		{"half-way between two", lives(every(10, 5, 95), every(10, 125, 195)), timeline.Spans{whole}, []timeline.Spans{{{From: 0, To: 110}}, {{From: 110, To: 200}}}},
		{
			"what was no life is nobody's", lives(every(10, 5, 95), every(10, 125, 195)), timeline.Spans{{From: 0, To: 100}, {From: 120, To: 200}},
			[]timeline.Spans{{{From: 0, To: 100}}, {{From: 120, To: 200}}},
		},
		{"one that is still shown when the next begins", lives(every(10, 5, 155), every(10, 105, 195)), timeline.Spans{whole}, []timeline.Spans{{{From: 0, To: 105}}, {{From: 105, To: 200}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := until200().shares(c.all, c.life)
			if len(got) != len(c.want) {
				t.Fatalf("got %v", got)
			}
			for i := range got {
				sameSpans(t, got[i], c.want[i])
			}
		})
	}
}

// TestAbsence: scrapes of an incarnation's own targets narrow when one followed the other.
func TestAbsence(t *testing.T) {
	whole := timeline.Spans{{From: 0, To: 200}}
	always := every(10, 5, 195)
	one, two := timeline.Target{Instance: "one"}, timeline.Target{Instance: "two"}
	for _, c := range []struct {
		name         string
		first, next  []int64
		ofOne, ofTwo []int64 // when the targets of the one and of the other were scraped
		indirect     bool    // these are not known by up
		want         int64
	}{
		{"both out of reach in between", every(10, 5, 55), every(10, 145, 195), every(10, 5, 55), every(10, 145, 195), false, 100},
		{"the next one's target had not shown it yet", every(10, 5, 55), every(10, 145, 195), every(10, 5, 55), always, false, 140},
		{"the first one's target no longer showed it", every(10, 5, 55), every(10, 145, 195), always, every(10, 145, 195), false, 60},
		{"as what a target without up shows of itself says", every(10, 5, 55), every(10, 145, 195), always, every(10, 145, 195), true, 60},
		{"neither was there in between", every(10, 5, 55), every(10, 145, 195), always, always, false, 100},
		{"one after the other", every(10, 5, 95), every(10, 105, 195), always, always, false, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := []row{{id: id("/a"), target: one, all: at(1, c.first...)}, {id: id("/b"), target: two, all: at(1, c.next...)}}
			u := ofCAdvisor()
			u.targets.Scrapes = map[timeline.Target]*timeline.Scrapes{one: {OK: c.ofOne, Indirect: c.indirect}, two: {OK: c.ofTwo, Indirect: c.indirect}}
			var all []*incarnation
			for _, r := range rows {
				r.samples = r.all
				i := &incarnation{id: r.id, rows: []row{r}, samples: [][]promapi.Sample{r.samples, nil}}
				u.look(whole[0], i, nil)
				all = append(all, i)
			}
			got := until200().shares(all, whole)
			sameSpans(t, got[0], timeline.Spans{{From: 0, To: c.want}})
			sameSpans(t, got[1], timeline.Spans{{From: c.want, To: 200}})
		})
	}
}

// someRows are rows of some cgroups, by some kubelets, with and without ids.
type someRows []row

// Generate implements quick.Generator.
func (someRows) Generate(r *rand.Rand, _ int) reflect.Value {
	rows := make(someRows, r.Intn(6))
	for i := range rows {
		on := timeline.Target{Instance: string(rune('k' + r.Intn(3)))}
		of := []string{"/a", "/b", "/b/c", "/d", "?" + on.Instance}[r.Intn(5)]
		from := r.Int63n(200)
		rows[i] = row{id: id(of), target: on, samples: counter(from, 1, every(10, from, from+r.Int63n(200-from))...)}
	}
	return reflect.ValueOf(rows)
}

// someLife is a life of some parts.
type someLife timeline.Spans

// Generate implements quick.Generator.
func (someLife) Generate(r *rand.Rand, _ int) reflect.Value {
	var all []timeline.Span
	for range r.Intn(7) {
		all = append(all, timeline.Span{From: r.Int63n(201), To: r.Int63n(201)})
	}
	return reflect.ValueOf(someLife(timeline.NewSpans(all...)))
}

// check tries a property on random input. What fails is printed, and can be made a case.
func check(t *testing.T, property any) {
	t.Helper()
	seed := time.Now().UnixNano()
	if err := quick.Check(property, &quick.Config{MaxCount: 1000, Rand: rand.New(rand.NewSource(seed))}); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
}

func TestSharesTileTheLife(t *testing.T) {
	check(t, func(rows someRows, lived someLife) bool {
		whole := timeline.Spans(lived)
		var out Result
		all := until200().incarnations(anybody(), ofCAdvisor(), containerRows{byMetric: [][]row{rows, nil}}, &out)
		var sum int64
		var together timeline.Spans
		for _, s := range until200().shares(all, whole) {
			sum += s.Length()
			together = together.Union(s)
		}
		return len(all) == 0 || sum == whole.Length() && reflect.DeepEqual(together, whole)
	})
}

// TestNoSampleIsLost: each is an incarnation's, once, or left out, with the reason.
func TestNoSampleIsLost(t *testing.T) {
	check(t, func(rows someRows) bool {
		var out Result
		want := 0
		for _, r := range rows {
			want += len(r.samples)
		}
		got := 0
		for _, i := range until200().incarnations(anybody(), ofCAdvisor(), containerRows{byMetric: [][]row{rows, nil}}, &out) {
			got += len(i.samples[0])
		}
		for _, o := range out.LeftOut {
			got += o.Samples
		}
		return got == want
	})
}
