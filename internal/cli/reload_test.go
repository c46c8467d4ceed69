package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestReload: settings are read again by HTTP and by a signal, and bad ones change nothing.
func TestReload(t *testing.T) {
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGHUP) // so that a late signal does not end the test
	defer signal.Stop(signals)
	prometheus := httptest.NewServer(http.HandlerFunc(nothing))
	defer prometheus.Close()
	settings := file(t, "web: {enable-lifecycle: true}\n")
	e := launch(t, prometheus.URL, "--config.file="+settings)
	e.wait(t, "it is ready", func() bool { code, _ := e.get(t, "/-/ready"); return code == http.StatusOK })
	set := func(content string) {
		t.Helper()
		if err := os.WriteFile(settings, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	post := func() (int, string) {
		t.Helper()
		resp, err := http.Post(e.url+"/-/reload", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body := make([]byte, 1000)
		n, _ := resp.Body.Read(body)
		return resp.StatusCode, strings.ReplaceAll(string(body[:n]), settings, "FILE")
	}
	expect := func(metric string) {
		t.Helper()
		if _, body := e.get(t, "/metrics"); !strings.Contains(body, "\n"+metric) {
			t.Errorf("there is no %s", metric)
		}
	}
	computed := func() int {
		t.Helper()
		_, body := e.get(t, "/metrics")
		_, rest, _ := strings.Cut(body, `seldon_exporter_refreshes_total{result="success"} `)
		number, _, _ := strings.Cut(rest, "\n")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	expect("seldon_exporter_config_last_reload_successful 1")

	for content, want := range map[string]string{
		"kinds: [Pod]\nshard: 3/3\n": "The settings before stay: kinds=\"Pod\" in FILE:1 cannot be used: \"Pod\" is not a kind this exporter knows: choose from SeldonDeployment, InferenceService, LLMInferenceService, InferenceGraph, Server\n" +
			"shard=\"3/3\" in FILE:2 is beyond the last shard: they count from 0, so the last is 2/3\n",
		"prometheus: {token: s3cret}\n": "The settings before stay: FILE:1: unknown setting prometheus.token: this file holds no secrets. Set PROMETHEUS_SELDON_TOKEN, --prometheus.token-file or --prometheus.config-file\n",
		"web: {timestamps: true}\n":     "The settings before stay: web.timestamps in FILE:1 cannot change while the exporter runs: restart it, or undo the change\n",
		"prometheus: {config-file: " + file(t, "tls_config: {ca_file: /no/such}") + "}\n": "The settings before stay: prometheus.config-file in FILE:1 cannot be used: unable to read CA cert: unable to read file /no/such: open /no/such: no such file or directory\n",
	} {
		set(content)
		if code, body := post(); code != http.StatusInternalServerError || body != want {
			t.Errorf("answered %d %s want %s", code, body, want)
		}
		expect("seldon_exporter_config_last_reload_successful 0")
	}
	if n := strings.Count(e.out.String(), `msg="Settings cannot be used: the ones before stay"`); n != 4 {
		t.Errorf("%d lines for 4 bad files:\n%s", n, &e.out)
	}

	set("web: {enable-lifecycle: true}\n")
	if code, body := post(); code != http.StatusOK || !strings.Contains(e.out.String(), `msg="Settings were read again and are the same"`) {
		t.Errorf("answered %d %s", code, body)
	}
	expect("seldon_exporter_config_last_reload_successful 1")

	// The metrics count on, and what was ready stays so.
	before := computed()
	set("web: {enable-lifecycle: true}\nkinds: [Server]\nlog: {level: info}\n")
	if code, body := post(); code != http.StatusOK {
		t.Errorf("answered %d %s", code, body)
	}
	if code, _ := e.get(t, "/-/ready"); code != http.StatusOK {
		t.Errorf("readiness is %d after the settings were read again", code)
	}
	e.wait(t, "a window of the new settings", func() bool { return computed() > before })
	if !strings.Contains(e.out.String(), "kinds=Server") {
		t.Errorf("the new settings are not logged:\n%s", &e.out)
	}

	set("kinds: [InferenceGraph]\n")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	e.wait(t, "it heard the signal", func() bool { return strings.Contains(e.out.String(), "kinds=InferenceGraph") })
	if code, body := post(); code != http.StatusForbidden {
		t.Errorf("without the switch, it answers %d %s", code, body)
	}
	e.cancel()
	if code := e.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
