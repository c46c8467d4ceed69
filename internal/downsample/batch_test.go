package downsample

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// refreshOf is a window's beginning: nothing is learnt, and three queries may run at once.
func refreshOf(u Upstream) *refresh {
	return &refresh{upstream: u, limits: newLimits(), pace: newPace(3, 0, time.Hour)}
}

// asker notes what it is asked, and refuses what refuse says.
type asker struct {
	refuse func(batch []int) error

	mu       sync.Mutex
	answered []int
	batches  int
	refused  int
}

func (a *asker) ask(_ context.Context, _ *querier, batch []int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.batches++
	if err := a.refuse(batch); err != nil {
		a.refused++
		return err
	}
	a.answered = append(a.answered, batch...)
	return nil
}

func kindOf(kind promapi.Kind) error { return &promapi.Error{Kind: kind, Err: errors.New("no")} }

func moreThan(most int) func(batch []int) error {
	return func(batch []int) error {
		if len(batch) > most {
			return fmt.Errorf("query: %w", kindOf(promapi.TooExpensive))
		}
		return nil
	}
}

// inTens is a question about at most ten items.
func inTens() question { return question{name: "tens", most: 10, interval: 1000} }

func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func aSlice(r *refresh) *querier { return &querier{refresh: r, slice: span{0, 3_600_000}} }

func TestInBatches(t *testing.T) {
	for _, kind := range []promapi.Kind{promapi.TooExpensive, promapi.TooLarge, promapi.Timeout} {
		check(t, string(kind)+": in the end each is asked exactly once", func(count, size, most uint8) bool {
			items := rand.Perm(int(count))
			a := &asker{refuse: func(batch []int) error {
				if len(batch) > 1+int(most)%20 {
					return fmt.Errorf("query: %w", kindOf(kind))
				}
				return nil
			}}
			of := question{name: "items", most: int(size) % 60, interval: 1000}
			if err := inBatches(context.Background(), aSlice(refreshOf(&fake{})), of, items, a.ask); err != nil {
				return false
			}
			slices.Sort(items)
			slices.Sort(a.answered)
			return slices.Equal(items, a.answered)
		})
	}

	ask := func(ctx context.Context, items []int, a *asker) error {
		return inBatches(ctx, aSlice(refreshOf(&fake{})), inTens(), items, a.ask)
	}
	refusing := func(kind promapi.Kind) *asker {
		return &asker{refuse: func([]int) error { return kindOf(kind) }}
	}
	t.Run("what splitting cannot mend is returned", func(t *testing.T) {
		err := ask(t.Context(), numbers(5), refusing(promapi.TooExpensive))
		if promapi.KindOf(err) != promapi.TooExpensive {
			t.Errorf("got %v", err)
		}
		const says = "cannot be split further, having been asked for 1 of tens over 1m0s alone: raise the limit of the Prometheus"
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	})
	for _, kind := range []promapi.Kind{
		promapi.Unreachable, promapi.Unauthorized, promapi.NotPrometheus, promapi.Rejected,
		promapi.Throttled, promapi.Unavailable, promapi.Malformed, promapi.Partial, promapi.OverBudget,
	} {
		t.Run(string(kind)+" is no matter of size", func(t *testing.T) {
			a := refusing(kind)
			if err := ask(t.Context(), numbers(4), a); promapi.KindOf(err) != kind {
				t.Errorf("got %v", err)
			}
			if a.batches != 1 {
				t.Errorf("asked %d times", a.batches)
			}
		})
	}
	t.Run("who gave up is not asked again", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := &asker{refuse: func([]int) error { cancel(); return kindOf(promapi.Timeout) }}
		if err := ask(ctx, numbers(4), a); promapi.KindOf(err) != promapi.Timeout {
			t.Errorf("got %v", err)
		}
		if a.batches != 1 {
			t.Errorf("asked %d times", a.batches)
		}
	})
	t.Run("one batch's failure is everybody's", func(t *testing.T) {
		a := &asker{refuse: func(batch []int) error {
			if slices.Contains(batch, 17) {
				return kindOf(promapi.Rejected)
			}
			return nil
		}}
		if err := ask(t.Context(), numbers(50), a); promapi.KindOf(err) != promapi.Rejected {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nothing to ask", func(t *testing.T) {
		a := refusing(promapi.Rejected)
		if err := ask(t.Context(), nil, a); err != nil || a.batches != 0 {
			t.Errorf("asked %d times: %v", a.batches, err)
		}
	})
	t.Run("one item that is too much is asked about piece by piece", func(t *testing.T) {
		var reaches []int64
		err := inBatches(t.Context(), aSlice(refreshOf(&fake{})), inTens(), []int{1}, func(_ context.Context, q *querier, _ []int) error {
			reaches = append(reaches, q.reach)
			if q.reach == 0 || q.reach > 1_000_000 {
				return kindOf(promapi.TooExpensive)
			}
			return nil
		})
		if want := []int64{0, 1_800_000, 900_000}; err != nil || !slices.Equal(reaches, want) {
			t.Errorf("asked for pieces of %v ms, want %v: %v", reaches, want, err)
		}
	})
}

