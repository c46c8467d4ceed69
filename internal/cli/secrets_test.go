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

const (
	token    = "t0ken-hunter2"
	user     = "us3r-hunter2"
	password = "passw0rd-hunter2"
	query    = "qu3ry-hunter2"
)

// failures are answers of a Prometheus, or of another server, and the result that each counts
// as.
var failures = map[string]struct {
	result string
	answer http.HandlerFunc
}{
	"401":  {"unauthorized", status(401)},
	"403":  {"unauthorized", status(403)},
	"404":  {"not_prometheus", status(404)},
	"429":  {"throttled", status(429)},
	"500":  {"unavailable", status(500)},
	"503":  {"unavailable", status(503)},
	"HTML": {"not_prometheus", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!DOCTYPE html><title>Log in</title>") }},
	"truncated JSON": {"malformed", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","resu`)
	}},
	"a warning": {"partial", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["a store is out"]}`)
	}},
	"cut off": {"unreachable", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	"endless": {"too_large", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[`)
		for {
			if _, err := fmt.Fprint(w, `{"metric":{"a":"`+strings.Repeat("x", 1000)+`"},"value":[1,"1"]},`); err != nil {
				return
			}
		}
	}},
	"an echo": {"rejected", func(w http.ResponseWriter, r *http.Request) {
		u, p, _ := r.BasicAuth()
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"status":"error","errorType":"bad_data","error":"not allowed for %s %s %s with ?%s"}`, r.Header.Get("Authorization"), u, p, r.URL.RawQuery)
	}},
	"redirect": {"not_prometheus", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
	}},
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// TestSecretsStaySecret runs the exporter through every failure with every kind of credential,
// and searches all that it writes and serves for them.
func TestSecretsStaySecret(t *testing.T) {
	type trial struct {
		*exporter
		name, result string
		arrived      *atomic.Bool
		elsewhere    *atomic.Bool
	}
	var trials []trial
	begin := func(t *testing.T, name, result string, answer http.HandlerFunc, credentials string) {
		arrived, elsewhere := new(atomic.Bool), new(atomic.Bool)
		prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				elsewhere.Store(true)
			}
			u, p, _ := r.BasicAuth()
			if r.Header.Get("Authorization") == "Bearer "+token || u == user && p == password && r.URL.Query().Get("key") == query {
				arrived.Store(true)
			}
			answer(w, r)
		}))
		prometheus.Config.ErrorLog = nil
		t.Cleanup(prometheus.Close)
		url, args := prometheus.URL, []string{"--query.max-answer-bytes=64KiB"}
		if name == "refused" {
			url = "http://127.0.0.1:1"
			arrived.Store(true) // there is no server to receive them
		}
		t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
		switch credentials {
		case "token":
			t.Setenv("PROMETHEUS_SELDON_TOKEN", token)
		case "token file":
			args = append(args, "--prometheus.token-file="+file(t, token))
		case "URL":
			url = strings.Replace(url, "//", "//"+user+":"+password+"@", 1) + "/?key=" + query
		}
		trials = append(trials, trial{launch(t, url, args...), name + ", " + credentials, result, arrived, elsewhere})
	}
	for _, credentials := range []string{"token", "token file", "URL"} {
		for name, failure := range failures {
			begin(t, name, failure.result, failure.answer, credentials)
		}
		begin(t, "refused", "unreachable", status(200), credentials)
	}
	for _, trial := range trials {
		t.Run(trial.name, func(t *testing.T) {
			trial.wait(t, "a window failed", func() bool { return strings.Contains(trial.out.String(), `msg="Window failed"`) })
			var shown strings.Builder
			for _, path := range []string{"/metrics", "/", "/-/ready", "/-/healthy", "/nowhere", "/?format=json"} {
				code, body := trial.get(t, path)
				fmt.Fprintln(&shown, path, code, body)
			}
			for _, metric := range []string{`seldon_exporter_refreshes_total{result="` + trial.result + `"} 0`, "seldon_exporter_models", "model_"} {
				if strings.Contains(shown.String(), "\n"+metric) {
					t.Errorf("metrics hold %s", metric)
				}
			}
			if !strings.Contains(shown.String(), "The last attempt failed") {
				t.Error("the first page does not have the failure")
			}
			trial.cancel()
			if code := trial.end(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			shown.WriteString(trial.out.String())
			for _, secret := range []string{token, user, password, query} {
				if strings.Contains(shown.String(), secret) {
					t.Errorf("shows %s:\n%s", secret, &shown)
				}
			}
			if !trial.arrived.Load() {
				t.Errorf("the credentials did not reach the Prometheus:\n%s", &trial.out)
			}
			if trial.elsewhere.Load() {
				t.Error("a redirect was followed")
			}
		})
	}
}

// TestTokenFileThatGoesAway: the error names the file, not the Prometheus.
func TestTokenFileThatGoesAway(t *testing.T) {
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
	name := file(t, token)
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		os.Remove(name)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer prometheus.Close()
	var stdout, stderr bytes.Buffer
	code := program(t.Context(), []string{"once", "--prometheus.url=" + prometheus.URL, "--prometheus.token-file=" + name}, &stdout, &stderr)
	want := "unauthorized: the token file " + name + " cannot be read: no such file or directory: name a file that holds the token: check the credentials: PROMETHEUS_SELDON_TOKEN, --prometheus.token-file or --prometheus.config-file"
	if code != 1 || !strings.Contains(stderr.String(), want) || strings.Contains(stderr.String(), "prometheus.url") {
		t.Errorf("exit code %d, wrote\n%swant\n%s", code, &stderr, want)
	}
}
