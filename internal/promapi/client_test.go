package promapi

import (
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	promconfig "github.com/prometheus/common/config"
)

const vector = `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"namespace":"seldon","pod":"p-0"},"value":[1700000000.123,"0.5"]}],"stats":{"timings":{"x":1},"samples":{"totalQueryableSamples":120,"peakSamples":7}}},"infos":["PromQL info: looks odd"]}`

// client returns a client of a server with that handler, and its registry.
func client(t *testing.T, handler http.HandlerFunc, change ...func(*Config)) (*Client, *prometheus.Registry) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	u, _ := url.Parse(server.URL + "/prefix")
	cfg := Config{
		URL: u, HTTP: promconfig.DefaultHTTPClientConfig, Timeout: 5 * time.Second, MaxAnswerBytes: 1 << 20,
		UserAgent: "test/1", Log: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&cfg)
	}
	reg := prometheus.NewRegistry()
	c, err := New(cfg, reg)
	if err != nil {
		t.Fatal(err)
	}
	return c, reg
}

// once asks once.
func once(t *testing.T, c *Client) (*Answer, error) {
	t.Helper()
	q := query{c: c, endpoint: "query", params: url.Values{}, from: math.MinInt64, to: math.MaxInt64}
	err := c.try(t.Context(), &q)
	return q.answer, err
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func TestAnswer(t *testing.T) {
	var got *http.Request
	c, reg := client(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		got = r
		fmt.Fprint(w, vector)
	}, func(c *Config) { c.URL.RawQuery = "tenant=a" })
	a, err := c.Instant(t.Context(), "up", time.UnixMilli(1700000000123))
	if err != nil {
		t.Fatal(err)
	}
	want := &Answer{
		Series: []Series{{Labels: Labels{{"namespace", "seldon"}, {"pod", "p-0"}}, Samples: []Sample{{1700000000123, 0.5}}}},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	if got.Method != http.MethodPost || got.URL.Path != "/prefix/api/v1/query" || got.URL.RawQuery != "tenant=a" || got.UserAgent() != "test/1" {
		t.Errorf("asked by %s %s as %s", got.Method, got.URL, got.UserAgent())
	}
	if got.PostForm.Get("time") != "1700000000.123" || got.PostForm.Get("query") != "up" {
		t.Errorf("asked for %v", got.PostForm)
	}
	const metrics = `
# HELP seldon_exporter_upstream_samples_read_total Samples in the upstream Prometheus' answers.
# TYPE seldon_exporter_upstream_samples_read_total counter
seldon_exporter_upstream_samples_read_total 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(metrics), "seldon_exporter_upstream_samples_read_total"); err != nil {
		t.Error(err)
	}
}

func TestRange(t *testing.T) {
	var got url.Values
	c, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		got = r.PostForm
		got.Set("path", r.URL.Path)
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"name":"m"},"values":[[60,"1"],[90.5,"2"]]}]}}`)
	})
	a, err := c.Range(t.Context(), "up", time.UnixMilli(60_000), time.UnixMilli(120_500), 30500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	want := &Answer{Series: []Series{{Labels: Labels{{"name", "m"}}, Samples: []Sample{{60_000, 1}, {90_500, 2}}}}}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	asked := url.Values{"path": {"/prefix/api/v1/query_range"}, "query": {"up"}, "start": {"60.000"}, "end": {"120.500"}, "step": {"30.500"}, "timeout": {"5000ms"}}
	if diff := cmp.Diff(asked, got); diff != "" {
		t.Error(diff)
	}
}