// TestNoQueryIsExpectedToHoldTooMuch: what is known before is not left to be refused.
func TestNoQueryIsExpectedToHoldTooMuch(t *testing.T) {
	for _, c := range []struct {
		name string
		of   question
		want portion
	}{
		{"raw samples: fewer items", question{most: 100, series: 10, interval: 30_000, raw: true}, portion{7, 3_600_000}},
		{"of one item: less time", question{most: 100, series: 100, interval: 30_000, raw: true}, portion{1, 1_800_000}},
		{"sums hold one series' samples", question{most: 250, series: 12, interval: 30_000}, portion{250, 3_600_000}},
		{"which may be too many", question{most: 1, series: 0, interval: 100}, portion{1, 900_000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			portions, first := c.of.ladder(1000, 3_600_000, 10_000)
			if portions[first] != c.want {
				t.Errorf("got %+v, want %+v of %+v", portions[first], c.want, portions)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	// window asks about so many items, and tells how many batches were refused.
	window := func(t *testing.T, r *refresh, items int, refuse func([]int) error) int {
		t.Helper()
		r.limits.fade()
		a := &asker{refuse: refuse}
		if err := inBatches(t.Context(), aSlice(r), inTens(), numbers(items), a.ask); err != nil {
			t.Fatal(err)
		}
		return a.refused
	}
	oneAtOnce := func() *refresh {
		return &refresh{upstream: &fake{}, limits: newLimits(), pace: newPace(1, 0, time.Hour)}
	}
	t.Run("what works is found out once, and kept", func(t *testing.T) {
		for _, items := range []int{8, 1000} {
			r := oneAtOnce()
			if n := window(t, r, items, moreThan(2)); n < 1 || n > 3 {
				t.Errorf("%d items: %d refused in the first window", items, n)
			}
			for i := range 5 {
				if n := window(t, r, items, moreThan(2)); n > 0 {
					t.Errorf("%d items: %d refused in window %d after it", items, n, i)
				}
			}
		}
	})
	t.Run("a hiccup is forgotten", func(t *testing.T) {
		r := oneAtOnce()
		window(t, r, 100, moreThan(2))
		windows := 0
		for ; r.limits.rung("tens") > 0 && windows < 100; windows++ {
			window(t, r, 100, moreThan(10))
		}
		if windows < 4 || windows > 10 {
			t.Errorf("after %d windows", windows)
		}
	})
	t.Run("where it was none, next to nothing is refused for trying", func(t *testing.T) {
		r := oneAtOnce()
		refused := 0
		for range 100 {
			refused += window(t, r, 1000, moreThan(2))
		}
		if refused > 50 {
			t.Errorf("%d of 50,000 queries were refused", refused)
		}
	})
	t.Run("what is refused at any size is no lesson", func(t *testing.T) {
		r := oneAtOnce()
		a := &asker{refuse: moreThan(0)}
		if err := inBatches(t.Context(), aSlice(r), inTens(), numbers(100), a.ask); promapi.KindOf(err) != promapi.TooExpensive {
			t.Fatal(err)
		}
		if n := window(t, r, 100, moreThan(10)); n > 0 || r.limits.rung("tens") > 0 {
			t.Errorf("afterwards %d were refused, from rung %d on", n, r.limits.rung("tens"))
		}
	})
	t.Run("one item that is too heavy is no lesson for the others", func(t *testing.T) {
		r := oneAtOnce()
		for _, heavy := range []int{0, 555, 999} {
			a := &asker{refuse: func(batch []int) error {
				if len(batch) > 1 && slices.Contains(batch, heavy) {
					return kindOf(promapi.Timeout)
				}
				return nil
			}}
			if err := inBatches(t.Context(), aSlice(r), inTens(), numbers(1000), a.ask); err != nil {
				t.Fatal(err)
			}
			if a.batches > 250 {
				t.Errorf("%d is heavy: %d batches", heavy, a.batches)
			}
		}
	})
	t.Run("an answer that held more than it may is too much", func(t *testing.T) {
		u := &fake{maxSamples: 1000, stats: promapi.Stats{Known: true, PeakSamples: 1001}, answer: func(context.Context, string) ([]promapi.Series, error) { return nil, nil }}
		r := refreshOf(u)
		of := question{name: "tens", most: 10, interval: 3_600_000}
		err := inBatches(t.Context(), aSlice(r), of, numbers(10), func(ctx context.Context, q *querier, _ []int) error {
			_, err := q.over(ctx, q.slice, func(string) string { return "up" })
			return err
		})
		if err != nil || r.limits.rung("tens") != 1 {
			t.Errorf("rung %d, %v", r.limits.rung("tens"), err)
		}
	})
}

// TestBudget: a window that reads too much ends before it asks for more.
func TestBudget(t *testing.T) {
	for _, c := range []struct {
		name  string
		stats promapi.Stats
		says  string
	}{
		{"as the upstream tells", promapi.Stats{Known: true, SamplesRead: 40}, "--query.max-samples-per-window=100 is spent: 120 samples were read by 3 queries, the Prometheus says"},
		{"as estimated", promapi.Stats{}, "--query.max-samples-per-window=100 is spent: 120 samples were read by 1 queries, as estimated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{stats: c.stats, answer: func(context.Context, string) ([]promapi.Series, error) { return []promapi.Series{{}}, nil }}
			r := refreshOf(f)
			r.budget = 100
			q := aSlice(r)
			var err error
			for range 10 {
				if _, err = q.over(t.Context(), q.slice, func(string) string { return "up" }); err != nil {
					break
				}
			}
			if promapi.KindOf(err) != promapi.OverBudget || !strings.Contains(err.Error(), c.says) || promapi.RetryAfterOf(err) == 0 {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
			asked := len(f.asked)
			if _, err := q.over(t.Context(), q.slice, func(string) string { return "up" }); promapi.KindOf(err) != promapi.OverBudget || len(f.asked) > asked {
				t.Errorf("asked for more: %v", err)
			}
		})
	}
}

// TestUIDCells: whatever cells are asked about at a time, each pod is in one of them.
func TestUIDCells(t *testing.T) {
	cells := uidCells()
	uids := []string{"", "a", "0a1b2c3d-1111-2222-3333-0123456789ab", "0a1b2c3d-1111-2222-3333-012345678900", "UPPER-FF", "0123456789abcdef0123456789abcdff"}
	matches := func(t *testing.T, matcher, uid string) bool {
		t.Helper()
		text, negated := strings.CutPrefix(matcher, `,uid!~"`)
		if !negated {
			text = strings.TrimPrefix(text, `,uid=~"`)
		}
		return regexp.MustCompile("^(?s:"+strings.TrimSuffix(text, `"`)+")$").MatchString(uid) != negated
	}
	if got := cellMatcher(cells, cells); got != "" {
		t.Errorf("all cells are asked about with %s", got)
	}
	check(t, "each in one", func(size uint8) bool {
		shuffled := slices.Clone(cells)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for _, uid := range uids {
			in := 0
			for batch := range slices.Chunk(shuffled, 1+int(size)) {
				if matches(t, cellMatcher(cells, batch), uid) {
					in++
				}
			}
			if in != 1 {
				return false
			}
		}
		return true
	})
}
