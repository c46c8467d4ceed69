package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// averages are those of a window without models.
func averages(w window.Window) *ledger.Averages {
	return &ledger.Averages{
		Window: w, Metrics: metric.Default().Metrics,
		Coverage: []ledger.Coverage{{Source: metric.KubeStateMetrics, Ratio: 1}, {Source: metric.CAdvisor, Ratio: 1}},
	}
}

// page is one hour's, in which every value is the hour's number.
func page(t testing.TB, hour int) *exposition.Page { return pageOf(t, hour, 50) }

func pageOf(t testing.TB, hour, models int) *exposition.Page {
	t.Helper()
	end := noon.Add(time.Duration(hour) * time.Hour)
	a := averages(window.Window{Start: end.Add(-time.Hour), End: end})
	for i := range models {
		m := ledger.Model{Model: workload.Model{Namespace: "seldon", Type: "SeldonDeployment", Name: fmt.Sprintf("m%02d", i)}}
		for range a.Metrics {
			m.Values = append(m.Values, metric.Value{V: float64(end.Unix()), OK: true})
		}
		a.Models = append(a.Models, m)
	}
	p, err := exposition.Encode(a, noon.Add(2*time.Hour))
	if err != nil {
		t.Error(err)
	}
	return p
}

// site is a server for a board, with the status that the test sets.
type site struct {
	*httptest.Server
	board     *exposition.Board
	ready     bool
	lifecycle bool
	reload    error
	reloads   int
}

func newSite(t *testing.T) *site {
	s := &site{board: exposition.NewBoard(func() time.Time { return noon.Add(time.Hour) })}
	log := slog.New(slog.DiscardHandler)
	server := NewServer(Config{
		Metrics: Metrics(prometheus.NewRegistry(), prometheus.NewRegistry(), s.board, log),
		Ready:   func() bool { return s.ready },
		Pages:   func() http.Handler { return nil },
		Log:     log,

		Lifecycle: func() bool { return s.lifecycle },
		Reload:    func(context.Context) error { s.reloads++; return s.reload },
	})
	s.Server = httptest.NewServer(server.Handler)
	t.Cleanup(s.Close)
	return s
}

