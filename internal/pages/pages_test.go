package pages

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const gibi = 1 << 30

// modelOf returns a model's averages: CPU used, requested and limit in cores, memory in GiB. A
// negative number is unknown.
func modelOf(namespace, kind, name string, values ...float64) ledger.Model {
	m := ledger.Model{Model: workload.Model{Namespace: namespace, Type: kind, Name: name}}
	for i, v := range values {
		if i == 2 || i > 4 {
			v *= gibi
		}
		m.Values = append(m.Values, metric.Value{V: max(v, 0), OK: v >= 0})
	}
	return m
}

// averages returns those of the hour before noon. The order of a model's values is the table's:
// containers, CPU, memory, CPU's request and limit, memory's request and limit.
func averages(models ...ledger.Model) *ledger.Averages {
	return &ledger.Averages{
		Window: window.Window{Start: noon.Add(-time.Hour), End: noon}, Metrics: metric.Default().Metrics, Models: models,
		Coverage: []ledger.Coverage{{Source: metric.KubeStateMetrics, Ratio: 1}, {Source: metric.CAdvisor, Ratio: 0.9873}},
	}
}

func some() *ledger.Averages {
	return averages(
		modelOf("fraud", "SeldonDeployment", "embedder", 1, 1.4, 4.9, 2, 4, 8, 16),
		modelOf("fraud", "SeldonDeployment", "scorer", 0.98, 0.35, 0.7, 0.5, -1, 1, -1),
		modelOf("vision", "InferenceService", "ocr", 1, 0.6, 0.9, 0.5, 1, 1, 2),
		modelOf("vision", "InferenceService", "resnet", 1.5, 3, -1, -1, -1, -1, -1),
	)
}

// newSite returns the pages of averages.
func newSite(t testing.TB, a *ledger.Averages, change ...func(*Config)) http.Handler {
	t.Helper()
	cfg := Config{
		Version: "1.2.3", Table: metric.Default(), Now: func() time.Time { return noon.Add(10 * time.Minute) }, Log: slog.New(slog.DiscardHandler),
		Period: time.Hour,
		Upstreams: []Upstream{{
			State: func() State {
				return State{Upstream: "http://prometheus:9090", Transport: "remote-read", Period: "1h", Kinds: "SeldonDeployment", Next: noon.Add(61 * time.Minute)}
			},
			Averages: func() *ledger.Averages { return a }, SettleDelay: time.Minute,
			Recorded: Recorded{API: recorded(func(string, time.Time, time.Time, time.Duration) (*promapi.Answer, error) {
				return &promapi.Answer{}, nil
			})},
		}},
	}
	for _, f := range change {
		f(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(t testing.TB, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return w
}

// has fails for each text that an answer lacks.
func has(t *testing.T, w *httptest.ResponseRecorder, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("the answer lacks %q", text)
		}
	}
}

func TestHeaders(t *testing.T) {
	h := newSite(t, some(), func(c *Config) { c.Upstreams[0].Doctor = checks{report: examined()} })
	for _, path := range []string{"/", "/doctor", "/nowhere", "/?format=csv", "/?sort=no", "/style.css", "/icon.svg"} {
		w := get(t, h, path)
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %s", path, policy)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, w.Header())
		}
		if strings.Contains(w.Body.String(), " style=") || strings.Contains(w.Body.String(), "<script") || strings.Contains(w.Body.String(), "<style") {
			t.Errorf("%s has what its policy forbids", path)
		}
	}
}

