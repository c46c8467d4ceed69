package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd" // has promhttp offer the encoding, too
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
)

// accepts are Accept headers of scrapers.
var accepts = map[string]string{
	"nothing":            "",
	"anything":           "*/*",
	"text":               "text/plain;version=0.0.4",
	"browser":            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
	"OpenMetrics 1.0.0":  "application/openmetrics-text;version=1.0.0",
	"OpenMetrics 0.0.1":  "application/openmetrics-text;version=0.0.1",
	"OpenMetrics":        "application/openmetrics-text",
	"OpenMetrics 2.0.0":  "application/openmetrics-text;version=2.0.0",
	"delimited protobuf": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
	"protobuf as text":   "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
	"compact protobuf":   "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text",
	"Prometheus 2.42":    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
	"Prometheus 3":       "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
	"native histograms":  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1",
	"text, dots":         "text/plain;version=0.0.4;escaping=dots",
	"text, values":       "text/plain;version=0.0.4;escaping=values",
	"protobuf, dots":     "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=dots",
	"image":              "image/png",
	"garbage":            ";;q=x,/",
}

// twins are this package's handler and promhttp over the same metrics.
func twins(t testing.TB, board *exposition.Board, own *prometheus.Registry) (ours, theirs http.Handler) {
	t.Helper()
	ours = Metrics(own, own, board, slog.New(slog.DiscardHandler))
	shown := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		if p := board.Slot("").Page(); p != nil {
			return slices.Collect(p.Families()), nil
		}
		return nil, nil
	})
	theirs = promhttp.HandlerFor(prometheus.Gatherers{own, shown}, promhttp.HandlerOpts{EnableOpenMetrics: true})
	return ours, theirs
}

// registry has constant metrics of every type.
func registry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	factory := promauto.With(reg)
	factory.NewCounterVec(prometheus.CounterOpts{Name: "own_total", Help: "A \\ counter.\nOf two lines."}, []string{"code"}).WithLabelValues(`"200"`).Add(1e9)
	factory.NewGauge(prometheus.GaugeOpts{Name: "own_gauge", Help: "A gauge."}).Set(-0.5)
	factory.NewHistogram(prometheus.HistogramOpts{Name: "own_histogram", Help: "A histogram.", Buckets: []float64{1, 2.5}}).Observe(2)
	factory.NewHistogram(prometheus.HistogramOpts{Name: "own_native", Help: "A native histogram.", NativeHistogramBucketFactor: 1.1}).Observe(3)
	factory.NewSummary(prometheus.SummaryOpts{Name: "own_summary", Help: "A summary."}).Observe(4)
	return reg
}

// boards are the possible states of a board.
func boards(t testing.TB) map[string]*exposition.Board {
	now := func() time.Time { return noon.Add(time.Minute) }
	all := map[string]*exposition.Board{
		"empty":      exposition.NewBoard(now),
		"plain":      exposition.NewBoard(now),
		"timestamps": exposition.NewStampedBoard(now),
		"expired":    exposition.NewBoard(func() time.Time { return noon.Add(2 * time.Hour) }),
	}
	for name, board := range all {
		if name != "empty" {
			board.Slot("").Publish(pageOf(t, 0, 5))
		}
	}
	return all
}