func (s *site) get(t *testing.T, method, path string, header http.Header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := (&http.Transport{DisableCompression: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestPages(t *testing.T) {
	s := newSite(t)
	for _, test := range []struct {
		method, path string
		ready        bool
		status       int
		body         string
	}{
		{"GET", "/-/healthy", false, 200, "Healthy.\n"},
		{"GET", "/healthz", false, 200, "Healthy.\n"},
		{"GET", "/-/ready", false, 503, "Not ready: no window has been computed yet. The log and / say why.\n"},
		{"GET", "/-/ready", true, 200, "Ready.\n"},
		{"HEAD", "/-/ready", true, 200, ""},
		{"HEAD", "/metrics", true, 200, ""},
		{"HEAD", "/", true, 200, ""},
		{"POST", "/metrics", true, 405, "Method Not Allowed\n"},
		{"DELETE", "/", true, 405, "Method Not Allowed\n"},
		{"PUT", "/-/ready", true, 405, "Method Not Allowed\n"},
		{"GET", "/metrics/", true, 404, "404 page not found\n"},
		{"GET", "/favicon.ico", true, 404, "404 page not found\n"},
		{"GET", "/debug/pprof/", true, 404, "404 page not found\n"},
	} {
		t.Run(fmt.Sprintf("%s %s ready=%t", test.method, test.path, test.ready), func(t *testing.T) {
			s.ready = test.ready
			resp, body := s.get(t, test.method, test.path, nil)
			if resp.StatusCode != test.status || body != test.body {
				t.Errorf("answered %d %q, want %d %q", resp.StatusCode, body, test.status, test.body)
			}
		})
	}
}

func TestReload(t *testing.T) {
	s := newSite(t)
	foreign := http.Header{"Origin": {"http://elsewhere.example"}, "Sec-Fetch-Site": {"cross-site"}}
	for _, test := range []struct {
		method    string
		lifecycle bool
		reload    error
		header    http.Header
		status    int
		body      string
		reloads   int
	}{
		{"POST", false, nil, nil, 403, "Not allowed: set --web.enable-lifecycle, or send SIGHUP to the exporter.\n", 0},
		{"GET", true, nil, nil, 405, "Method Not Allowed\n", 0},
		{"POST", true, nil, foreign, 403, "cross-origin request detected from Sec-Fetch-Site header\n", 0},
		{"POST", true, nil, nil, 200, "Reloaded.\n", 1},
		{"POST", true, errors.New("a is wrong\nb is wrong"), nil, 500, "The settings before stay: a is wrong\nb is wrong\n", 1},
	} {
		s.lifecycle, s.reload, s.reloads = test.lifecycle, test.reload, 0
		resp, body := s.get(t, test.method, "/-/reload", test.header)
		if resp.StatusCode != test.status || body != test.body || s.reloads != test.reloads {
			t.Errorf("%+v: answered %d %q after %d reloads", test, resp.StatusCode, body, s.reloads)
		}
	}
}

// TestWithoutPages: the first page has links only, which say nothing of the models.
func TestWithoutPages(t *testing.T) {
	s := newSite(t)
	s.board.Slot("").Publish(page(t, 0))
	resp, body := s.get(t, "GET", "/", nil)
	if got := resp.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("content type %s", got)
	}
	for _, want := range []string{`href="metrics"`, `href="-/healthy"`, `href="-/ready"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(body, "m07") {
		t.Error("the page shows a model")
	}
}

// TestWithPages: they have every path that is not the server's own.
func TestWithPages(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	server := NewServer(Config{
		Metrics: Metrics(prometheus.NewRegistry(), prometheus.NewRegistry(), exposition.NewBoard(time.Now), log), Ready: func() bool { return true }, Log: log,
		Pages: func() http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a page") })
		},
	})
	for path, want := range map[string]string{"/": "a page", "/model/a/b/c": "a page", "/-/healthy": "Healthy.\n", "/-/ready": "Ready.\n"} {
		w := httptest.NewRecorder()
		server.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		if got := w.Body.String(); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

func TestMetricsInEveryFormat(t *testing.T) {
	s := newSite(t)
	s.board.Slot("").Publish(page(t, 0))
	const row = `model_cpu_requests{name="m07",namespace="seldon",type="SeldonDeployment"} 1.7723664e+09`
	for name, test := range map[string]struct{ accept, contentType string }{
		"nothing asked": {"", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"},
		"text":          {"text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"},
		"OpenMetrics":   {"application/openmetrics-text;version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"},
		"protobuf":      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores"},
		"Prometheus 3":  {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"},
	} {
		for encoding, decode := range map[string]func(io.Reader) (io.Reader, error){
			"":     func(r io.Reader) (io.Reader, error) { return r, nil },
			"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
			"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
		} {
			t.Run(name+" "+encoding, func(t *testing.T) {
				resp, body := s.get(t, "GET", "/metrics", http.Header{"Accept": {test.accept}, "Accept-Encoding": {encoding}})
				if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != test.contentType || resp.Header.Get("Content-Encoding") != encoding {
					t.Fatalf("answered %d %v", resp.StatusCode, resp.Header)
				}
				r, err := decode(strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				plain, err := io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
				switch name {
				case "protobuf":
					if got := rows(t, expfmt.NewDecoder(bytes.NewReader(plain), expfmt.ResponseFormat(resp.Header))); got != 7*50 {
						t.Errorf("%d rows", got)
					}
				case "OpenMetrics", "Prometheus 3":
					if !strings.HasSuffix(string(plain), "# EOF\n") || !strings.Contains(string(plain), row) {
						t.Errorf("is not whole, or lacks %s", row)
					}
				default:
					if got := rows(t, expfmt.NewDecoder(bytes.NewReader(plain), expfmt.ResponseFormat(resp.Header))); got != 7*50 || !strings.Contains(string(plain), row) {
						t.Errorf("%d rows, or lacks %s", got, row)
					}
				}
			})
		}
	}
}

// rows counts the models' rows.
func rows(t *testing.T, d expfmt.Decoder) int {
	t.Helper()
	n := 0
	for {
		var f dto.MetricFamily
		err := d.Decode(&f)
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(f.GetName(), "model_") {
			n += len(f.Metric)
		}
	}
}

func TestNoScrapeSeesTwoWindowsOrNone(t *testing.T) {
	s := newSite(t)
	const first = -1_000_000 // so many hours before now that a newer one can always follow
	s.board.Slot("").Publish(page(t, first))
	stop := make(chan struct{})
	var scrapes, publisher sync.WaitGroup
	var seen sync.Map
	publisher.Go(func() {
		for hour := first + 1; ; hour++ {
			select {
			case <-stop:
				return
			default:
				s.board.Slot("").Publish(page(t, hour))
			}
		}
	})
	for range 4 {
		scrapes.Go(func() {
			for range 20 {
				_, body := s.get(t, "GET", "/metrics", nil)
				parser := expfmt.NewTextParser(model.UTF8Validation)
				families, err := parser.TextToMetricFamilies(strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				end := families["seldon_exporter_window_end_timestamp_seconds"]
				seen.Store(end.String(), true)
				for _, info := range metric.Default().Metrics {
					if end == nil || families[info.Name] == nil || len(families[info.Name].Metric) != 50 {
						t.Errorf("%s is not whole", info.Name)
						return
					}
					for _, m := range families[info.Name].Metric {
						if got, want := m.GetGauge().GetValue(), end.Metric[0].GetGauge().GetValue(); got != want {
							t.Errorf("a value of the window that ends at %.0f beside the window that ends at %.0f", got, want)
							return
						}
					}
				}
			}
		})
	}
	scrapes.Wait()
	close(stop)
	publisher.Wait()
	windows := 0
	seen.Range(func(any, any) bool { windows++; return true })
	if windows < 10 {
		t.Errorf("only %d windows were seen: the test shows little", windows)
	}
}
