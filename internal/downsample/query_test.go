package downsample

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
)

func TestMatcher(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []string
		want   string
	}{
		{"one", []string{"iris-0"}, `pod=~"iris-0"`},
		{"several, sorted, each once", []string{"b", "a", "b"}, `pod=~"a|b"`},
		{"dots are dots", []string{"iris.v1-0"}, `pod=~"iris\\.v1-0"`},
		{"whatever is special is not", []string{`a|b`, `c"d\e`}, `pod=~"a\\|b|c\"d\\\\e"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := slices.Clone(c.values)
			if got := matcher("pod", c.values); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if diff := cmp.Diff(before, c.values); diff != "" {
				t.Errorf("the values were changed: %s", diff)
			}
		})
	}
}

func TestMatcherMatchesItsValuesOnly(t *testing.T) {
	check(t, "of any characters", func(values []string, other string) bool {
		values = append(values, "iris.v1-0")
		quoted := strings.TrimPrefix(matcher("pod", values), "pod=~")
		pattern, err := strconv.Unquote(quoted)
		if err != nil {
			return false
		}
		whole := regexp.MustCompile("^(?s:" + pattern + ")$") // as Prometheus has it
		for _, v := range values {
			if !whole.MatchString(v) {
				return false
			}
		}
		return whole.MatchString(other) == slices.Contains(values, other) && !whole.MatchString("irisxv1-0")
	})
}

// TestSelectors: each form asks about its own pods, not about the others'.
func TestSelectors(t *testing.T) {
	plain, exported := form{"namespace", "pod"}, form{"exported_namespace", "exported_pod"}
	pods := []*pod{
		{podName: podName{"", "models", "iris.v1-0"}, forms: []form{plain}},
		{podName: podName{"", "models", "income-0"}, forms: []form{plain, exported}},
		{podName: podName{"", "staging", "income-0"}, forms: []form{exported}},
	}
	want := []string{
		`exported_namespace=~"models|staging",exported_pod=~"income-0"`,
		`namespace=~"models",pod=~"income-0|iris\\.v1-0"`,
	}
	if diff := cmp.Diff(want, selectors(pods)); diff != "" {
		t.Error(diff)
	}
	if got := selectors(nil); len(got) != 0 {
		t.Errorf("no pods, yet %v is asked", got)
	}
}

func TestInside(t *testing.T) {
	all := at(1, 5, 10, 15, 20)
	for _, c := range []struct {
		name string
		span span
		want []int64
	}{
		{"all", span{0, 30}, []int64{5, 10, 15, 20}},
		{"from is in, to is not", span{10, 20}, []int64{10, 15}},
		{"none before", span{0, 5}, nil},
		{"none after", span{21, 30}, nil},
		{"none between", span{11, 15}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, timesOf(inside(all, c.span))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestShortened(t *testing.T) {
	short := "up{job=\"kubelet\"}"
	if got := shortened(short); got != short {
		t.Errorf("got %s", got)
	}
	long := "kube_pod_labels{" + strings.Repeat("pod-", 1000) + "}"
	got := shortened(long)
	if len(got) > 130 || !strings.HasPrefix(got, "kube_pod_labels{") || !strings.HasSuffix(got, "...") {
		t.Errorf("got %s", got)
	}
}

// asker notes what it is asked, and refuses what refuse says.
type asker struct {
	refuse func(batch []int) error

	mu       sync.Mutex
	answered []int
	batches  int
}

func (a *asker) ask(_ context.Context, batch []int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.batches++
	if err := a.refuse(batch); err != nil {
		return err
	}
	a.answered = append(a.answered, batch...)
	return nil
}

func kindOf(kind upstream.Kind) error { return &upstream.Error{Kind: kind, Err: errors.New("no")} }

func TestInBatches(t *testing.T) {
	for _, kind := range []upstream.Kind{upstream.TooExpensive, upstream.TooLarge, upstream.Timeout} {
		check(t, string(kind)+": in the end each is asked exactly once", func(count, size, most uint8) bool {
			items := rand.Perm(int(count))
			a := &asker{refuse: func(batch []int) error {
				if len(batch) > 1+int(most)%20 {
					return fmt.Errorf("query: %w", kindOf(kind))
				}
				return nil
			}}
			if err := inBatches(context.Background(), items, int(size)%60, 3, a.ask); err != nil {
				return false
			}
			slices.Sort(items)
			slices.Sort(a.answered)
			return slices.Equal(items, a.answered)
		})
	}

	refusing := func(kind upstream.Kind) *asker {
		return &asker{refuse: func([]int) error { return kindOf(kind) }}
	}
	t.Run("what halving cannot mend is returned", func(t *testing.T) {
		a := refusing(upstream.TooExpensive)
		err := inBatches(t.Context(), []int{1, 2, 3, 4, 5}, 5, 1, a.ask)
		if upstream.KindOf(err) != upstream.TooExpensive {
			t.Errorf("got %v", err)
		}
	})
	for _, kind := range []upstream.Kind{
		upstream.Unreachable, upstream.Unauthorized, upstream.NotPrometheus, upstream.Rejected,
		upstream.Throttled, upstream.Unavailable, upstream.Malformed, upstream.Partial,
	} {
		t.Run(string(kind)+" is no matter of size", func(t *testing.T) {
			a := refusing(kind)
			if err := inBatches(t.Context(), []int{1, 2, 3, 4}, 4, 1, a.ask); upstream.KindOf(err) != kind {
				t.Errorf("got %v", err)
			}
			if a.batches != 1 {
				t.Errorf("asked %d times", a.batches)
			}
		})
	}
	t.Run("who gave up is not asked again", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := &asker{refuse: func([]int) error { cancel(); return kindOf(upstream.Timeout) }}
		if err := inBatches(ctx, []int{1, 2, 3, 4}, 4, 1, a.ask); upstream.KindOf(err) != upstream.Timeout {
			t.Errorf("got %v", err)
		}
		if a.batches != 1 {
			t.Errorf("asked %d times", a.batches)
		}
	})
	t.Run("one batch's failure is everybody's", func(t *testing.T) {
		a := &asker{refuse: func(batch []int) error {
			if slices.Contains(batch, 7) {
				return kindOf(upstream.Rejected)
			}
			return nil
		}}
		if err := inBatches(t.Context(), []int{1, 3, 5, 7, 9}, 1, 2, a.ask); upstream.KindOf(err) != upstream.Rejected {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nothing to ask", func(t *testing.T) {
		a := refusing(upstream.Rejected)
		if err := inBatches(t.Context(), nil, 10, 2, a.ask); err != nil || a.batches != 0 {
			t.Errorf("asked %d times: %v", a.batches, err)
		}
	})
}

func TestQuerier(t *testing.T) {
	ask := func(stats upstream.Stats, err error) (*fake, *querier, error) {
		f := &fake{stats: stats, answer: func(context.Context, string) ([]upstream.Series, error) {
			return []upstream.Series{{}, {}}, err
		}}
		q := &querier{upstream: f, slice: span{60_000, 120_000}}
		_, failed := q.instant(t.Context(), "up[60000ms]")
		if failed == nil {
			_, failed = q.points(t.Context(), "up", 30*time.Second)
		}
		return f, q, failed
	}
	t.Run("asks about the slice, its end excluded", func(t *testing.T) {
		f, _, err := ask(upstream.Stats{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		from, last := time.UnixMilli(60_000), time.UnixMilli(119_999)
		want := []question{{"up[60000ms]", last, last}, {"up", from, last}}
		if diff := cmp.Diff(want, f.asked, cmp.AllowUnexported(question{})); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("counts what it costs", func(t *testing.T) {
		_, q, err := ask(upstream.Stats{Known: true, SamplesRead: 100, PeakSamples: 30}, nil)
		if want := (Cost{Queries: 2, Series: 4, SamplesRead: 200, HasSamples: true, PeakSamples: 30}); err != nil || q.cost != want {
			t.Errorf("got %+v, %v; want %+v", q.cost, err, want)
		}
	})
	t.Run("of an upstream that tells no stats", func(t *testing.T) {
		_, q, err := ask(upstream.Stats{}, nil)
		if want := (Cost{Queries: 2, Series: 4}); err != nil || q.cost != want {
			t.Errorf("got %+v, %v; want %+v", q.cost, err, want)
		}
	})
	t.Run("names the query that failed", func(t *testing.T) {
		_, _, err := ask(upstream.Stats{}, kindOf(upstream.Rejected))
		if err == nil || !strings.Contains(err.Error(), "(query: up[60000ms])") || upstream.KindOf(err) != upstream.Rejected {
			t.Errorf("got %v", err)
		}
	})
	t.Run("names no query where it cannot be to blame", func(t *testing.T) {
		_, _, err := ask(upstream.Stats{}, kindOf(upstream.Unavailable))
		if err == nil || strings.Contains(err.Error(), "query") || upstream.KindOf(err) != upstream.Unavailable {
			t.Errorf("got %v", err)
		}
	})
}
