package endtoend

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/web"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// TestScraped has a real Prometheus scrape, in each of its protocols: every series is
// stored with its value, and with timestamps once for the window, at its end.
func TestScraped(t *testing.T) {
	const models, scrapes = 30, 5
	w := window.Containing(time.Now(), time.Minute).Previous()
	a := &ledger.Averages{Window: w, Metrics: metric.Default().Metrics, Coverage: []ledger.Coverage{{Source: metric.CAdvisor, Ratio: 1}}}
	for i := range models {
		m := ledger.Model{Model: workload.Model{Namespace: "seldon", Type: "SeldonDeployment", Name: fmt.Sprintf("m%02d", i)}}
		for range a.Metrics {
			m.Values = append(m.Values, metric.Value{V: float64(i) / 7, OK: true})
		}
		a.Models = append(a.Models, m)
	}
	page, err := exposition.Encode(a, w.End.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, board := range map[string]*exposition.Board{
		"plain": exposition.NewBoard(time.Now), "timestamps": exposition.NewStampedBoard(time.Now),
	} {
		board.Slot("").Publish(page)
		exporter := httptest.NewServer(web.Metrics(prometheus.NewRegistry(), prometheus.NewRegistry(), board, slog.New(slog.DiscardHandler)))
		t.Cleanup(exporter.Close)
		for _, protocol := range []string{"PrometheusText0.0.4", "OpenMetricsText1.0.0", "PrometheusProto"} {
			t.Run(name+"/"+protocol, func(t *testing.T) {
				server := promtest.Start(t, prom.Options{Dir: t.TempDir(), Scrape: []prom.Target{{
					Job: "exporter", Address: strings.TrimPrefix(exporter.URL, "http://"), Interval: 100 * time.Millisecond, Protocol: protocol,
				}}})
				deadline := time.Now().Add(time.Minute)
				for ask(t, server, `sum(count_over_time(up[1h]))`) < scrapes {
					if time.Now().After(deadline) {
						t.Fatal("the exporter is not scraped")
					}
				}
				if got := ask(t, server, `min(min_over_time(up[1h]))`); got != 1 {
					t.Error("a scrape has failed")
				}
				for _, info := range a.Metrics {
					if got := ask(t, server, fmt.Sprintf(`count(last_over_time(%s[1h]))`, info.Name)); got != models {
						t.Errorf("%v series of %s, want %d", got, info.Name, models)
					}
					if got, want := ask(t, server, fmt.Sprintf(`sum(last_over_time(%s{name="m11"}[1h]))`, info.Name)), 11.0/7; got != want {
						t.Errorf("%s is %v, want %v", info.Name, got, want)
					}
					most := ask(t, server, fmt.Sprintf(`max(count_over_time(%s[1h]))`, info.Name))
					if name == "timestamps" {
						at := ask(t, server, fmt.Sprintf(`max(max_over_time(timestamp(%s)[1h:1s]))`, info.Name))
						if most != 1 || at != float64(w.End.Unix()) {
							t.Errorf("%v samples of %s, at %v, want one at %d", most, info.Name, at, w.End.Unix())
						}
					} else if most < scrapes-1 {
						t.Errorf("%v samples of %s in %d scrapes", most, info.Name, scrapes)
					}
				}
			})
		}
	}
}

// ask returns the one value that a query has now, 0 if it has none.
func ask(t *testing.T, server *prom.Server, query string) float64 {
	t.Helper()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	body := get(t, server.URL().String()+"/api/v1/query?query="+url.QueryEscape(query))
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Data.Result) == 0 {
		return 0
	}
	v, err := strconv.ParseFloat(fmt.Sprint(answer.Data.Result[0].Value[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
