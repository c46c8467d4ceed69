package downsample

import (
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pieces are spans as they come: in any order, overlapping, empty, backwards. All lie within
// the world, which is small, so that random ones touch and overlap often.
type pieces []span

var world = span{0, 40}

// Generate implements quick.Generator.
func (pieces) Generate(r *rand.Rand, _ int) reflect.Value {
	all := make(pieces, r.Intn(7))
	for i := range all {
		all[i] = span{r.Int63n(world.to + 1), r.Int63n(world.to + 1)}
	}
	return reflect.ValueOf(all)
}

func (p pieces) spans() spans { return newSpans(append(pieces{}, p...)...) }

// moments is the slow twin of spans: says of each millisecond of the world whether it is in.
type moments [40]bool

func momentsOf(all []span) (m moments) {
	for _, s := range all {
		for t := s.from; t < s.to; t++ {
			m[t] = true
		}
	}
	return m
}

func (m moments) holds(from, to int64) bool {
	if from == to { // a moment is held by what ends there, too
		return from < world.to && m[from] || from > world.from && m[from-1]
	}
	for t := from; t < to; t++ {
		if !m[t] {
			return false
		}
	}
	return true
}

// joined fills the gaps between moments that are at most this long.
func (m moments) joined(gap int64) moments {
	last := int64(-1)
	for t := range world.to {
		if !m[t] {
			continue
		}
		if last >= 0 && t-last-1 <= gap {
			for between := last + 1; between < t; between++ {
				m[between] = true
			}
		}
		last = t
	}
	return m
}

// normal says whether spans are sorted, apart from each other, and none is empty.
func normal(s spans) bool {
	for i, x := range s {
		if x.from >= x.to || i > 0 && s[i-1].to >= x.from {
			return false
		}
	}
	return true
}

// check tries a property on random input. What fails is printed, and can be made a case.
func check(t *testing.T, name string, property any) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		seed := time.Now().UnixNano()
		if err := quick.Check(property, &quick.Config{MaxCount: 1000, Rand: rand.New(rand.NewSource(seed))}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	})
}

func TestSpansBesideMoments(t *testing.T) {
	check(t, "newSpans", func(p pieces) bool {
		return normal(p.spans()) && momentsOf(p.spans()) == momentsOf(p)
	})
	check(t, "union", func(p, q pieces) bool {
		got, want := p.spans().union(q.spans()), momentsOf(append(append(pieces{}, p...), q...))
		return normal(got) && momentsOf(got) == want
	})
	check(t, "intersect", func(p, q pieces) bool {
		got, a, b := p.spans().intersect(q.spans()), momentsOf(p), momentsOf(q)
		for i := range a {
			a[i] = a[i] && b[i]
		}
		return normal(got) && momentsOf(got) == a
	})
	check(t, "complement", func(p pieces) bool {
		got, want := p.spans().complement(world), momentsOf(p)
		for i := range want {
			want[i] = !want[i]
		}
		return normal(got) && momentsOf(got) == want
	})
	check(t, "joined", func(p pieces, gap uint8) bool {
		short := int64(gap % 12)
		got := p.spans().joined(short)
		return normal(got) && momentsOf(got) == momentsOf(p).joined(short)
	})
	check(t, "length", func(p pieces) bool {
		var want int64
		for _, in := range momentsOf(p) {
			if in {
				want++
			}
		}
		return p.spans().length() == want
	})
	check(t, "holds", func(p pieces, a, b uint8) bool {
		from, to := int64(a)%(world.to+1), int64(b)%(world.to+1)
		from, to = min(from, to), max(from, to)
		return p.spans().holds(from, to) == momentsOf(p).holds(from, to)
	})
	check(t, "is", func(p pieces) bool {
		all := momentsOf(p) == momentsOf([]span{world})
		return p.spans().is(world) == all
	})
}

func TestHoldsOfTouchingSpans(t *testing.T) {
	touching := spans{{0, 10}, {10, 20}, {30, 40}}
	for _, c := range []struct {
		name     string
		from, to int64
		want     bool
	}{
		{"in the first", 2, 8, true},
		{"up to the first's end", 2, 10, true},
		{"from the second's beginning", 10, 15, true},
		{"where they touch", 10, 10, true},
		{"across where they touch", 8, 12, false},
		{"in the gap", 22, 25, false},
		{"from an end on", 20, 25, false},
		{"before all", -5, -1, false},
		{"behind all", 41, 42, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := touching.holds(c.from, c.to); got != c.want {
				t.Errorf("holds(%d, %d) = %t", c.from, c.to, got)
			}
		})
	}
}

// TestOperationsLeaveTheirOperandsAlone: spans are shared between pods.
func TestOperationsLeaveTheirOperandsAlone(t *testing.T) {
	a, b := spans{{0, 10}, {12, 20}}, spans{{5, 15}, {30, 40}}
	a.union(b)
	a.intersect(b)
	a.complement(world)
	a.joined(5)
	for _, diff := range []string{
		cmp.Diff(spans{{0, 10}, {12, 20}}, a, cmp.AllowUnexported(span{})),
		cmp.Diff(spans{{5, 15}, {30, 40}}, b, cmp.AllowUnexported(span{})),
	} {
		if diff != "" {
			t.Error(diff)
		}
	}
}