func scrape(h http.Handler, method, url string, header http.Header) *http.Response {
	r := httptest.NewRequest(method, url, nil)
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestMetricsAreWhatPromhttpWrites(t *testing.T) {
	for shown, board := range boards(t) {
		ours, theirs := twins(t, board, registry())
		for asked, accept := range accepts {
			for _, encoding := range []string{"", "gzip", "zstd"} {
				t.Run(shown+"/"+asked+"/"+encoding, func(t *testing.T) {
					header := http.Header{"Accept": {accept}, "Accept-Encoding": {encoding}}
					for range 2 { // the second scrape gets the bytes of the first one
						same(t, ours, theirs, "/metrics", header)
					}
					same(t, ours, theirs, "/metrics?name[]=own_total&name[]=model_cpu_limits", header)
					same(t, ours, theirs, "/metrics?name[]=", header)
				})
			}
		}
	}
}

func TestEncodingsArePromhttps(t *testing.T) {
	ours, theirs := twins(t, boards(t)["plain"], registry())
	for _, encodings := range [][]string{
		{""}, {"identity"}, {"*"}, {"br"}, {"gzip, deflate, br, zstd"}, {"zstd,gzip"}, {"zstd;q=1.0, gzip;q=0.5"},
		{"gzip;q=0.5,zstd;q=0.7,identity;q=0.6"}, {"gzip;q=0"}, {"gzip;q=0, *"}, {"identity;q=0"}, {"identity;q=0, *;q=0"},
		{"*;q=0.3, gzip;q=0.2"}, {"gzip ; q=0.4 , zstd ; q=0.5"}, {"GZIP"}, {"gzip;level=9, zstd"}, {"zstd;q=, gzip"},
		{", gzip"}, {"gzip;q=2, zstd;q=0.1"}, {"gzip;q=-1"}, {"gzip;q=0.1", "zstd;q=0.2"}, {"gzip;x", "zstd"}, {"br", "", "gzip"},
	} {
		t.Run(fmt.Sprintf("%q", encodings), func(t *testing.T) {
			same(t, ours, theirs, "/metrics", http.Header{"Accept-Encoding": encodings})
		})
	}
}

// same scrapes both and compares the answers.
func same(t *testing.T, ours, theirs http.Handler, url string, header http.Header) {
	t.Helper()
	got := scrape(ours, "GET", url, header)
	header = header.Clone()
	if strings.HasPrefix(header.Get("Accept"), "application/vnd.google.protobuf") && strings.HasSuffix(header.Get("Accept"), "text") {
		header.Del("Accept") // readable protobuf is not offered
	}
	if strings.Contains(url, "name[]") {
		header.Set("Accept-Encoding", "identity") // what is filtered is not compressed
	}
	want := scrape(theirs, "GET", url, header)
	got.Header.Del("Content-Length") // promhttp does not set it
	if diff := cmp.Diff(want.Header, got.Header); diff != "" || got.StatusCode != want.StatusCode {
		t.Fatalf("status %d, want %d; headers (-promhttp +ours):\n%s", got.StatusCode, want.StatusCode, diff)
	}
	if diff := cmp.Diff(families(t, want), families(t, got)); diff != "" {
		t.Fatalf("%s (-promhttp +ours):\n%s", url, diff)
	}
}

func TestExpiredPageLeavesTheOwnMetrics(t *testing.T) {
	for shown, want := range map[string]bool{"plain": true, "timestamps": true, "empty": false, "expired": false} {
		h := Metrics(registry(), prometheus.NewRegistry(), boards(t)[shown], slog.New(slog.DiscardHandler))
		for _, encoding := range []string{"", "gzip", "zstd"} {
			got := families(t, scrape(h, "GET", "/metrics", http.Header{"Accept-Encoding": {encoding}}))
			_, own := got["own_gauge A gauge."]
			models := slices.ContainsFunc(slices.Collect(maps.Keys(got)), func(name string) bool { return strings.HasPrefix(name, "model_") })
			if !own || models != want {
				t.Errorf("%s, %s: own metrics %t, models' %t, want %t", shown, encoding, own, models, want)
			}
		}
	}
}

func TestContentLength(t *testing.T) {
	s := newSite(t)
	s.board.Slot("").Publish(page(t, 0))
	for _, encoding := range []string{"", "gzip", "zstd"} {
		header := http.Header{"Accept-Encoding": {encoding}}
		got, body := s.get(t, "GET", "/metrics", header)
		head, _ := s.get(t, "HEAD", "/metrics", header)
		if got.ContentLength != int64(len(body)) || head.ContentLength != got.ContentLength {
			t.Errorf("%s: %d bytes, said to be %d by GET, %d by HEAD", encoding, len(body), got.ContentLength, head.ContentLength)
		}
	}
}

// broken is a collector that fails.
type broken struct{ err error }

func (broken) Describe(chan<- *prometheus.Desc) {}
func (b broken) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(b.err), b.err)
}