func TestFailures(t *testing.T) {
	const apiError = `{"status":"error","errorType":"%s","error":"%s"}`
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   Kind
		says   string
	}{
		{"unauthorized", 401, "no", Unauthorized, "the credentials"},
		{"forbidden", 403, "", Unauthorized, "the credentials"},
		{"not there", 404, "404 page not found", NotPrometheus, "query API"},
		{"moved", 302, "", NotPrometheus, "query API"},
		{"bad query", 400, fmt.Sprintf(apiError, "bad_data", "parse error"), Rejected, "parse error"},
		{"too many points", 400, fmt.Sprintf(apiError, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries"), TooExpensive, "11,000"},
		{"too many samples", 422, fmt.Sprintf(apiError, "execution", "query processing would load too many samples into memory in query execution"), TooExpensive, "too many samples"},
		{"timed out while expanding", 422, fmt.Sprintf(apiError, "execution", "expanding series: context deadline exceeded"), Timeout, "deadline"},
		{"other execution error", 422, fmt.Sprintf(apiError, "execution", "many-to-many matching"), Rejected, "many-to-many"},
		{"timed out", 503, fmt.Sprintf(apiError, "timeout", "query timed out in expression evaluation"), Timeout, "timed out"},
		{"body too large", 413, "", TooExpensive, "413"},
		{"headers too large", 431, "", TooExpensive, "431"},
		{"URL too long", 414, "", TooExpensive, "414"},
		{"throttled", 429, "slow down", Throttled, "slow down"},
		{"broken", 500, "", Unavailable, "500"},
		{"unavailable", 503, "<html>no</html>", Unavailable, "503"},
		{"bad gateway", 502, "", Unavailable, "502"},
		{"a page", 200, "<html><body>sign in</body></html>", NotPrometheus, "query API"},
		{"empty", 200, "", NotPrometheus, "query API"},
		{"other JSON", 200, `{"hello":"world"}`, NotPrometheus, "query API"},
		{"truncated", 200, vector[:120], Malformed, "unexpected EOF"},
		{"truncated at the very end", 200, vector[:len(vector)-1], Malformed, "unexpected EOF"},
		{"two answers", 200, vector + vector, Malformed, "more after its end"},
		{"a refusal after an answer, of VictoriaMetrics", 200, vector + fmt.Sprintf(apiError, "422", "cannot process more than 5 samples per series; either increase -search.maxSamplesPerSeries"), TooExpensive, "while it answered"},
		{"another failure after an answer", 200, vector + fmt.Sprintf(apiError, "422", "cannot read the index"), Rejected, "while it answered"},
		{"NaN", 200, strings.Replace(vector, "0.5", "NaN", 1), Malformed, "NaN"},
		{"infinite in a vector", 200, strings.Replace(vector, "0.5", "+Inf", 1), Malformed, "Inf"},
		{"no number", 200, strings.Replace(vector, "0.5", "five", 1), Malformed, "not a number"},
		{"a scalar", 200, `{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`, Malformed, "scalar"},
		{"an error with status 200", 200, fmt.Sprintf(apiError, "internal", "oops"), Malformed, "oops"},
		{"warnings", 200, strings.Replace(vector, `"infos"`, `"warnings"`, 1), Partial, "looks odd"},
		{"partial, and nothing says why", 200, strings.Replace(vector, `"infos"`, `"isPartial":true,"infos"`, 1), Partial, "partial"},
		{"no result", 200, `{"status":"success","data":{"resultType":"vector"}}`, NotPrometheus, "no result"},
		{"no type of result", 200, `{"status":"success","data":{"result":[]}}`, NotPrometheus, "no result"},
		{"too long", 200, vector + strings.Repeat(" ", 1<<20), TooLarge, "more than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			up, reg := client(t, answer(c.status, c.body))
			_, err := once(t, up)
			if KindOf(err) != c.kind {
				t.Fatalf("kind is %q, want %q: %v", KindOf(err), c.kind, err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not mention %q", err, c.says)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q has several lines", err)
			}
			want := fmt.Sprintf(`
				# HELP seldon_exporter_upstream_requests_total Requests to the upstream Prometheus, by HTTP status code, or by what went wrong where there was no answer.
				# TYPE seldon_exporter_upstream_requests_total counter
				seldon_exporter_upstream_requests_total{code="%d"} 1
			`, c.status)
			if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "seldon_exporter_upstream_requests_total"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTriesAgainWhereThatHelps(t *testing.T) {
	for _, c := range []struct {
		status, requests int32
	}{{503, 2}, {500, 2}, {429, 2}, {401, 1}, {404, 1}, {422, 1}} {
		var n atomic.Int32
		up, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) == 1 {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(int(c.status))
				return
			}
			fmt.Fprint(w, vector)
		})
		_, err := up.Instant(t.Context(), "up", time.Now())
		if n.Load() != c.requests || (err == nil) != (c.requests > 1) {
			t.Errorf("%d: asked %d times, then %v", c.status, n.Load(), err)
		}
	}
}

func TestLongRetryAfterIsLeftToTheCaller(t *testing.T) {
	var n atomic.Int32
	up, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(429)
	})
	_, err := up.Instant(t.Context(), "up", time.Now())
	if n.Load() != 1 || RetryAfterOf(err) != 2*time.Minute {
		t.Errorf("asked %d times, then to wait %s: %v", n.Load(), RetryAfterOf(err), err)
	}
}

