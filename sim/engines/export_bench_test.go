package engines

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
)

// BenchmarkExport has what a VictoriaMetrics takes for the raw samples of a refresh, by range
// selectors and by its own export.
func BenchmarkExport(b *testing.B) {
	p := town(250, 2000)
	m := &counted{TB: b}
	server := startVictoriaMetrics(m, built(b, victoriaMetrics), b.TempDir())
	fill(b, server.JoinPath("api/v1/write"), []accuracy.Placed{p})
	flush(b, server)
	asked := rawQueries(b, server, p)
	forms := map[string]struct {
		path string
		form func(rawQuery) url.Values
	}{
		"query": {"api/v1/query", func(q rawQuery) url.Values {
			return url.Values{"query": {q.selector + "[" + strconv.FormatInt(q.to-q.from, 10) + "ms]"}, "time": {seconds(q.to)}, "nocache": {"1"}}
		}},
		"export": {"api/v1/export", func(q rawQuery) url.Values {
			return url.Values{"match[]": {q.selector}, "start": {seconds(q.from)}, "end": {seconds(q.to)}, "reduce_mem_usage": {"1"}}
		}},
	}
	took, size := map[string][]time.Duration{}, map[string]int64{}
	for range 7 {
		for name, how := range forms {
			size[name] = 0
			took[name] = append(took[name], m.cpu(func() {
				for _, q := range asked {
					body := post(b, server.JoinPath(how.path), how.form(q))
					n, err := io.Copy(io.Discard, body)
					if err != nil {
						b.Fatal(err)
					}
					body.Close()
					size[name] += n
				}
			}))
		}
	}
	for name := range forms {
		b.Logf("%d requests by %s: %s of the query, %d bytes", len(asked), name, spread(took[name], took["query"]), size[name])
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ratio(took["export"], took["query"]), "export-of-query")
}

func seconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) }

// rawQuery asks for raw samples.
type rawQuery struct {
	selector string
	from, to int64
}

var rangeSelector = regexp.MustCompile(`(?s)^(.*)\[(\d+)ms\]$`)

// rawQueries returns what an exporter asks of a server for a window.
func rawQueries(t testing.TB, server *url.URL, p accuracy.Placed) []rawQuery {
	t.Helper()
	var mu sync.Mutex
	var asked []rawQuery
	proxy := httputil.NewSingleHostReverseProxy(server)
	recorder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, form := formOf(r)
			if parts := rangeSelector.FindStringSubmatch(form.Get("query")); parts != nil {
				length, _ := strconv.ParseInt(parts[2], 10, 64)
				at, _ := strconv.ParseFloat(form.Get("time"), 64)
				mu.Lock()
				asked = append(asked, rawQuery{parts[1], int64(at*1000) - length, int64(at * 1000)})
				mu.Unlock()
			}
			r.Body = body
		}
		proxy.ServeHTTP(w, r)
	}))
	defer recorder.Close()
	base, err := url.Parse(recorder.URL)
	if err != nil {
		t.Fatal(err)
	}
	way := exporter(t, base, over(fetch.PromQL), func(c *fetch.Config) { c.MaxSamples = 200_000 })
	for range 3 { // it learns how to ask
		asked = nil
		if _, err := way.(accuracy.Exporter).Averages(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	return asked
}

// formOf returns a request's body, and the form in it.
func formOf(r *http.Request) (io.ReadCloser, url.Values) {
	text, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(text))
	return io.NopCloser(bytes.NewReader(text)), form
}
