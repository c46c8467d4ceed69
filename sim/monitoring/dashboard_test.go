package monitoring

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// A Grafana asks at no full hour, and in a time zone that is half an hour off aligns its
// steps to none either.
var (
	now      = epoch.Add(lasts - 23*time.Minute)
	earliest = epoch.Add(90 * time.Minute)
)

// TestDashboard asks a real Prometheus every query of the dashboard. Each has an answer,
// and those about models have the truth.
func TestDashboard(t *testing.T) {
	for _, test := range []struct {
		name             string
		interval, offset time.Duration
		keep             string // $range
		debian           bool
	}{
		{"scraped each minute", time.Minute, 20 * time.Second, "50m", true},
		{"each 15 minutes", 15 * time.Minute, 30 * time.Second, "50m", false},
		{"each 30 minutes", 30 * time.Minute, 7 * time.Minute, "50m", false},
		{"once an hour", time.Hour, 10 * time.Minute, "1h", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := prom.WriteBlock(t.Context(), dir, scraped(t, test.interval, test.offset)); err != nil {
				t.Fatal(err)
			}
			t.Run("Prometheus "+prom.Version, func(t *testing.T) {
				checkDashboard(t, promtest.Start(t, prom.Options{Dir: dir}).URL(), test.keep)
			})
			if test.debian {
				t.Run("Prometheus 2", func(t *testing.T) {
					checkDashboard(t, promtest.StartDebian(t, dir), test.keep)
				})
			}
		})
	}
}

func checkDashboard(t *testing.T, server *url.URL, keep string) {
	client, err := api.NewClient(api.Config{Address: server.String()})
	if err != nil {
		t.Fatal(err)
	}
	promAPI, promql := v1.NewAPI(client), parser.NewParser(parser.Options{})
	judged := map[string]bool{}
	for _, by := range groupings() {
		for _, panel := range New().Panels {
			for _, target := range panel.Targets {
				expr := substitute(target.Expr, keep, by)
				if _, err := promql.ParseExpr(expr); err != nil {
					t.Fatalf("%s: %v: %s", panel.Title, err, expr)
				}
				var got model.Matrix
				if target.Range {
					answer, warnings, infos, err := promAPI.QueryRange(t.Context(), expr, v1.Range{Start: earliest, End: now, Step: period})
					if err != nil || len(warnings)+len(infos) > 0 {
						t.Fatalf("%s: %v %v %v: %s", panel.Title, err, warnings, infos, expr)
					}
					got = answer.(model.Matrix)
				} else {
					answer, warnings, infos, err := promAPI.Query(t.Context(), expr, now)
					if err != nil || len(warnings)+len(infos) > 0 {
						t.Fatalf("%s: %v %v %v: %s", panel.Title, err, warnings, infos, expr)
					}
					for _, s := range answer.(model.Vector) {
						got = append(got, &model.SampleStream{Metric: s.Metric, Values: []model.SamplePair{{Timestamp: s.Timestamp, Value: s.Value}}})
					}
				}
				if len(got) == 0 {
					t.Errorf("%s: nothing: %s", panel.Title, expr)
				}
				title := panel.Title + " " + target.RefID
				t.Logf("%s, by %s: %d series, %d values\n%s", title, by, len(got), values(got), expr)
				if want, known := wants()[title]; known {
					judged[title] = true
					compare(t, title, got, func(at time.Time) map[string]float64 { return want(at, by) }, target.Range)
				}
			}
		}
	}
	for title := range wants() {
		if !judged[title] {
			t.Errorf("there is no panel %q", title)
		}
	}
}

// substitute does what Grafana does with variables, as far as they are used.
func substitute(expr, keep, by string) string {
	return strings.NewReplacer(
		"$__range", fmt.Sprintf("%ds", int(now.Sub(earliest).Seconds())),
		"$cluster", ".*", "$namespace", ".*", "$type", ".*", "$name", ".*", "$job", "seldon-prometheus-exporter|other",
		"$period", "1h", "$range", keep, "${by:raw}", by,
	).Replace(expr)
}

// groupings returns what $by can be.
func groupings() []string {
	var all []string
	for _, v := range New().Templating.List {
		if v.Name == "by" {
			for _, o := range v.Options {
				all = append(all, o.Value.(string))
			}
		}
	}
	return all
}

func values(m model.Matrix) int {
	n := 0
	for _, s := range m {
		n += len(s.Values)
	}
	return n
}

// compare holds each value against the truth, at each step. What is not to be there must
// not be, either.
func compare(t *testing.T, title string, got model.Matrix, want func(time.Time) map[string]float64, steps bool) {
	t.Helper()
	from := now
	if steps {
		from = earliest
	}
	found := 0
	for at := from; !at.After(now); at = at.Add(period) {
		for labels, value := range want(at) {
			i := slices.IndexFunc(got, func(s *model.SampleStream) bool { return labelsOf(s.Metric) == labels })
			if i < 0 {
				t.Errorf("%s: there is no %s", title, labels)
				continue
			}
			j := slices.IndexFunc(got[i].Values, func(p model.SamplePair) bool { return p.Timestamp.Time().Equal(at) })
			if j < 0 {
				t.Errorf("%s: %s has no value at %s", title, labels, at.Format(time.TimeOnly))
				continue
			}
			found++
			if v := float64(got[i].Values[j].Value); math.Abs(v-value) > 1e-9*math.Abs(value) {
				t.Errorf("%s: %s is %v at %s, want %v", title, labels, v, at.Format(time.TimeOnly), value)
			}
		}
	}
	if n := values(got); n != found {
		t.Errorf("%s: there are %d values, %d of which should be", title, n, found)
	}
}

// labelsOf writes the labels that models are told apart by, without their names.
func labelsOf(m model.Metric) string {
	var out []string
	for _, name := range []model.LabelName{"cluster", "namespace", "type", "name", "source"} {
		if v, ok := m[name]; ok {
			out = append(out, string(v))
		}
	}
	return strings.Join(out, "/")
}
