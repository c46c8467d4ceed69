package delivery

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// TestQueries evaluates the queries of docs/remote-write.md, in their order, where three
// windows are whole and the newest is not.
func TestQueries(t *testing.T) {
	queries := documented(t)
	for name, receiver := range receivers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := receiver.start(t)
			w := l.writer(t, receiver.version)
			windows := []*ledger.Averages{l.averages(3, 5), l.averages(2, 5), l.averages(1, 5)}
			mustDeliver(t, w, windows...)
			half := l.averages(0, 5)
			l.interrupt(t, receiver.version, half, 3)

			sum := 0.0
			for _, a := range append(windows, half) {
				sum += a.Models[4].Values[cluster.CPUUsage].V
			}
			end, whole := half.Window.End, windows[2]
			for i, test := range []struct {
				query string
				at    time.Time
				want  float64 // of the last model, or of the only row
				rows  int
			}{
				{queries[0], end, sum, 5},
				{queries[1], end.Add(20 * time.Minute), half.Models[4].Values[cluster.CPURequests].V, 5},
				{queries[2], end, 0, 0},
				{queries[2], whole.Window.End, whole.Models[4].Values[cluster.CPURequests].V, 5},
				{queries[4], end, 3, 1},
			} {
				answer, err := l.client.Instant(t.Context(), test.query, test.at)
				if err != nil {
					t.Fatal(err)
				}
				if len(answer.Series) != test.rows {
					t.Errorf("case %d: %d rows, want %d", i, len(answer.Series), test.rows)
				}
				if test.rows > 0 && math.Abs(last(answer)-test.want) > 1e-9*test.want {
					t.Errorf("case %d: %v, want %v", i, last(answer), test.want)
				}
			}
		})
	}
}

// documented returns the queries of docs/remote-write.md, in their order.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "remote-write.md"))
	if err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, block := range strings.Split(string(text), "```promql\n")[1:] {
		query, _, _ := strings.Cut(block, "```")
		queries = append(queries, query)
	}
	if len(queries) != 5 {
		t.Fatalf("%d queries, want 5", len(queries))
	}
	return queries
}

// TestQueryOfUpstreams evaluates the query of whole windows where one upstream's is whole, and
// the other's is not.
func TestQueryOfUpstreams(t *testing.T) {
	l := start(t, 0)
	whole, half := inCluster(l.averages(0, 5), "eu"), inCluster(l.averages(0, 5), "us")
	mustDeliver(t, l.writer(t, upstream("eu")), whole)
	l.interrupt(t, upstream("us"), half, 3)
	answer, err := l.client.Instant(t.Context(), documented(t)[3], whole.Window.End)
	if err != nil || len(answer.Series) != 5 {
		t.Fatalf("%+v, %v", answer, err)
	}
	for _, row := range answer.Series {
		if row.Labels.Get("cluster") != "eu" {
			t.Errorf("a row of %v", row.Labels)
		}
	}
}

// last returns the value of the row whose model comes last.
func last(answer *promapi.Answer) float64 {
	row := answer.Series[0]
	for _, r := range answer.Series {
		if r.Labels.Get("name") > row.Labels.Get("name") {
			row = r
		}
	}
	return row.Samples[0].V
}
