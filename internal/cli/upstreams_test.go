package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// upstreams is a file with upstreams at some URLs.
func upstreams(named ...string) string {
	text := "web: {enable-lifecycle: true}\nupstreams:\n"
	for i := 0; i < len(named); i += 2 {
		text += fmt.Sprintf("- {name: %s, prometheus: {url: %q}}\n", named[i], named[i+1])
	}
	return text
}

// TestUpstreams: one that hangs and one that fails delay no other. When the settings are read
// again, those that stay count on, and of those that are gone nothing is left.
func TestUpstreams(t *testing.T) {
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
	asked := make(chan struct{}, 100)
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	}))
	fails, answers, another := httptest.NewServer(status(500)), httptest.NewServer(http.HandlerFunc(nothing)), httptest.NewServer(http.HandlerFunc(nothing))
	for _, server := range []*httptest.Server{hangs, fails, answers, another} {
		t.Cleanup(server.CloseClientConnections) // before Close
		t.Cleanup(server.Close)
	}
	settings := file(t, upstreams("hangs", hangs.URL, "fails", fails.URL, "answers", answers.URL))
	e := launchAs(t, "--config.file="+settings)
	<-asked
	e.wait(t, "it is ready", func() bool { code, _ := e.get(t, "/-/ready"); return code == http.StatusOK })
	e.wait(t, "a failure", func() bool { return strings.Contains(e.out.String(), `msg="Window failed" upstream=fails`) })
	metrics := func() string { _, body := e.get(t, "/metrics"); return body }
	expect := func(text string, want bool) {
		t.Helper()
		if strings.Contains(metrics(), text) != want {
			t.Errorf("the metrics have %s: %t", text, !want)
		}
	}
	computed := func() string { // a number, which rises by itself where a minute ends
		_, after, _ := strings.Cut(metrics(), `seldon_exporter_refreshes_total{result="success",upstream="answers"} `)
		count, _, _ := strings.Cut(after, "\n")
		return count
	}
	first := computed()
	if first == "" || first == "0" {
		t.Errorf("%q windows were computed", first)
	}
	for _, text := range []string{`seldon_exporter_models{upstream="answers"} 0`, `seldon_exporter_duplicate_models{upstream="answers"} 0`,
		`seldon_exporter_window_coverage_ratio{source="kube-state-metrics",upstream="answers"} `, `seldon_exporter_windows_missing{upstream="hangs"} `,
		`seldon_exporter_refreshes_total{result="success",upstream="hangs"} 0`, `seldon_exporter_upstream_requests_total{code="500",upstream="fails"}`, "go_goroutines "} {
		expect(text, true)
	}
	for _, text := range []string{`seldon_exporter_windows_missing{upstream="hangs"} 0`, `seldon_exporter_models{upstream="fails"}`, "\nseldon_exporter_models ", `seldon_exporter_refreshes_total{result="success"}`} {
		expect(text, false)
	}
	for _, family := range []string{"seldon_exporter_models", "seldon_exporter_refreshes_total", "seldon_exporter_window_coverage_ratio"} {
		if n := strings.Count(metrics(), "# TYPE "+family+" "); n != 1 {
			t.Errorf("%s is there %d times", family, n)
		}
	}
	_, page := e.get(t, "/")
	for _, text := range []string{`id="error-fails"`, `id="state-answers"`, `id="state-hangs"`, answers.URL} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %s", text)
		}
	}
	if strings.Contains(page, `id="error-answers"`) || strings.Contains(page, `id="error-hangs"`) {
		t.Error("an upstream has another's error")
	}

	first = computed()
	if err := os.WriteFile(settings, []byte(upstreams("another", another.URL, "answers", answers.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(e.url+"/-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if code, _ := e.get(t, "/-/ready"); resp.StatusCode != http.StatusOK || code != http.StatusOK {
		t.Errorf("reloading answers %d, readiness %d", resp.StatusCode, code)
	}
	expect(`seldon_exporter_models{upstream="answers"} 0`, true) // served on
	e.wait(t, "both have a window of the new settings", func() bool {
		return computed() != first && strings.Contains(metrics(), `seldon_exporter_models{upstream="another"} 0`)
	})
	expect(`upstream="hangs"`, false)
	expect(`upstream="fails"`, false)

	// Without a list, there is one upstream again, without a label.
	if err := os.WriteFile(settings, []byte("web: {enable-lifecycle: true}\nprometheus: {url: "+another.URL+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if resp, err = http.Post(e.url+"/-/reload", "", nil); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	e.wait(t, "the only one has a window", func() bool { return strings.Contains(metrics(), "seldon_exporter_models 0\n") })
	expect(`upstream="`, false)
	e.cancel()
	if code := e.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestUpstreamsOfCommands: a command asks the one that it is about.
func TestUpstreamsOfCommands(t *testing.T) {
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
	var asked [2]atomic.Int32
	var urls [2]string
	for i := range asked {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked[i].Add(1)
			nothing(w, r)
		}))
		defer server.Close()
		urls[i] = server.URL
	}
	settings := "--config.file=" + file(t, upstreams("eu", urls[0], "us", urls[1]))
	var stdout, stderr bytes.Buffer
	if code := program(t.Context(), []string{"once", settings, "--upstream=us"}, &stdout, &stderr); code != 0 || asked[0].Load() > 0 || asked[1].Load() == 0 {
		t.Errorf("exit code %d, asked %d and %d times: %s", code, asked[0].Load(), asked[1].Load(), &stderr)
	}
	if !strings.Contains(stdout.String(), `seldon_exporter_models{upstream="us"} 0`) {
		t.Errorf("printed %s", &stdout)
	}
	stderr.Reset()
	if code := program(t.Context(), []string{"once", settings}, &stdout, &stderr); code != 1 || stderr.String() != "seldon-prometheus-exporter: once is about one upstream: give --upstream=eu or us\n" {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	stdout.Reset()
	if code := program(t.Context(), []string{"--config.check", settings}, &stdout, &stderr); code != 0 || strings.Count(stdout.String(), "prometheus.url in ") != 2 || !strings.Contains(stdout.String(), ":4") {
		t.Errorf("exit code %d: %s", code, &stdout)
	}
}
