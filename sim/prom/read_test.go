package prom_test

import (
	"cmp"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// long returns series of six hours from start, every 15 s: each has twelve chunks. Of those
// with an odd number, each hour begins with a gap, and a staleness marker says so.
func long(start time.Time) []cluster.Series {
	var all []cluster.Series
	for n := range 4 {
		s := cluster.Series{Labels: []cluster.Label{{Name: "__name__", Value: "m"}, {Name: "pod", Value: fmt.Sprintf("p-%d", n)}}}
		for i := range 6 * 240 {
			x := cluster.Sample{T: start.Add(time.Duration(i)*15*time.Second + time.Duration(n)*time.Millisecond).UnixMilli(), V: float64(i*n) / 7}
			switch quarters := i % 240; {
			case n%2 == 1 && quarters == 0:
				x.V = cluster.StaleNaN()
			case n%2 == 1 && quarters < 20:
				continue
			}
			s.Samples = append(s.Samples, x)
		}
		all = append(all, s)
	}
	return all
}

// between returns what a read of [from, to) must return.
func between(all []cluster.Series, from, to int64, markers bool) []promapi.Series {
	var out []promapi.Series
	for _, s := range all {
		var got promapi.Series
		for _, l := range s.Labels {
			got.Labels = append(got.Labels, promapi.Label{Name: l.Name, Value: l.Value})
		}
		for _, x := range s.Samples {
			switch {
			case x.T < from || x.T >= to:
			case !math.IsNaN(x.V):
				got.Samples = append(got.Samples, promapi.Sample{T: x.T, V: x.V})
			case markers:
				got.Ends = append(got.Ends, x.T)
			}
		}
		if len(got.Samples)+len(got.Ends) > 0 {
			out = append(out, got)
		}
	}
	return out
}

func reader(t *testing.T, base *url.URL) *promapi.Client {
	t.Helper()
	c, err := promapi.New(promapi.Config{
		URL: base, HTTP: promconfig.DefaultHTTPClientConfig, Timeout: time.Minute, MaxAnswerBytes: 64 << 20, UserAgent: "test", Log: slog.New(slog.DiscardHandler),
	}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRead reads raw samples by both transports, from a block, from the head, and from both.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	first, second := long(day), long(day.Add(6*time.Hour))
	if err := prom.WriteBlock(t.Context(), dir, first); err != nil {
		t.Fatal(err)
	}
	var all []cluster.Series
	for i := range first {
		all = append(all, cluster.Series{Labels: first[i].Labels, Samples: slices.Concat(first[i].Samples, second[i].Samples)})
	}
	current := promtest.Start(t, prom.Options{Dir: dir})
	if err := current.Append(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	type span struct {
		name     string
		from, to time.Duration
	}
	inBlock := []span{{"an hour of the block", time.Hour, 2 * time.Hour}, {"a part of a chunk", 61 * time.Minute, 64 * time.Minute}}
	spans := slices.Concat(inBlock, []span{
		{"an hour of the head", 8 * time.Hour, 9 * time.Hour},
		{"the head's newest hour", 11 * time.Hour, 12 * time.Hour},
		{"the block and the head", 5*time.Hour + 7*time.Second, 7*time.Hour + 8*time.Second},
		{"all of it", 0, 12 * time.Hour},
		{"nothing", 20 * time.Hour, 21 * time.Hour},
	})
	check := func(t *testing.T, c *promapi.Client, spans []span) {
		for _, s := range spans {
			from, to := day.Add(s.from).UnixMilli(), day.Add(s.to).UnixMilli()
			selectors := []promapi.Selector{
				{{Type: promapi.MatchEqual, Name: "__name__", Value: "m"}, {Type: promapi.MatchRegexp, Name: "pod", Value: "p-0|p-1"}},
				{{Type: promapi.MatchEqual, Name: "__name__", Value: "m"}, {Type: promapi.MatchNotRegexp, Name: "pod", Value: "p-0|p-1"}},
			}
			read := make([][]promapi.Series, len(selectors))
			var keeper promapi.Keeper
			err := c.Read(t.Context(), selectors, from, to, func(query int, s promapi.Series) error {
				read[query] = append(read[query], keeper.Keep(s))
				return nil
			})
			if err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
			for i, selector := range selectors {
				if diff := gocmp.Diff(between(all[2*i:2*i+2], from, to, true), read[i]); diff != "" {
					t.Errorf("%s, query %d: %s", s.name, i, diff)
				}
				answer, err := c.RawRange(t.Context(), selector, from, to)
				if err != nil {
					t.Errorf("%s, query %d: %v", s.name, i, err)
					continue
				}
				slices.SortFunc(answer.Series, func(a, b promapi.Series) int { return cmp.Compare(a.Labels.Get("pod"), b.Labels.Get("pod")) })
				if diff := gocmp.Diff(between(all[2*i:2*i+2], from, to, false), answer.Series); diff != "" {
					t.Errorf("%s, query %d, by PromQL: %s", s.name, i, diff)
				}
			}
		}
	}
	t.Run("in process", func(t *testing.T) { check(t, reader(t, current.URL()), spans) })
	newer := promtest.Start(t, prom.Options{Dir: t.TempDir(), XOR2: true})
	if err := newer.Append(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	t.Run("XOR2", func(t *testing.T) { check(t, reader(t, newer.URL()), spans) })
	t.Run("Debian", func(t *testing.T) { check(t, reader(t, promtest.StartDebian(t, dir)), inBlock) })
}

// TestSelectorsParse: PromQL's own parser finds the matchers in a selector that were put in.
func TestSelectorsParse(t *testing.T) {
	for _, s := range []promapi.Selector{
		{{Type: promapi.MatchEqual, Name: "__name__", Value: "m"}},
		{{Type: promapi.MatchNotEqual, Name: "a", Value: "x\"\\\n\té😀'`"}, {Type: promapi.MatchRegexp, Name: "b", Value: `a\.b|c`}, {Type: promapi.MatchNotRegexp, Name: "c", Value: ".+"}},
		{{Type: promapi.MatchEqual, Name: "app.kubernetes.io/name", Value: "x"}, {Type: promapi.MatchEqual, Name: "ä\"b", Value: ""}, {Type: promapi.MatchEqual, Name: "on", Value: "by"}},
	} {
		parses(t, s)
	}
}

// FuzzSelector: whatever a label's value is, it is the value of that matcher, and nothing else.
func FuzzSelector(f *testing.F) {
	f.Add("income", "seldon")
	f.Add(`"} or vector(1) or {a="`, "\\")
	f.Add("a\nb\x00\u2028", "`'\"")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			t.Skip() // no such label reaches a selector
		}
		parses(t, promapi.Selector{{Type: promapi.MatchEqual, Name: "name", Value: a}, {Type: promapi.MatchNotEqual, Name: "namespace", Value: b}})
	})
}

// parses compares what a selector says with what PromQL's own parser makes of it.
func parses(t *testing.T, s promapi.Selector) {
	matchers, err := parser.NewParser(parser.Options{}).ParseMetricSelector(s.String())
	if err != nil {
		t.Errorf("%s: %v", s, err)
		return
	}
	var got []string
	for _, m := range matchers {
		got = append(got, m.Name+m.Type.String()+m.Value)
	}
	var want []string
	for _, m := range s {
		want = append(want, m.Name+m.Type.String()+m.Value)
	}
	if diff := gocmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); diff != "" {
		t.Errorf("%s: %s", s, diff)
	}
}