func TestFailedScrapesAreToldAndCounted(t *testing.T) {
	var log bytes.Buffer
	reg := prometheus.NewRegistry()
	h := Metrics(reg, reg, boards(t)["plain"], slog.New(slog.NewTextHandler(&log, nil)))
	h.ServeHTTP(&hungUp{ResponseRecorder: httptest.NewRecorder()}, httptest.NewRequest("GET", "/metrics", nil))
	reg.MustRegister(broken{errors.New("out of order")})
	resp := scrape(h, "GET", "/metrics", http.Header{"Accept-Encoding": {"gzip"}})
	body := string(readAll(t, resp.Body))
	if resp.StatusCode != 500 || resp.Header.Get("Content-Encoding") != "" || !strings.Contains(body, "out of order") {
		t.Errorf("answered %d %v %s", resp.StatusCode, resp.Header, body)
	}
	for _, want := range []string{"hung up", "out of order"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &log)
		}
	}
	gathered, err := reg.Gather()
	if err == nil || len(gathered) != 1 {
		t.Fatalf("gathered %v, error %v", gathered, err)
	}
	for _, m := range gathered[0].Metric {
		if m.Counter.GetValue() != 1 {
			t.Errorf("%s is counted %v times", m.Label, m.Counter.GetValue())
		}
	}
}

// hungUp is a client that has hung up.
type hungUp struct{ *httptest.ResponseRecorder }

func (*hungUp) Write([]byte) (int, error) { return 0, errors.New("hung up") }

// families splits an answer into families, and these into rows. Each family must be in one
// piece; any other order is accepted.
func families(t *testing.T, resp *http.Response) map[string][]string {
	t.Helper()
	body := unpack(t, resp)
	format := expfmt.ResponseFormat(resp.Header)
	out := map[string][]string{}
	add := func(name string, rows []string) {
		if _, twice := out[name]; twice {
			t.Fatalf("%s is there twice", name)
		}
		slices.Sort(rows)
		out[name] = rows
	}
	if format.FormatType() == expfmt.TypeProtoDelim {
		d := expfmt.NewDecoder(bytes.NewReader(body), format)
		for {
			var f dto.MetricFamily
			err := d.Decode(&f)
			if errors.Is(err, io.EOF) {
				return out
			}
			if err != nil {
				t.Fatal(err)
			}
			rows := []string{f.GetHelp(), f.GetType().String(), f.GetUnit()}
			for _, m := range f.Metric {
				// The text has random spaces, so that nobody parses it.
				rows = append(rows, strings.Join(strings.Fields(prototext.Format(m)), " "))
			}
			add(f.GetName(), rows)
		}
	}
	text, eof := strings.CutSuffix(string(body), "# EOF\n")
	if want := strings.HasPrefix(resp.Header.Get("Content-Type"), "application/openmetrics-text"); eof != want || strings.Contains(text, "# EOF") {
		t.Fatalf("# EOF at the end: %t, want it once: %t", eof, want)
	}
	// Anything else is readable protobuf, whose spaces are random.
	begin := map[bool]string{true: "# HELP ", false: "name:"}[strings.HasPrefix(text, "# HELP ")]
	for block := range strings.SplitSeq("\n"+text, "\n"+begin) {
		var rows []string
		for line := range strings.Lines(block) {
			rows = append(rows, strings.Join(strings.Fields(line), " "))
		}
		if len(rows) > 0 {
			add(rows[0], rows[1:])
		}
	}
	return out
}

// unpack reads a gzip body as curl and browsers do: one member only.
func unpack(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	var r io.Reader = resp.Body
	var err error
	switch resp.Header.Get("Content-Encoding") {
	case "gzip":
		var member *gzip.Reader
		if member, err = gzip.NewReader(bytes.NewReader(readAll(t, r))); err == nil {
			member.Multistream(false)
			r = member
		}
	case "zstd":
		r, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	}
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, r)
}

func readAll(t *testing.T, r io.Reader) []byte {
	t.Helper()
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