func TestFallsBackToGET(t *testing.T) {
	up, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if r.URL.Query().Get("query") != "up" || r.URL.Query().Get("tenant") != "a" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, vector)
	}, func(c *Config) { c.URL.RawQuery = "tenant=a" })
	if _, err := up.Instant(t.Context(), "up", time.Now()); err != nil {
		t.Error(err)
	}
}

func TestNoAnswer(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	up, _ := client(t, func(http.ResponseWriter, *http.Request) { <-hang }, func(c *Config) { c.Timeout = 20 * time.Millisecond })
	if _, err := once(t, up); KindOf(err) != Timeout || !strings.Contains(err.Error(), "within 20ms") {
		t.Errorf("a server that hangs: %v", err)
	}
	up, _ = client(t, nil, func(c *Config) { c.URL.Host = "127.0.0.1:1" })
	if _, err := once(t, up); KindOf(err) != Unreachable {
		t.Errorf("no server: %v", err)
	}
}

func TestStopsWhenTold(t *testing.T) {
	arrived := make(chan struct{})
	up, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // only then does the server notice that the client has gone
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	if _, err := up.Instant(ctx, "up", time.Now()); err == nil {
		t.Error("no error")
	}
}

// What is secret in the URL or the settings stands in no error.
func TestSecretsStayHidden(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"refused": answer(401, ""), "moved": answer(302, ""), "page": answer(200, "<html>"), "broken": answer(500, ""),
		"cut": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		up, _ := client(t, handler, func(c *Config) {
			c.URL.User = url.UserPassword("user", "s3cret")
			c.URL.RawQuery = "key=s3cret"
			c.HTTP.Authorization = &promconfig.Authorization{Type: "Bearer", Credentials: "s3cret"}
		})
		if _, err := once(t, up); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCut: a connection that breaks soon is tried again; one that lasted a while was cut by
// something that does not wait, and would be cut again.
func TestCut(t *testing.T) {
	for _, c := range []struct {
		name  string
		begin string
		after time.Duration
		kind  Kind
	}{
		{"at once", "", 0, Unreachable},
		{"at once, in the middle of an answer", vector[:50], 0, Unreachable},
		{"later", "", cutAfter + 50*time.Millisecond, Timeout},
		{"later, in the middle of an answer", vector[:50], cutAfter + 50*time.Millisecond, Timeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up, _ := client(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.begin != "" {
					fmt.Fprint(w, c.begin)
					_ = http.NewResponseController(w).Flush()
				}
				<-time.After(c.after)
				panic(http.ErrAbortHandler)
			})
			if _, err := once(t, up); KindOf(err) != c.kind {
				t.Errorf("got %v, want %s", err, c.kind)
			}
		})
	}
}

// TestURLTooLong: what is refused as bad without the API's words, where the query is in the
// URL, is its length.
func TestURLTooLong(t *testing.T) {
	for body, want := range map[string]Kind{
		"<html>400 Request Header Or Cookie Too Large</html>":                   TooExpensive,
		`{"status":"error","errorType":"bad_data","error":"invalid parameter"}`: Rejected,
	} {
		up, _ := client(t, answer(400, body))
		if _, err := once(t, up); KindOf(err) != Rejected {
			t.Errorf("by POST, %s: %v", body, err)
		}
		up.useGet.Store(true)
		if _, err := once(t, up); KindOf(err) != want {
			t.Errorf("by GET, %s: %v, want %s", body, err, want)
		}
	}
}

func TestCompressed(t *testing.T) {
	compressed := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") != "gzip" {
				fmt.Fprint(w, text)
				return
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprint(z, text)
			_ = z.Close()
		}
	}
	compress := func(c *Config) { c.Compress = true }
	var answers []*Answer
	for _, change := range []func(*Config){func(*Config) {}, compress} {
		up, _ := client(t, compressed(vector), change)
		a, err := once(t, up)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if diff := cmp.Diff(answers[0], answers[1]); diff != "" {
		t.Errorf("compressed, the answer differs: %s", diff)
	}
	up, _ := client(t, compressed(vector+strings.Repeat(" ", 1<<20)), compress)
	if _, err := once(t, up); KindOf(err) != TooLarge {
		t.Errorf("an answer that is small only as long as it is compressed: %v", err)
	}
	refused := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(422)
		z := gzip.NewWriter(w)
		fmt.Fprint(z, `{"status":"error","errorType":"execution","error":"too many samples"}`)
		_ = z.Close()
	}
	up, _ = client(t, refused, compress)
	if _, err := once(t, up); KindOf(err) != TooExpensive {
		t.Errorf("a refusal in gzip: %v", err)
	}
}
