package pages

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/doctor"
)

// checks are what a doctor has found.
type checks struct {
	report *doctor.Report
	err    error
}

func (c checks) Report(context.Context) (*doctor.Report, error) { return c.report, c.err }

// examined is a report with one result of each kind.
func examined() *doctor.Report {
	days := make([]doctor.Day, 30)
	for i := range days {
		days[i] = doctor.Day{Date: noon.Truncate(24*time.Hour).AddDate(0, 0, i-29), Scraped: float64(i) / 29, Recorded: 0.001}
	}
	result := func(group, name string, status doctor.Status, found, remedy string) doctor.Result {
		return doctor.Result{Group: group, Check: doctor.Check{Name: name, Question: "Is `" + name + "` well?"}, Status: status, Found: found, Remedy: remedy}
	}
	return &doctor.Report{
		URL: "http://prometheus:9090", At: noon, Cost: &doctor.Cost{Queries: 7, Samples: 2214, Bytes: 28979, Took: time.Second},
		Calendar: &doctor.Calendar{Days: days, Recorded: true},
		Results: []doctor.Result{
			result("The Prometheus", "reachable", doctor.Pass, "it answers within 3ms", ""),
			result("The Prometheus", "clock", doctor.Warn, "this machine's clock is 20s ahead", "Synchronize the clocks (NTP)."),
			result("kube-state-metrics", "model-labels", doctor.Fail, `<img src=x> "&`, "Allow them.\n\nIn the values:\n\n    a:\n      - pods=[x]\n\nand <b>that</b>"),
			result("Models", "models", doctor.Skipped, "it needs model-labels", ""),
		},
	}
}

func TestDoctor(t *testing.T) {
	h := newSite(t, some(), func(c *Config) { c.Upstreams[0].Doctor = checks{report: examined()} })
	w := get(t, h, "/doctor")
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "<img") || strings.Contains(w.Body.String(), "<b>that") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	has(t, w, "1 passed, 1 with a warning, 1 failed, 1 skipped", "7 requests, 2214 samples, 28.3 KiB, 1 s", `<li id="model-labels" class="check is-fail">`, `<a href="#model-labels">model-labels</a>, <a href="#clock">clock</a>`,
		"<h3>Is model-labels well?</h3>", "&lt;img src=x&gt; &#34;&amp;", "<pre><code>a:\n  - pods=[x]</code></pre>", "docs/troubleshooting.md#model-labels",
		`<rect class="used" x="290" y="0" width="9" height="24"/>`, `<rect class="used" x="0" y="23" width="9" height="1"/>`, "31 Jan 2026", `aria-current="page">Doctor</a>`)
	has(t, get(t, h, "/"), `href="./doctor">Doctor</a>`)

	var document struct {
		Status  string
		Summary map[string]int
		Checks  []struct{ Name, Status string }
	}
	w = get(t, h, "/doctor?format=json")
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil || document.Status != "fail" || document.Summary["skipped"] != 1 || len(document.Checks) != 4 {
		t.Errorf("%v\n%s", err, w.Body)
	}
	rows, err := csv.NewReader(get(t, h, "/doctor?format=csv").Body).ReadAll()
	if err != nil || len(rows) != 5 || rows[2][1] != "clock" {
		t.Errorf("%v %v", rows, err)
	}
	if w := get(t, h, "/doctor?x=1"); w.Code != http.StatusBadRequest {
		t.Errorf("status %d of an unknown parameter", w.Code)
	}
}

func TestDoctorHasNoReport(t *testing.T) {
	for err, code := range map[error]int{
		doctor.ErrRunning: http.StatusServiceUnavailable, context.DeadlineExceeded: http.StatusGatewayTimeout, http.ErrHandlerTimeout: http.StatusInternalServerError,
	} {
		h := newSite(t, some(), func(c *Config) { c.Upstreams[0].Doctor = checks{err: err} })
		if w := get(t, h, "/doctor"); w.Code != code {
			t.Errorf("%v: status %d", err, w.Code)
		}
	}
	h := newSite(t, some())
	if w := get(t, h, "/doctor"); w.Code != http.StatusNotFound {
		t.Errorf("status %d where it is switched off", w.Code)
	}
	if strings.Contains(get(t, h, "/").Body.String(), "doctor") {
		t.Error("a page that is switched off is linked")
	}
	without := examined()
	without.Calendar, without.Cost = nil, nil
	if w := get(t, newSite(t, some(), func(c *Config) { c.Upstreams[0].Doctor = checks{report: without} }), "/doctor"); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "<svg viewBox=\"0 0 300") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
