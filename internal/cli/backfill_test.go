package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"testing"
)

// TestBackfillLeavesGOGCToTheUser runs a backfill that fails, after it has set GOGC.
func TestBackfillLeavesGOGCToTheUser(t *testing.T) {
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
	prometheus := httptest.NewServer(http.HandlerFunc(nothing))
	defer prometheus.Close()
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	for gogc, want := range map[string]int{"": 400, "50": 77, "off": 77} {
		t.Setenv("GOGC", gogc)
		if gogc == "" {
			os.Unsetenv("GOGC")
		}
		var stdout, stderr bytes.Buffer
		if code := program(t.Context(), []string{"backfill", "--from=2100-01-01", "--prometheus.url=" + prometheus.URL}, &stdout, &stderr); code != 1 {
			t.Fatalf("exit code %d: %s", code, &stderr)
		}
		if got := debug.SetGCPercent(77); got != want {
			t.Errorf("GOGC=%q: %d, want %d", gogc, got, want)
		}
	}
}
