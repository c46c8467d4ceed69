package promapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestReadRefused(t *testing.T) {
	const page, text = "text/html", "text/plain"
	for _, c := range []struct {
		name        string
		status      int
		contentType string
		body        string
		kind        Kind
	}{
		{"not found", 404, text, "404 page not found", NotOffered},
		{"not this method", 405, text, "", NotOffered},
		{"not this type", 415, text, "", NotOffered},
		{"not implemented", 501, text, "", NotOffered},
		{"VictoriaMetrics", 400, text, `unsupported path requested: "/api/v1/read"`, NotOffered},
		{"vmauth", 400, text, `missing route for "http://vmauth/api/v1/read"`, NotOffered},
		{"a proxy's page", 400, page, "<html>no</html>", NotOffered},
		{"moved", 302, page, "", NotOffered},
		{"a page to sign in", 200, page, "<html>sign in</html>", NotOffered},
		{"JSON", 200, "application/json", `{"status":"success"}`, NotOffered},
		{"chunks of a type that is not known yet", 200, streamed, string(stream(chunked(0, labelsOf("pod", "a"), typedChunk(7, []byte{0, 1})))), NotOffered},
		{"no type", 200, "", "x", NotOffered},
		{"another stream", 200, "application/x-streamed-protobuf; proto=other.Message", "", NotOffered},
		{"unauthorized", 401, text, "", Unauthorized},
		{"forbidden", 403, page, "<html>no</html>", Unauthorized},
		{"too many samples", 400, text, "exceeded sample limit (5)", TooExpensive},
		{"too many chunks, Mimir", 422, text, "the query exceeded the maximum number of chunks (limit: 2 chunks) (err-mimir-max-chunks-per-query)", TooExpensive},
		{"too many bytes, Mimir", 200, text, strings.Repeat("\x00\xffframe\n", 2000) + "\x00the query exceeded the aggregated chunks size limit (limit: 4000 bytes) (err-mimir-max-chunks-bytes-per-query)", TooExpensive},
		{"text that is no refusal", 200, text, strings.Repeat("x", 10_000), NotOffered},
		{"a bad request", 400, text, "unknown matcher", Rejected},
		{"in time", 500, text, "context deadline exceeded", Timeout},
		{"unavailable", 500, page, "<html>no</html>", Unavailable},
		{"a gateway's page", 502, page, "<html>no</html>", Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up, _ := client(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{c.contentType}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			r := remoteRead{c: up, queries: 1, from: 100, to: 200, each: func(int, Series) error { return nil }}
			if err := up.try(t.Context(), &r); KindOf(err) != c.kind {
				t.Errorf("got %v, want %s", err, c.kind)
			}
		})
	}
}

// TestReadAgain: a request is sent again as a query is, but not once a series was handed on.
func TestReadAgain(t *testing.T) {
	body := stream(chunked(0, labelsOf("pod", "a"), chunkOf(Sample{110, 1})), chunked(0, labelsOf("pod", "b"), chunkOf(Sample{110, 1})))
	for _, c := range []struct {
		name             string
		begin            []byte
		requests, series int
		kind             Kind
	}{
		{"before the first series", body[:10], 2, 2, ""},
		{"after the first series", append(slices.Clone(body), body[:10]...), 1, 1, Unreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			up, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) > 1 {
					serve(streamed, body)(w, r)
					return
				}
				serve(streamed, c.begin)(w, r)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			})
			got, err := readAll(t, up, oneQuery, 100, 200)
			if int(requests.Load()) != c.requests || len(got) != c.series || KindOf(err) != c.kind {
				t.Errorf("%d requests, %d series, %v; want %d, %d, %q", requests.Load(), len(got), err, c.requests, c.series, c.kind)
			}
		})
	}
}

func TestReadTimesOut(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	up, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
		serve(streamed, stream(chunked(0, labelsOf("pod", "a"), chunkOf(Sample{110, 1}))))(w, r)
		_ = http.NewResponseController(w).Flush()
		<-hang
	}, func(c *Config) { c.Timeout = 50 * time.Millisecond })
	if _, err := readAll(t, up, oneQuery, 100, 200); KindOf(err) != Timeout || !strings.Contains(err.Error(), "within 50ms") {
		t.Error(err)
	}
}

func TestReadReturnsTheErrorOfEach(t *testing.T) {
	enough := errors.New("enough")
	up, _ := client(t, serve(streamed, stream(chunked(0, labelsOf("pod", "a"), chunkOf(Sample{110, 1})))))
	err := up.Read(t.Context(), oneQuery, 100, 200, func(int, Series) error { return enough })
	if !errors.Is(err, enough) || KindOf(err) != "" {
		t.Error(err)
	}
}
