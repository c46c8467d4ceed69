package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func TestOncePrintsOneWindow(t *testing.T) {
	var asked []string
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at := r.FormValue("time"); at != "" {
			asked = append(asked, at)
		}
		nothing(w, r)
	}))
	defer prometheus.Close()
	var stdout, stderr bytes.Buffer
	code := program(t.Context(), []string{"once", "--end=2026-01-31T10:00:00Z", "--query.concurrency=1", "--prometheus.url=" + prometheus.URL}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(&stdout)
	if err != nil {
		t.Fatal(err)
	}
	end := families["seldon_exporter_window_end_timestamp_seconds"].GetMetric()
	want := float64(time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC).Unix())
	if len(end) != 1 || end[0].GetGauge().GetValue() != want {
		t.Errorf("the window ends at %v, want %v", end, want)
	}
	if !strings.Contains(stderr.String(), `msg="Window computed"`) {
		t.Errorf("the log does not have the window: %s", &stderr)
	}
	if len(asked) == 0 || asked[0] != "1769853599.999" {
		t.Errorf("the Prometheus was asked about %v", asked)
	}
}

// TestLogsInJSONHoldText: values in JSON logs are text, not objects.
func TestLogsInJSONHoldText(t *testing.T) {
	prometheus := httptest.NewServer(http.HandlerFunc(nothing))
	defer prometheus.Close()
	served := launch(t, prometheus.URL, "--log.format=json", "--shard=0/2")
	served.wait(t, "it computed a window", func() bool { return strings.Contains(served.out.String(), "Window computed") })
	served.cancel()
	served.end(t)
	var stdout, stderr bytes.Buffer
	program(t.Context(), []string{"once", "--log.format=json", "--prometheus.url=" + prometheus.URL}, &stdout, &stderr)
	windows := 0
	for line := range strings.Lines(served.out.String() + stderr.String()) {
		var attrs map[string]any
		if err := json.Unmarshal([]byte(line), &attrs); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if msg := attrs["msg"]; msg != "Starting" && msg != "Window computed" && msg != "Stopped" {
			continue // logged by a library
		}
		for name, value := range attrs {
			switch value.(type) {
			case map[string]any, []any:
				t.Errorf("%s is no text: %s", name, line)
			}
			if name == "window" {
				windows++
			}
		}
	}
	if windows < 2 {
		t.Errorf("%d windows are logged", windows)
	}
}