// TestHostileNames: whatever a label holds is text.
func TestHostileNames(t *testing.T) {
	hostile := `<img src=x onerror=alert(1)>"'&/../`
	h := newSite(t, averages(modelOf(hostile, hostile, hostile, 1, 1, 1, 1, 1, 1, 1)), func(c *Config) {
		c.Upstreams[0].State = func() State {
			return State{Upstream: hostile, Error: hostile, DeliveryError: hostile, Receiver: hostile, ErrorTime: noon}
		}
	})
	for _, path := range []string{"/", "/?by=namespace", "/?q=" + "%3Cimg", "/%3Cimg%20src=x%3E", "/?sort=%3Cimg%20src%3E", "/?%3Cimg%3E=1"} {
		w := get(t, h, path)
		if strings.Contains(w.Body.String(), "<img") {
			t.Errorf("%s shows a name as HTML", path)
		}
	}
	has(t, get(t, h, "/"), "&lt;img src=x", `href="./model/%3Cimg%20src=x%20onerror=alert%281%29%3E%22%27&amp;%2F..%2F/`)
}

func TestBadParameters(t *testing.T) {
	h := newSite(t, some())
	for path, want := range map[string]string{
		"/?sort=size":              `The parameter sort=&#34;size&#34;: is unknown: choose name, namespace, type, containers, cpu, cpu-of-request, memory, memory-of-request, with a - before it`,
		"/?page=0":                 `page=&#34;0&#34;: is not the number of a page`,
		"/?page=2":                 `page=&#34;2&#34;: is not there: choose 1 to 1`,
		"/?page=x":                 `page=&#34;x&#34;: is not the number`,
		"/?by=cluster":             `by=&#34;cluster&#34;: is unknown: choose namespace`,
		"/?format=xml":             `format=&#34;xml&#34;: is unknown: choose html, csv or json`,
		"/?what=1":                 `what=&#34;1&#34;: is unknown here: this page takes q, namespace, type, by, sort, page, format`,
		"/?q=a&q=b":                `q=&#34;b&#34;: is given more than once`,
		"/?q=%zz":                  `is not a list of parameters`,
		"/?q=" + long():            `is too long`,
		"/?type=" + long():         `is too long`,
		"/?sort=-":                 `sort=&#34;-&#34;: is unknown`,
		"/?by=namespace&sort=type": `sort=&#34;type&#34;: is unknown: choose namespace, models`,
	} {
		w := get(t, h, path)
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", path, w.Code)
		}
		has(t, w, want)
	}
	if w := get(t, h, "/nowhere"); w.Code != http.StatusNotFound {
		t.Errorf("status %d of a page that is not there", w.Code)
	}
	if w := get(t, h, "/?format=json&page=x"); w.Code != http.StatusBadRequest || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("a program is answered %d %s", w.Code, w.Header())
	}
}

func long() string { return strings.Repeat("x", 300) }

// TestBusy: what is too much at once is refused, and not queued.
func TestBusy(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{}, mostRequests)
	a := some()
	h := newSite(t, a, func(c *Config) {
		c.Upstreams[0].Averages = func() *ledger.Averages {
			begun <- struct{}{}
			<-release
			return a
		}
	})
	done := make(chan int, mostRequests)
	for range mostRequests {
		go func() { done <- get(t, h, "/").Code }()
	}
	for range mostRequests {
		<-begun
	}
	if w := get(t, h, "/"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
	close(release)
	for range mostRequests {
		if code := <-done; code != http.StatusOK {
			t.Errorf("status %d", code)
		}
	}
}

func TestFailureOfAPage(t *testing.T) {
	var log strings.Builder
	s := &site{Config: Config{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	s.templates, _ = parse([]page{{file: errorFile}})
	w := httptest.NewRecorder()
	s.fail(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), fmt.Errorf("secret"))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") || !strings.Contains(log.String(), "secret") {
		t.Errorf("answered %d %s, logged %s", w.Code, w.Body, log.String())
	}
}

// recorded is a Prometheus that has the averages of past windows.
type recorded func(expr string, from, to time.Time, step time.Duration) (*promapi.Answer, error)

func (r recorded) Range(_ context.Context, expr string, from, to time.Time, step time.Duration) (*promapi.Answer, error) {
	return r(expr, from, to, step)
}
