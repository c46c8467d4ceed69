package inventory

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi/promapitest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

var every, at = promapitest.Every, promapitest.At

// In the tables of this file a scrape interval is 10.

func iris() workload.Model {
	return workload.Model{Namespace: "models", Type: "SeldonDeployment", Name: "iris"}
}

func wine() workload.Model {
	return workload.Model{Namespace: "models", Type: "SeldonDeployment", Name: "wine"}
}

func TestTenures(t *testing.T) {
	a, b := timeline.Target{Instance: "a"}, timeline.Target{Instance: "b"}
	nobody := workload.Model{}
	whole := timeline.Span{From: 0, To: 100}
	type tenure struct {
		UID            string
		Model          string
		Spans, Present timeline.Spans
	}
	rows := map[string]timeline.Span{"u": {From: -5, To: 48}, "v": {From: 68, To: 99}}
	for _, c := range []struct {
		name  string
		shown []shown
		want  []tenure
	}{
		{"nobody's", []shown{{"u", nobody, a, every(10, 5, 95)}}, nil},
		{"one model's throughout", []shown{{"u", iris(), a, every(10, 5, 95)}}, []tenure{{"u", "iris", timeline.Spans{whole}, timeline.Spans{whole}}}},
		{
			"relabelled", []shown{{"u", iris(), a, every(10, 5, 45)}, {"u", wine(), a, every(10, 55, 95)}},
			[]tenure{{"u", "iris", timeline.Spans{{From: 0, To: 50}}, timeline.Spans{whole}}, {"u", "wine", timeline.Spans{{From: 50, To: 100}}, timeline.Spans{whole}}},
		}, {
			"a model's for a while", []shown{{"u", nobody, a, every(10, 5, 25)}, {"u", iris(), a, every(10, 35, 55)}, {"u", nobody, a, every(10, 65, 95)}},
			[]tenure{{"u", "iris", timeline.Spans{{From: 30, To: 60}}, timeline.Spans{whole}}},
		}, {
			"replaced under its name", []shown{{"u", iris(), a, every(10, 5, 45)}, {"v", iris(), a, every(10, 75, 95)}},
			[]tenure{{"u", "iris", timeline.Spans{{From: 0, To: 50}}, timeline.Spans{{From: 0, To: 50}}}, {"v", "iris", timeline.Spans{{From: 70, To: 100}}, timeline.Spans{{From: 70, To: 100}}}},
		}, {
			"two targets show it: once", []shown{{"u", iris(), a, every(10, 5, 95)}, {"u", iris(), b, every(10, 8, 98)}},
			[]tenure{{"u", "iris", timeline.Spans{whole}, timeline.Spans{whole}}},
		}, {
			"a target without uids sees the next pod first: what it shows after a scrape without one is that pod's",
			[]shown{{"u", iris(), b, every(10, 8, 38)}, {"", iris(), a, every(10, 5, 45)}, {"", wine(), a, every(10, 75, 95)}, {"v", wine(), b, every(10, 78, 98)}},
			[]tenure{{"u", "iris", timeline.Spans{{From: 0, To: 50}}, timeline.Spans{{From: 0, To: 50}}}, {"v", "wine", timeline.Spans{{From: 70, To: 100}}, timeline.Spans{{From: 70, To: 100}}}},
		}, {
			"a target without uids shows another model's before its rows: it is not the first pod, whose rows were seen last before that",
			[]shown{{"", iris(), a, every(10, 5, 45)}, {"", wine(), a, every(10, 55, 85)}, {"v", wine(), a, every(10, 95, 95)}},
			[]tenure{{"u", "iris", timeline.Spans{{From: 0, To: 50}}, timeline.Spans{{From: 0, To: 50}}}, {"v", "wine", timeline.Spans{{From: 50, To: 100}}, timeline.Spans{{From: 50, To: 100}}}},
		}, {
			"relabelled while its rows change",
			[]shown{{"", iris(), a, every(10, 5, 25)}, {"", wine(), a, every(10, 35, 85)}, {"v", wine(), a, every(10, 95, 95)}},
			[]tenure{{"u", "iris", timeline.Spans{{From: 0, To: 30}}, timeline.Spans{{From: 0, To: 70}}}, {"u", "wine", timeline.Spans{{From: 30, To: 70}}, timeline.Spans{{From: 0, To: 70}}}, {"v", "wine", timeline.Spans{{From: 70, To: 100}}, timeline.Spans{{From: 70, To: 100}}}},
		}, {
			"without uids, the name is what is known", []shown{{"", iris(), a, slices.Concat(every(10, 5, 25), every(10, 75, 95))}},
			[]tenure{{"", "iris", timeline.Spans{{From: 0, To: 30}, {From: 70, To: 100}}, timeline.Spans{whole}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			scrapes := map[timeline.Target]*timeline.Scrapes{
				a: timeline.NewScrapes(whole, every(10, 5, 95), func(int) bool { return true }),
				b: timeline.NewScrapes(whole, every(10, 8, 98), func(int) bool { return true }),
			}
			if !slices.ContainsFunc(c.shown, func(s shown) bool { return s.by == b }) {
				delete(scrapes, b)
			}
			targets := timeline.NewTargets(whole, scrapes)
			timeline.ResolveLifetimes(targets)
			var got []tenure
			for _, x := range (&Pod{shown: c.shown}).Tenures(targets, rows) {
				got = append(got, tenure{x.UID, x.Model.Name, x.Spans, x.Present})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPod(t *testing.T) {
	a, b := timeline.Target{Instance: "a"}, timeline.Target{Instance: "b"}
	p := &Pod{shown: []shown{{"u", wine(), b, []int64{8, 18}}, {"u", iris(), a, []int64{5}}, {"u", workload.Model{}, a, []int64{15}}}}
	if diff := cmp.Diff([]timeline.Target{a, b}, p.ShownBy()); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		name string
		want bool
		is   func(workload.Model) bool
	}{
		{"a model of its", true, func(m workload.Model) bool { return m == iris() }},
		{"another model of its", true, func(m workload.Model) bool { return m == wine() }},
		{"none", false, func(m workload.Model) bool { return m == workload.Model{} }},
		{"one that it never was", false, func(m workload.Model) bool { return m.Name == "beer" }},
	} {
		if got := p.BelongsTo(c.is); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
	for _, c := range []struct {
		name string
		at   timeline.Sightings
		want bool
	}{
		{"at each scrape", timeline.Sightings{a: {5, 15}, b: {8, 18}}, true},
		{"and at others", timeline.Sightings{a: {4, 5, 9, 15, 25}, b: {8, 18}}, true},
		{"not at the last", timeline.Sightings{a: {5, 15}, b: {8}}, false},
		{"not at the first", timeline.Sightings{a: {15}, b: {8, 18}}, false},
		{"not by one target", timeline.Sightings{a: {5, 15}}, false},
	} {
		if got := p.ShownOnlyAt(c.at); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// TestSeveralClusters: what is taken for one is noticed, and logged once.
func TestSeveralClusters(t *testing.T) {
	up := func(times []int64, pairs ...string) promapi.Series {
		return promapi.Series{Labels: promapitest.Labels(append([]string{"job", "ksm", "instance", "ksm:8080"}, pairs...)...), Samples: at(1, times...)}
	}
	all, early, late := every(30, 0, 600), every(30, 0, 270), every(30, 300, 600)
	for _, c := range []struct {
		name   string
		naming Naming
		up     []promapi.Series
		want   string // the label
	}{
		{"none", Naming{}, nil, ""},
		{"one", Naming{}, []promapi.Series{up(all, "cluster", "a")}, ""},
		{"two", Naming{}, []promapi.Series{up(all, "cluster", "a"), up(all, "cluster", "b")}, "cluster"},
		{"two, which the cluster label distinguishes", Naming{ClusterLabel: "cluster"}, []promapi.Series{up(all, "cluster", "a"), up(all, "cluster", "b")}, ""},
		{"one has the label, the other not", Naming{}, []promapi.Series{up(all, "k8s_cluster", "a"), up(all)}, "k8s_cluster"},
		{"the other has it", Naming{}, []promapi.Series{up(all), up(all, "k8s_cluster", "a")}, "k8s_cluster"},
		{"three", Naming{}, []promapi.Series{up(all, "cluster", "a"), up(all, "cluster", "b"), up(all, "cluster", "c")}, "cluster"},
		{"two Prometheus servers are one", Naming{}, []promapi.Series{up(all, "prometheus_replica", "0"), up(all, "prometheus_replica", "1")}, ""},
		{"relabelled at some time", Naming{}, []promapi.Series{up(early, "cluster", "a"), up(late, "cluster", "b")}, ""},
		{"seen once", Naming{}, []promapi.Series{up(all, "cluster", "a"), up([]int64{90}, "cluster", "b")}, ""},
		{"two endpoints of one address", Naming{}, []promapi.Series{
			up(all, "metrics_path", "/metrics/cadvisor", "cluster", "a"), up(all, "metrics_path", "/metrics", "cluster", "b"),
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			of := &clusters{log: slog.New(slog.NewTextHandler(&log, nil))}
			for range 2 {
				of.look(c.naming, c.up)
			}
			lines := strings.Count(log.String(), "\n")
			if c.want == "" && lines > 0 || c.want != "" && (lines != 1 || !strings.Contains(log.String(), " label="+c.want+"\n")) {
				t.Errorf("logged %q, want the label %q", log.String(), c.want)
			}
		})
	}
}

// TestGrids: pods that are shown by the same scrapes share their times, and no others'.
func TestGrids(t *testing.T) {
	a, b := timeline.Target{Instance: "a"}, timeline.Target{Instance: "b"}
	g := grids{}
	whole := g.of(a, at(1, every(10, 5, 95)...))
	for _, c := range []struct {
		name   string
		by     timeline.Target
		times  []int64
		shares bool
	}{
		{"all of them", a, every(10, 5, 95), true},
		{"a part", a, every(10, 35, 65), true},
		{"with one missing", a, []int64{35, 55, 65}, false},
		{"beyond the last", a, []int64{85, 95, 105}, false},
		{"another target's", b, every(10, 5, 95), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := g.of(c.by, at(1, c.times...))
			if diff := cmp.Diff(c.times, got); diff != "" {
				t.Error(diff)
			}
			shares := slices.ContainsFunc([]int{0, 3}, func(i int) bool { return &whole[i] == &got[0] })
			if shares != c.shares {
				t.Errorf("shared: %t", shares)
			}
			if cap(got) > len(got) {
				t.Error("what is appended to it would write into another pod's")
			}
		})
	}
}
