package endtoend

import (
	"encoding/csv"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/pages"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

const (
	hours      = 30
	failedHour = 17 // its window was never computed
	goneHour   = 21 // the model has no pod in this one and the next
	oddName    = `in"come\ {a}`
)

// value is what the window that ends at an hour came to, and whether it was served.
func value(hour int) (float64, bool) {
	return float64(hour) + 0.25, hour != failedHour && hour != goneHour && hour != goneHour+1
}

// served returns what is served at a moment by an exporter that computes each window so long
// after its end, and until when a window that has no successor stays.
func served(begin time.Time, at time.Time, delay time.Duration) (float64, bool) {
	const grace = 6 * time.Minute
	hour := int(at.Add(-delay).Sub(begin) / time.Hour)
	if hour == failedHour {
		if at.Add(-delay).Sub(begin.Add(failedHour*time.Hour)) > grace {
			return 0, false
		}
		hour--
	}
	return value(hour)
}

// recordedSeries are what a Prometheus stores that scrapes two exporters, and receives the
// windows of one of them by remote write. What is scraped every 30 s ends with a staleness
// marker.
func recordedSeries(begin time.Time) []cluster.Series {
	labels := func(more ...cluster.Label) []cluster.Label {
		return append([]cluster.Label{{Name: "__name__", Value: "model_cpu_usage_seconds_total"}, {Name: "namespace", Value: "seldon"}, {Name: "type", Value: "SeldonDeployment"}, {Name: "name", Value: oddName}}, more...)
	}
	var all []cluster.Series
	for i, delay := range []time.Duration{65 * time.Second, 118 * time.Second} {
		s := cluster.Series{Labels: labels(cluster.Label{Name: "job", Value: "exporter"}, cluster.Label{Name: "instance", Value: strconv.Itoa(i)})}
		there := false
		for at := begin.Add(time.Hour); at.Before(begin.Add(hours*time.Hour + 10*time.Minute)); at = at.Add(30 * time.Second) {
			t := at.Add(time.Duration(i) * 7 * time.Second)
			v, ok := served(begin, t, delay)
			if ok {
				s.Samples = append(s.Samples, cluster.Sample{T: t.UnixMilli(), V: v})
			} else if there {
				s.Samples = append(s.Samples, cluster.Sample{T: t.UnixMilli(), V: cluster.StaleNaN()})
			}
			there = ok
		}
		all = append(all, s)
	}
	delivered := cluster.Series{Labels: labels(cluster.Label{Name: "env", Value: "a"})}
	for hour := 1; hour <= hours; hour++ {
		if v, ok := value(hour); ok {
			delivered.Samples = append(delivered.Samples, cluster.Sample{T: begin.Add(time.Duration(hour) * time.Hour).UnixMilli(), V: v})
		}
	}
	return append(all, delivered)
}

// TestPagesReadBack: the plots of a model have each recorded window at its place, and gaps where
// there is none, from real servers, whether windows were scraped or delivered.
func TestPagesReadBack(t *testing.T) {
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	if err := prom.WriteBlock(t.Context(), dir, recordedSeries(begin)); err != nil {
		t.Fatal(err)
	}
	for server, start := range map[string]func() *url.URL{
		"in process": func() *url.URL { return promtest.Start(t, prom.Options{Dir: dir}).URL() },
		"Debian":     func() *url.URL { return promtest.StartDebian(t, dir) },
	} {
		t.Run(server, func(t *testing.T) {
			client, err := promapi.New(promapi.Config{
				URL: start(), HTTP: promconfig.DefaultHTTPClientConfig, Timeout: time.Minute, MaxAnswerBytes: 64 << 20, UserAgent: "test", Log: slog.New(slog.DiscardHandler),
			}, prometheus.NewRegistry())
			if err != nil {
				t.Fatal(err)
			}
			t.Run("scraped", func(t *testing.T) {
				// Of the newest one, what is scraped so long before the next is due says little.
				readBack(t, begin, pages.Recorded{API: client, Match: promapi.Selector{{Type: promapi.MatchEqual, Name: "env", Value: "another"}}}, hours-1)
			})
			t.Run("delivered", func(t *testing.T) {
				readBack(t, begin, pages.Recorded{API: client, Match: promapi.Selector{{Type: promapi.MatchEqual, Name: "env", Value: "a"}}}, hours)
			})
		})
	}
}

// readBack compares the windows of 24 hours on a page with those that were recorded.
func readBack(t *testing.T, begin time.Time, recorded pages.Recorded, newest int) {
	handler, err := pages.New(pages.Config{
		Table: metric.Default(), Period: time.Hour,
		Upstreams: []pages.Upstream{{
			State:    func() pages.State { return pages.State{} },
			Averages: func() *ledger.Averages { return nil },
			Recorded: recorded, SettleDelay: time.Minute,
		}},
		Now: func() time.Time { return begin.Add(hours*time.Hour + 10*time.Minute) },
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/model/seldon/SeldonDeployment/"+url.PathEscape(oddName)+"?range=24h&format=csv", nil))
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || w.Code != 200 {
		t.Fatalf("status %d, %v: %v", w.Code, err, rows)
	}
	got, want := map[string]string{}, map[string]string{}
	for _, row := range rows[1:] {
		got[row[0]] = row[2]
	}
	for hour := hours - 23; hour <= newest; hour++ {
		if v, ok := value(hour); ok {
			want[begin.Add(time.Duration(hour)*time.Hour).Format(time.RFC3339)] = fmt.Sprint(v)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
