package soak

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Judge compares all that was delivered with the truth.
func (s *Soak) Judge(t testing.TB, r Receiver) {
	t.Helper()
	results := map[int64]accuracy.Result{}
	for _, w := range s.Windows {
		results[w.Span().End.UnixMilli()] = accuracy.Result{Values: map[cluster.Model]cluster.Values{}}
	}
	for metric := range cluster.NumMetrics {
		for _, series := range s.Stored(t, r, metric.String()) {
			id := cluster.Model{Namespace: series.Metric["namespace"], Type: series.Metric["type"], Name: series.Metric["name"]}
			for _, sample := range series.Values {
				at := sample.T(t)
				if at%Period.Milliseconds() != 0 {
					t.Errorf("%s of %v has a sample at %d, which is no window's end", metric, id, at)
				}
				result, known := results[at]
				if !known {
					continue // of a window before the history's hour, or after it
				}
				values := result.Values[id]
				if values[metric].OK {
					t.Errorf("%s of %v is there twice at %d", metric, id, at)
				}
				values[metric] = cluster.Value{V: sample.V(t), OK: true}
				result.Values[id] = values
			}
		}
	}
	values := 0
	for _, w := range s.Windows {
		verdict := accuracy.Judge(w, results[w.Span().End.UnixMilli()])
		for _, d := range verdict.Deviations {
			t.Errorf("window %s: %s", w.Span(), d)
		}
		values += verdict.Values
	}
	if values == 0 {
		t.Error("there is nothing to judge")
	}
}

// Series is what a receiver has of one, sample by sample.
type Series struct {
	Metric map[string]string
	Values []Sample
}

// Sample is a timestamp in seconds and a value.
type Sample [2]any

// T returns the timestamp in milliseconds.
func (s Sample) T(t testing.TB) int64 {
	t.Helper()
	seconds, ok := s[0].(float64)
	if !ok {
		t.Fatalf("time %v", s[0])
	}
	return int64(seconds*1000 + 0.5)
}

// V returns the value.
func (s Sample) V(t testing.TB) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(fmt.Sprint(s[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Stored returns every sample of a metric that is of this cluster, as it was written.
func (s *Soak) Stored(t testing.TB, r Receiver, metric string) []Series {
	t.Helper()
	of := "cluster"
	if !strings.HasPrefix(metric, "model_") {
		of = "upstream"
	}
	u := r.Query.JoinPath("api/v1/query")
	u.RawQuery = url.Values{"query": {fmt.Sprintf("%s{run=%q,%s=%q}[3h]", metric, r.Run, of, s.Cluster)}, "nocache": {"1"}}.Encode()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Scope-OrgID", s.Tenant)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Data struct{ Result []Series } }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", u, resp.StatusCode, err)
	}
	return answer.Data.Result
}
