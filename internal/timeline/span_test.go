package timeline

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
type pieces []Span

var world = Span{0, 40}

// Generate implements quick.Generator.
func (pieces) Generate(r *rand.Rand, _ int) reflect.Value {
	all := make(pieces, r.Intn(7))
	for i := range all {
		all[i] = Span{r.Int63n(world.To + 1), r.Int63n(world.To + 1)}
	}
	return reflect.ValueOf(all)
}

func (p pieces) spans() Spans { return NewSpans(append(pieces{}, p...)...) }

// moments is the slow twin of spans: says of each millisecond of the world whether it is in.
type moments [40]bool

func momentsOf(all []Span) (m moments) {
	for _, s := range all {
		for t := s.From; t < s.To; t++ {
			m[t] = true
		}
	}
	return m
}

func (m moments) holds(from, to int64) bool {
	if from == to { // a moment is held by what ends there, too
		return from < world.To && m[from] || from > world.From && m[from-1]
	}
	for t := from; t < to; t++ {
		if !m[t] {
			return false
		}
	}
	return true
}

// normal says whether spans are sorted, apart from each other, and none is empty.
func normal(s Spans) bool {
	for i, x := range s {
		if x.From >= x.To || i > 0 && s[i-1].To >= x.From {
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
	check(t, "NewSpans", func(p pieces) bool {
		return normal(p.spans()) && momentsOf(p.spans()) == momentsOf(p)
	})
	check(t, "union", func(p, q pieces) bool {
		got, want := p.spans().Union(q.spans()), momentsOf(append(append(pieces{}, p...), q...))
		return normal(got) && momentsOf(got) == want
	})
	check(t, "intersect", func(p, q pieces) bool {
		got, a, b := p.spans().Intersect(q.spans()), momentsOf(p), momentsOf(q)
		for i := range a {
			a[i] = a[i] && b[i]
		}
		return normal(got) && momentsOf(got) == a
	})
	check(t, "complement", func(p pieces) bool {
		got, want := p.spans().Complement(world), momentsOf(p)
		for i := range want {
			want[i] = !want[i]
		}
		return normal(got) && momentsOf(got) == want
	})
	check(t, "length", func(p pieces) bool {
		var want int64
		for _, in := range momentsOf(p) {
			if in {
				want++
			}
		}
		return p.spans().Length() == want
	})
	check(t, "holds", func(p pieces, a, b uint8) bool {
		from, to := int64(a)%(world.To+1), int64(b)%(world.To+1)
		from, to = min(from, to), max(from, to)
		return p.spans().Hold(from, to) == momentsOf(p).holds(from, to)
	})
	check(t, "changes", func(p pieces) bool {
		want, m := 0, momentsOf(p)
		for t := 1; t < len(m); t++ {
			if m[t] != m[t-1] {
				want++
			}
		}
		return p.spans().Changes(world) == want
	})
	check(t, "is", func(p pieces) bool {
		all := momentsOf(p) == momentsOf([]Span{world})
		return p.spans().Are(world) == all
	})
}

func TestHoldsOfTouchingSpans(t *testing.T) {
	touching := Spans{{0, 10}, {10, 20}, {30, 40}}
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
			if got := touching.Hold(c.from, c.to); got != c.want {
				t.Errorf("holds(%d, %d) = %t", c.from, c.to, got)
			}
		})
	}
}

// TestOperationsLeaveTheirOperandsAlone: spans are shared between pods.
func TestOperationsLeaveTheirOperandsAlone(t *testing.T) {
	a, b := Spans{{0, 10}, {12, 20}}, Spans{{5, 15}, {30, 40}}
	a.Union(b)
	a.Intersect(b)
	a.Complement(world)
	for _, diff := range []string{
		cmp.Diff(Spans{{0, 10}, {12, 20}}, a),
		cmp.Diff(Spans{{5, 15}, {30, 40}}, b),
	} {
		if diff != "" {
			t.Error(diff)
		}
	}
}

// TestCut: the parts follow each other without a gap, none is empty or too long, and all but
// the last are as long as they may be.
func TestCut(t *testing.T) {
	check(t, "tiles", func(from int32, length uint16, most uint8) bool {
		whole := Span{int64(from), int64(from) + 1 + int64(length)}
		parts := whole.Cut(1 + int64(most))
		at := whole.From
		for i, p := range parts {
			if p.From != at || p.Length() <= 0 || p.Length() > 1+int64(most) || i+1 < len(parts) && p.Length() != 1+int64(most) {
				return false
			}
			at = p.To
		}
		return at == whole.To
	})
}
