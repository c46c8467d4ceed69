package fetch

import (
	"testing"
)

const minute = int64(60_000)

// TestFirstSize: what is known before is not left to be refused.
func TestFirstSize(t *testing.T) {
	for _, c := range []struct {
		name             string
		most             int // samples
		series, mostOnce int
		span             int64
		want             size
	}{
		{"so many that the answer is not too large", 200_000, 10, 1000, 60 * minute, size{55, 60 * minute}},
		{"no more than a matcher takes", 200_000, 1, 250, minute, size{250, minute}},
		{"of one item less time", 1000, 100, 250, 60 * minute, size{1, 100_000}},
		{"but not less than is worth a request", 10, 1000, 250, 60 * minute, size{1, shortest}},
		{"of a span as short not more than all", 10, 1000, 250, 1000, size{1, 1000}},
		{"one item fits just so", 36, 1, 250, 6 * minute, size{1, 6 * minute}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := newSizes(c.most).of("items", c.series, c.mostOnce, c.span); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// refusals has a server that takes so many items at once teach sizes, and says how many
// requests for a number of items it refuses.
func refusals(z *sizes, items, takes int, span int64) (refused int) {
	for items > 0 {
		s := z.of("items", 1, 1000, span)
		s.items = min(s.items, items)
		if s.items > takes {
			refused++
			z.refusedAt("items", s)
			continue
		}
		z.answered("items", s, int64(s.items)*s.length/assumedInterval)
		items -= s.items
	}
	return refused
}

func TestSizesAreRemembered(t *testing.T) {
	t.Run("what works is found by halving, and kept", func(t *testing.T) {
		z := newSizes(mostSamples)
		if n := refusals(z, 10_000, 100, 6*minute); n < 1 || n > 4 {
			t.Errorf("%d were refused in the first window", n)
		}
		for i := range 4 {
			if n := refusals(z, 10_000, 100, 6*minute); n > 0 {
				t.Errorf("%d were refused in window %d, to which no more was allowed", n, i)
			}
		}
	})
	t.Run("a hiccup is forgotten", func(t *testing.T) {
		z := newSizes(mostSamples)
		refusals(z, 10_000, 10, 6*minute)
		windows := 0
		for z.of("items", 1, 1000, 6*minute).items < 1000 && windows < 100 {
			z.grow()
			refusals(z, 10_000, 1000, 6*minute)
			windows++
		}
		if windows < 4 || windows > 30 {
			t.Errorf("after %d windows", windows)
		}
	})
	t.Run("where it was none, little is refused for trying", func(t *testing.T) {
		z := newSizes(mostSamples)
		refused := 0
		for range 100 {
			z.grow()
			refused += refusals(z, 10_000, 100, 6*minute)
		}
		if refused > 60 {
			t.Errorf("%d requests were refused in 100 windows of 100 requests", refused)
		}
	})
	t.Run("questions do not learn from each other", func(t *testing.T) {
		z := newSizes(mostSamples)
		refusals(z, 1000, 10, 6*minute)
		if got := z.of("others", 1, 1000, 6*minute); got.items != 1000 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("denser series are asked for in smaller batches", func(t *testing.T) {
		z := newSizes(10_000)
		first := z.of("items", 1, 1000, 6*minute)
		z.answered("items", first, 4*int64(first.items)*36)
		if got := z.of("items", 1, 1000, 6*minute); got.items > first.items/3 {
			t.Errorf("first %d at once, then %d", first.items, got.items)
		}
	})
	t.Run("sparser ones in larger batches, by and by", func(t *testing.T) {
		z := newSizes(10_000)
		first := z.of("items", 1, 1000, 6*minute)
		for i := range 20 {
			z.answered("items", first, int64(first.items)*3)
			if got := z.of("items", 1, 1000, 6*minute); i == 0 && got.items > first.items*3/2 {
				t.Errorf("first %d at once, then at once %d", first.items, got.items)
			}
		}
		if got := z.of("items", 1, 1000, 6*minute); got.items != 1000 {
			t.Errorf("first %d at once, then %d", first.items, got.items)
		}
	})
	t.Run("an answer that held too much counts as refused", func(t *testing.T) {
		z := newSizes(1000)
		z.of("items", 1, 1000, minute)
		z.answered("items", size{10, minute}, 1001)
		for range 20 { // the others have next to nothing
			z.answered("items", size{1, minute}, 0)
		}
		if got := z.of("items", 1, 1000, minute); got.items != 5 {
			t.Errorf("then %d at once", got.items)
		}
	})
}

// TestSizesEnd: one item over the shortest time cannot be split. Then it is not the size, and
// what was learned is forgotten.
func TestSizesEnd(t *testing.T) {
	z := newSizes(mostSamples)
	refused := 0
	for {
		s := z.of("items", 1, 1000, 60*minute)
		refused++
		if !z.refusedAt("items", s) {
			if s.items != 1 || s.length > shortest {
				t.Errorf("given up at %+v", s)
			}
			break
		}
		if refused > 100 {
			t.Fatal("it is split for ever")
		}
	}
	z.answered("items", size{1, 60 * minute}, 359) // one that was asked meanwhile
	if got := z.of("items", 1, 1000, 60*minute); got.items < 500 {
		t.Errorf("afterwards %+v", got)
	}
}
