package backfill

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/promslog"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// averages are one hour's, in which each model has one value.
func averages(n int, coverage float64, containers map[string]float64) *ledger.Averages {
	a := &ledger.Averages{
		Window:   window.Containing(epoch.Add(time.Duration(n)*time.Hour), time.Hour),
		Metrics:  metric.Default().Metrics[:1],
		Coverage: []ledger.Coverage{{Source: metric.KubeStateMetrics, Ratio: coverage}, {Source: metric.CAdvisor, Ratio: coverage}},
	}
	for name, v := range containers {
		m := ledger.Model{Model: workload.Model{Namespace: "ns", Type: "SeldonDeployment", Name: name}, Values: []metric.Value{{V: v, OK: true}}}
		a.Models = append(a.Models, m)
	}
	slices.SortFunc(a.Models, func(a, b ledger.Model) int { return a.Compare(b.Model) })
	return a
}

func TestCompare(t *testing.T) {
	type values = map[string]float64
	stored := averages(0, 0.75, values{"a": 1, "b": 2, "zero": 0})
	for name, test := range map[string]struct {
		coverage float64
		values   values
		models   int
		gone     int
		largest  float64
		outcome  Outcome
	}{
		"the same":                      {0.75, values{"a": 1, "b": 2, "zero": 0}, 0, 0, 0, Same},
		"the same but for a last bit":   {0.75, values{"a": math.Nextafter(1, 2), "b": 2, "zero": 0}, 0, 0, 0, Same},
		"other values":                  {0.75, values{"a": 1.5, "b": 1.5, "zero": 0}, 2, 0, 0.5, Replace},
		"more is seen":                  {1, values{"a": 1, "b": 2, "zero": 0}, 0, 0, 0, Replace},
		"less is seen":                  {0.5, values{"a": 1.5, "b": 2, "zero": 0}, 1, 0, 0.5, Keep},
		"a model more":                  {0.75, values{"a": 1, "b": 2, "c": 1, "zero": 0}, 1, 0, 0, Replace},
		"a model less":                  {0.75, values{"a": 1, "zero": 0}, 0, 1, 0, Same},
		"from zero":                     {0.75, values{"a": 1, "b": 2, "zero": 1}, 1, 0, math.Inf(1), Replace},
		"to zero":                       {0.75, values{"a": 1, "b": 0, "zero": 0}, 1, 0, 1, Replace},
		"nothing is known any more":     {0, nil, 0, 3, 0, Keep},
		"one model less and other, too": {0.75, values{"a": 2, "zero": 0}, 1, 1, 1, Replace},
	} {
		t.Run(name, func(t *testing.T) {
			r := Compare(stored, averages(0, test.coverage, test.values))
			if r.Models != test.models || r.Gone != test.gone || math.Abs(r.Largest-test.largest) > 1e-12 && !math.IsInf(test.largest, 1) || math.IsInf(r.Largest, 1) != math.IsInf(test.largest, 1) || r.Outcome() != test.outcome {
				t.Errorf("%d models, %d gone, largest %v: %s; want %d, %d, %v: %s", r.Models, r.Gone, r.Largest, r.Outcome(), test.models, test.gone, test.largest, test.outcome)
			}
		})
	}
}

// memory holds windows, as a receiver and as a Computer.
type memory map[time.Time]*ledger.Averages

func (m memory) ComputeAll(_ context.Context, group []window.Window) ([]downsample.Result, error) {
	var all []downsample.Result
	for _, w := range group {
		r := downsample.Result{Averages: m[w.End]}
		if r.Averages.CoverageOf(metric.KubeStateMetrics) == 0 {
			r.Err = downsample.ErrNoSources
		}
		all = append(all, r)
	}
	return all, nil
}

func (m memory) Delivered(context.Context, time.Time, time.Time) (window.Ends, error) {
	there := window.Ends{}
	for end := range m {
		there.Add(end)
	}
	return there, nil
}

func (m memory) Deliver(_ context.Context, a *ledger.Averages) error {
	m[a.Window.End] = a
	return nil
}

func (m memory) Stored(_ context.Context, w window.Window) (*ledger.Averages, error) {
	return m[w.End], nil
}

func (m memory) Replace(_ context.Context, _, a *ledger.Averages) error {
	m[a.Window.End] = a
	return nil
}

func remember(all ...*ledger.Averages) memory {
	m := memory{}
	for _, a := range all {
		m[a.Window.End] = a
	}
	return m
}

func TestReplace(t *testing.T) {
	before := []*ledger.Averages{
		averages(0, 1, map[string]float64{"a": 1}),
		averages(1, 0.5, map[string]float64{"a": 1, "b": 2}),
		averages(2, 1, map[string]float64{"a": 1, "b": 2}),
		averages(3, 1, map[string]float64{"a": 1, "b": 2}),
	}
	now := remember(
		averages(0, 1, map[string]float64{"a": 1}),
		averages(1, 1, map[string]float64{"a": 1.25, "b": 2}),
		averages(2, 0.125, map[string]float64{"a": 9}),
		averages(3, 1, map[string]float64{"b": 3}),
	)
	before = append(before, averages(4, 1, map[string]float64{"a": 1, "b": 2}))
	now[hour(4).Window.End] = averages(4, 0, nil)
	const want = "" +
		"                      seen of kube-  seen of        models    largest\n" +
		"window's end          state-metrics  cAdvisor      changed     change\n" +
		"2026-01-31T01:00:00Z  100            100                 0        0 %  same\n" +
		"2026-01-31T02:00:00Z  50 -> 100      50 -> 100           1       25 %  replace\n" +
		"2026-01-31T03:00:00Z  100 -> 12.5    100 -> 12.5         1      800 %  keep\n" +
		"2026-01-31T04:00:00Z  100            100                 1       50 %  replace\n" +
		"2026-01-31T05:00:00Z  100 -> 0       100 -> 0            0        0 %  keep\n" +
		"\n" +
		"2 of 5 delivered windows are to be replaced.\n" +
		"2 are kept: the new results saw less of them.\n" +
		"4 stored values are no longer computed: they stay until they are deleted.\n"
	for name, may := range map[string]bool{"allowed": true, "not allowed": false} {
		t.Run(name, func(t *testing.T) {
			stored := remember(before...)
			var out bytes.Buffer
			job := Job{Computer: now, Progress: NewLines(promslog.NewNopLogger()), Log: promslog.NewNopLogger()}
			if err := job.Replace(t.Context(), stored, day(0, 24), &out, func() (bool, error) { return may, nil }); err != nil {
				t.Fatal(err)
			}
			var lines []string
			for line := range strings.Lines(out.String()) {
				lines = append(lines, strings.TrimRight(line, " \n"))
			}
			if diff := cmp.Diff(strings.Split(want, "\n"), append(lines, "")); diff != "" {
				t.Error(diff)
			}
			for n, a := range before {
				replaced := stored[a.Window.End] == now[a.Window.End]
				if want := may && (n == 1 || n == 3); replaced != want {
					t.Errorf("hour %d: replaced is %t, want %t", n, replaced, want)
				}
			}
		})
	}
}
