package downsample

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
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

func TestQuerier(t *testing.T) {
	ask := func(stats promapi.Stats, err error) (*fake, *querier, error) {
		f := &fake{stats: stats, answer: func(context.Context, string) ([]promapi.Series, error) {
			return []promapi.Series{{}, {}}, err
		}}
		q := &querier{refresh: refreshOf(f), slice: span{60_000, 120_000}}
		_, failed := q.over(t.Context(), q.slice, func(length string) string { return "up[" + length + "]" })
		if failed == nil {
			_, failed = q.points(t.Context(), "up", q.slice.from, 30*time.Second)
		}
		return f, q, failed
	}
	t.Run("asks about the slice, its end excluded", func(t *testing.T) {
		f, _, err := ask(promapi.Stats{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		from, last := time.UnixMilli(60_000), time.UnixMilli(119_999)
		want := []query{{"up[60000ms]", last, last}, {"up", from, last}}
		if diff := cmp.Diff(want, f.asked, cmp.AllowUnexported(query{})); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("counts what it costs", func(t *testing.T) {
		_, q, err := ask(promapi.Stats{Known: true, SamplesRead: 100, PeakSamples: 30}, nil)
		if want := (Cost{Queries: 2, Series: 4, SamplesRead: 200, HasSamples: true, PeakSamples: 30}); err != nil || q.cost != want {
			t.Errorf("got %+v, %v; want %+v", q.cost, err, want)
		}
	})
	t.Run("of an upstream that tells no stats", func(t *testing.T) {
		_, q, err := ask(promapi.Stats{}, nil)
		if want := (Cost{Queries: 2, Series: 4}); err != nil || q.cost != want {
			t.Errorf("got %+v, %v; want %+v", q.cost, err, want)
		}
	})
	t.Run("names the query that failed", func(t *testing.T) {
		_, _, err := ask(promapi.Stats{}, kindOf(promapi.Rejected))
		if err == nil || !strings.Contains(err.Error(), "(query: up[60000ms])") || promapi.KindOf(err) != promapi.Rejected {
			t.Errorf("got %v", err)
		}
	})
	t.Run("names no query where it cannot be to blame", func(t *testing.T) {
		_, _, err := ask(promapi.Stats{}, kindOf(promapi.Unavailable))
		if err == nil || strings.Contains(err.Error(), "query") || promapi.KindOf(err) != promapi.Unavailable {
			t.Errorf("got %v", err)
		}
	})
}

// TestPieces: what is read piece by piece is what is read at once, on a Prometheus whose
// ranges are closed and on one whose ranges are left-open.
func TestPieces(t *testing.T) {
	stored := map[string][]promapi.Sample{
		"a": at(1, every(7_000, 0, 1_000_000)...),
		"b": at(1, every(10_000, 99_999, 400_000)...), // some right before a piece begins
	}
	for _, closed := range []bool{false, true} {
		u := &ranges{stored: stored, closed: closed}
		check(t, fmt.Sprintf("closed: %t", closed), func(from uint16, length uint16, reach uint32) bool {
			s := span{int64(from), int64(from) + 1 + 10*int64(length)}
			q := &querier{refresh: refreshOf(u), slice: s}
			expr := func(length string) string { return "x[" + length + "]" }
			whole, err := q.over(t.Context(), s, expr)
			q.reach = 1_000 + int64(reach)%500_000
			pieces, also := q.over(t.Context(), s, expr)
			points, third := q.points(t.Context(), "x", s.from, 13*time.Second)
			q.reach = 0
			wholePoints, fourth := q.points(t.Context(), "x", s.from, 13*time.Second)
			for _, rows := range [][]promapi.Series{whole, pieces} {
				for i := range rows {
					rows[i].Samples = inside(rows[i].Samples, s)
				}
			}
			empty := func(s promapi.Series) bool { return len(s.Samples) == 0 }
			return errors.Join(err, also, third, fourth) == nil &&
				cmp.Equal(slices.DeleteFunc(whole, empty), slices.DeleteFunc(byLabel(pieces), empty)) &&
				cmp.Equal(wholePoints, byLabel(points))
		})
	}
}

func byLabel(rows []promapi.Series) []promapi.Series {
	slices.SortFunc(rows, func(a, b promapi.Series) int { return strings.Compare(keyOf(a.Labels), keyOf(b.Labels)) })
	return rows
}

// ranges answers a range of the samples it has, or a row's last sample at every step.
type ranges struct {
	stored map[string][]promapi.Sample
	closed bool
}

func (r *ranges) MaxSamples() int { return 1_000_000 }

func (r *ranges) Instant(_ context.Context, expr string, at time.Time) (*promapi.Answer, error) {
	text, _ := strings.CutSuffix(expr[len("x["):], "ms]")
	length, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, err
	}
	to := at.UnixMilli()
	s := span{to - length + 1, to + 1}
	if r.closed {
		s.from--
	}
	a := &promapi.Answer{}
	for name, samples := range r.stored {
		if samples = inside(samples, s); len(samples) > 0 {
			a.Series = append(a.Series, promapi.Series{Labels: labels("name", name), Samples: slices.Clone(samples)})
		}
	}
	byLabel(a.Series)
	return a, nil
}

func (r *ranges) Range(_ context.Context, _ string, start, end time.Time, step time.Duration) (*promapi.Answer, error) {
	a := &promapi.Answer{}
	for name := range r.stored {
		row := promapi.Series{Labels: labels("name", name)}
		for at := start; !at.After(end); at = at.Add(step) {
			row.Samples = append(row.Samples, promapi.Sample{T: at.UnixMilli(), V: 1})
		}
		a.Series = append(a.Series, row)
	}
	byLabel(a.Series)
	return a, nil
}
