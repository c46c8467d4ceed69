package promapi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	streamed = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"
	whole    = "application/x-protobuf"
)

// chunkOf encodes a Chunk.
func chunkOf(samples ...Sample) []byte {
	c := chunkenc.NewXORChunk()
	app, err := c.Appender()
	if err != nil {
		panic(err)
	}
	for _, s := range samples {
		app.Append(0, s.T, s.V)
	}
	return typedChunk(int64(chunkenc.EncXOR), c.Bytes())
}

func typedChunk(encoding int64, data []byte) []byte {
	m := appendVarint(nil, 1, 7) // min and max time: nobody reads them
	m = appendVarint(m, 2, 7)
	m = appendVarint(m, 3, encoding)
	return appendBytes(m, 4, data)
}

func labelsOf(nameValues ...string) (message []byte) {
	for i := 0; i < len(nameValues); i += 2 {
		l := appendBytes(nil, 1, []byte(nameValues[i]))
		l = appendBytes(l, 2, []byte(nameValues[i+1]))
		message = appendBytes(message, 1, l)
	}
	return message
}

// chunked encodes a ChunkedReadResponse of one series.
func chunked(query int64, labels []byte, chunks ...[]byte) []byte {
	series := append([]byte(nil), labels...)
	for _, c := range chunks {
		series = appendBytes(series, 2, c)
	}
	m := appendBytes(nil, 1, series)
	if query != 0 {
		m = appendVarint(m, 2, query)
	}
	return m
}

func frameOf(message []byte) []byte {
	b := binary.AppendUvarint(nil, uint64(len(message)))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(message, crc32.MakeTable(crc32.Castagnoli)))
	return append(b, message...)
}

func stream(messages ...[]byte) (b []byte) {
	for _, m := range messages {
		b = append(b, frameOf(m)...)
	}
	return b
}

// serve answers with a body of that type.
func serve(contentType string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body)
	}
}

type read struct {
	Query  int
	Series Series
}

var (
	oneQuery = []Selector{{{MatchEqual, "__name__", "m"}}}
	stale    = math.Float64frombits(value.StaleNaN)
)

func readAll(t *testing.T, c *Client, queries []Selector, from, to int64) (got []read, err error) {
	t.Helper()
	err = c.Read(t.Context(), queries, from, to, func(query int, s Series) error {
		got = append(got, read{query, s})
		return nil
	})
	return got, err
}

func TestReadChunks(t *testing.T) {
	var asked *http.Request
	var message []byte
	a, b := labelsOf("__name__", "m", "pod", "a"), labelsOf("__name__", "m", "pod", "b")
	body := stream(
		chunked(0, a, chunkOf(Sample{90, 1}, Sample{100, 2}), chunkOf(Sample{110, 3})),
		chunked(0, a, chunkOf(Sample{120, 4})), // goes on in the next frame
		chunked(0, b, chunkOf(Sample{200, 5})), // is outside
		chunked(1, a, chunkOf(Sample{199, 6})),
	)
	c, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		message, _ = io.ReadAll(r.Body)
		serve(streamed, body)(w, r)
	})
	got, err := readAll(t, c, append(oneQuery, Selector{{MatchNotRegexp, "pod", "x.*"}}), 100, 200)
	if err != nil {
		t.Fatal(err)
	}
	labels := Labels{{"__name__", "m"}, {"pod", "a"}}
	want := []read{
		{0, Series{Labels: labels, Samples: []Sample{{100, 2}, {110, 3}, {120, 4}}}},
		{1, Series{Labels: labels, Samples: []Sample{{199, 6}}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if asked.Method != http.MethodPost || asked.URL.Path != "/prefix/api/v1/read" || asked.UserAgent() != "test/1" {
		t.Errorf("asked by %s %s as %s", asked.Method, asked.URL, asked.UserAgent())
	}
	raw, err := s2.Decode(nil, message)
	if err != nil {
		t.Fatalf("the request is not in snappy: %v", err)
	}
	const hours = 2 * 60 * 60 * 1000
	hints := appendVarint(appendVarint(nil, 3, 100-hours), 4, 199+hours)
	first := appendBytes(appendVarint(appendVarint(nil, 1, 100), 2, 199), 3, appendBytes(appendBytes(appendVarint(nil, 1, 0), 2, []byte("__name__")), 3, []byte("m")))
	second := appendBytes(appendVarint(appendVarint(nil, 1, 100), 2, 199), 3, appendBytes(appendBytes(appendVarint(nil, 1, 3), 2, []byte("pod")), 3, []byte("x.*")))
	wanted := appendVarint(appendBytes(appendBytes(nil, 1, appendBytes(first, 4, hints)), 1, appendBytes(second, 4, hints)), 2, 1)
	if diff := cmp.Diff(wanted, raw); diff != "" {
		t.Errorf("another request: %s", diff)
	}
}

// wholeOf encodes a ReadResponse in snappy, of results.
func wholeOf(results ...[]byte) []byte {
	var m []byte
	for _, r := range results {
		m = appendBytes(m, 1, r)
	}
	return s2.EncodeSnappy(nil, m)
}

// timeSeries encodes a QueryResult's TimeSeries.
func timeSeries(labels []byte, samples ...Sample) []byte {
	m := append([]byte(nil), labels...)
	for _, s := range samples {
		b := protowire.AppendTag(nil, 1, protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, math.Float64bits(s.V))
		m = appendBytes(m, 2, appendVarint(b, 2, s.T))
	}
	return appendBytes(nil, 1, m)
}

// TestReadSamples: staleness markers become ends, other NaN and Inf are passed on, in chunks
// as in whole answers.
func TestReadSamples(t *testing.T) {
	nan := math.NaN()
	a, b, gone := labelsOf("pod", "a"), labelsOf("pod", "b"), labelsOf("pod", "gone")
	ofA := []Sample{{50, stale}, {99, 1}, {100, 2}, {110, stale}, {120, nan}, {130, math.Inf(1)}, {199, 3}, {200, 4}, {210, stale}}
	ofB, ofGone := []Sample{{100, stale}}, []Sample{{99, 1}, {200, 1}}
	for name, answer := range map[string]http.HandlerFunc{
		"chunks": serve(streamed, stream(
			chunked(0, a, chunkOf(ofA[:4]...), chunkOf(ofA[4:]...)), chunked(0, b, chunkOf(ofB...)), chunked(0, gone, chunkOf(ofGone...)),
			chunked(1, b, chunkOf(ofB...)),
		)),
		"whole": serve(whole, wholeOf(
			slices.Concat(timeSeries(a, ofA...), timeSeries(b, ofB...), timeSeries(gone, ofGone...)),
			timeSeries(b, ofB...),
		)),
	} {
		c, _ := client(t, answer)
		got, err := readAll(t, c, append(oneQuery, oneQuery...), 100, 200)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := []read{
			{0, Series{Labels: Labels{{"pod", "a"}}, Samples: []Sample{{100, 2}, {120, nan}, {130, math.Inf(1)}, {199, 3}}, Ends: []int64{110}}},
			{0, Series{Labels: Labels{{"pod", "b"}}, Ends: []int64{100}}},
			{1, Series{Labels: Labels{{"pod", "b"}}, Ends: []int64{100}}},
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestReadNothing(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"chunks": serve(streamed, nil), "an empty frame": serve(streamed, frameOf(nil)), "whole": serve(whole, wholeOf(nil)),
	} {
		c, _ := client(t, answer)
		if got, err := readAll(t, c, oneQuery, 100, 200); len(got) > 0 || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestReadMalformed(t *testing.T) {
	a, b := labelsOf("pod", "a"), labelsOf("pod", "b")
	good := stream(chunked(0, a, chunkOf(Sample{100, 1}, Sample{110, 2})))
	badSum := slices.Clone(good)
	badSum[len(badSum)-1]++
	histogram := appendBytes(nil, 1, appendBytes(a, 4, nil))
	for _, c := range []struct {
		name, contentType string
		body              []byte
		says              string
	}{
		{"a frame that ends", streamed, good[:len(good)-1], "inside a frame"},
		{"a checksum that ends", streamed, good[:3], "inside a frame"},
		{"a length that ends", streamed, []byte{0x80}, "inside a frame"},
		{"a length without end", streamed, bytes.Repeat([]byte{0x80}, 20), "length"},
		{"a wrong checksum", streamed, badSum, "checksum"},
		{"an error's text in the stream", streamed, append(slices.Clone(good), "expanding series: context canceled\n"...), "inside a frame"},
		{"no protobuf", streamed, stream([]byte{0xff, 0xff}), "protobuf"},
		{"a chunk that ends", streamed, stream(chunked(0, a, typedChunk(1, []byte{0, 3, 1, 2}))), "cannot hold 3"},
		{"a chunk that says it has more", streamed, stream(chunked(0, a, typedChunk(1, slices.Concat([]byte{0, 99}, make([]byte, 11))))), "cannot hold"},
		{"a time that does not end", streamed, stream(chunked(0, a, typedChunk(1, slices.Concat([]byte{0, 2}, bytes.Repeat([]byte{0xff}, 20))))), "cannot be decoded"},
		{"an empty chunk", streamed, stream(chunked(0, a, typedChunk(1, nil))), "empty"},
		{"a chunk of no samples", streamed, stream(chunked(0, a, chunkOf())), "empty"},
		{"a histogram", streamed, stream(chunked(0, a, typedChunk(2, []byte{0, 1}))), "type 2"},
		{"no type", streamed, stream(chunked(0, a, appendBytes(nil, 4, []byte{0, 1}))), "type 0"},
		{"out of order in a chunk", streamed, stream(chunked(0, a, chunkOf(Sample{110, 1}, Sample{100, 1}))), "order"},
		{"out of order between chunks", streamed, stream(chunked(0, a, chunkOf(Sample{110, 1}), chunkOf(Sample{100, 1}))), "order"},
		{"twice the same time between chunks", streamed, stream(chunked(0, a, chunkOf(Sample{110, 1}), chunkOf(Sample{110, 1}))), "order"},
		{"out of order between frames", streamed, stream(chunked(0, a, chunkOf(Sample{110, 1})), chunked(0, a, chunkOf(Sample{100, 1}))), "order"},
		{"out of order outside of the range", streamed, stream(chunked(0, a, chunkOf(Sample{20, 1}, Sample{10, 1}))), "order"},
		{"a series twice", streamed, stream(chunked(0, a, chunkOf(Sample{110, 1})), chunked(0, b, chunkOf(Sample{110, 1})), chunked(0, a, chunkOf(Sample{120, 1}))), "twice"},
		{"a series twice, in another order of labels", streamed, stream(
			chunked(0, labelsOf("a", "1", "b", "2"), chunkOf(Sample{110, 1})), chunked(0, b, chunkOf(Sample{110, 1})),
			chunked(0, labelsOf("b", "2", "a", "1"), chunkOf(Sample{120, 1}))), "twice"},
		{"a label twice", streamed, stream(chunked(0, labelsOf("a", "1", "a", "2"), chunkOf(Sample{110, 1}))), "two labels"},
		{"a query that was not asked", streamed, stream(chunked(1, a, chunkOf(Sample{110, 1}))), "query 1"},
		{"a query of a negative number", streamed, stream(chunked(-1, a, chunkOf(Sample{110, 1}))), "query"},

		{"no snappy", whole, []byte("hello"), "snappy"},
		{"snappy that ends", whole, wholeOf(timeSeries(a, Sample{100, 1}))[:10], "snappy"},
		{"no protobuf in snappy", whole, s2.EncodeSnappy(nil, []byte{0xff}), "protobuf"},
		{"whole, out of order", whole, wholeOf(timeSeries(a, Sample{110, 1}, Sample{100, 1})), "order"},
		{"whole, twice the same time", whole, wholeOf(timeSeries(a, Sample{110, 1}, Sample{110, 1})), "order"},
		{"whole, a series twice", whole, wholeOf(slices.Concat(timeSeries(a, Sample{110, 1}), timeSeries(b, Sample{110, 1}), timeSeries(a, Sample{120, 1}))), "twice"},
		{"whole, a histogram", whole, wholeOf(histogram), "histograms"},
		{"whole, an answer too few", whole, wholeOf(), "0 of 1"},
		{"whole, an answer too many", whole, wholeOf(nil, timeSeries(a, Sample{110, 1})), "query 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			up, _ := client(t, serve(c.contentType, c.body))
			_, err := readAll(t, up, oneQuery, 100, 200)
			if KindOf(err) != Malformed || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %s, and %q", err, Malformed, c.says)
			}
		})
	}
}

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
		{"no type", 200, "", "x", NotOffered},
		{"another stream", 200, "application/x-streamed-protobuf; proto=other.Message", "", NotOffered},
		{"unauthorized", 401, text, "", Unauthorized},
		{"forbidden", 403, page, "<html>no</html>", Unauthorized},
		{"too many samples", 400, text, "exceeded sample limit (5)", TooExpensive},
		{"too many chunks, Mimir", 422, text, "the query exceeded the maximum number of chunks (limit: 2 chunks) (err-mimir-max-chunks-per-query)", TooExpensive},
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
	if err := up.Read(t.Context(), oneQuery, 100, 200, func(int, Series) error { return enough }); err != enough { //nolint:errorlint // as it is
		t.Error(err)
	}
}

// TestReadTooLarge: what is announced is not allocated, and what becomes large is not kept.
func TestReadTooLarge(t *testing.T) {
	const limit = 1 << 20
	lies := binary.AppendUvarint(nil, 1<<40)
	var swelling []byte // 15 kB a chunk, and 960 kB of samples
	for i := range 10 {
		var later []Sample
		for n := range 60_000 {
			later = append(later, Sample{int64(60_000*i + n), 1})
		}
		swelling = append(swelling, stream(chunked(0, nil, chunkOf(later...)))...)
	}
	var labels []byte
	for i := range 30_000 {
		labels = append(labels, stream(chunked(0, labelsOf("a", strconv.Itoa(i)), chunkOf(Sample{1, 1})))...)
	}
	for _, c := range []struct {
		name, contentType string
		body              []byte
		most              uint64
	}{
		{"a long frame", streamed, lies, limit / 4},
		{"a frame longer than what is left", streamed, append(frameOf(appendBytes(nil, 15, make([]byte, limit/2))), binary.AppendUvarint(nil, limit/2+1)...), 2 * limit},
		{"a frame that does not come", streamed, append(binary.AppendUvarint(nil, limit-10), 1, 2, 3, 4, 5), limit / 4},
		{"many small chunks", streamed, swelling, 16 * limit},
		{"many strings", streamed, labels, 8 * limit},
		{"many bytes", streamed, stream(make([]byte, 2*limit)), limit / 4},
		{"a long whole answer", whole, binary.AppendUvarint(nil, 1<<31), limit / 4},
		{"whole, many bytes", whole, make([]byte, 2*limit), 5 * limit},
		{"whole, many bytes in snappy", whole, wholeOf(make([]byte, 2*limit)), limit / 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := remoteRead{c: &Client{cfg: Config{MaxAnswerBytes: limit}}, queries: 1, from: 0, to: math.MaxInt64, each: func(int, Series) error { return nil }}
			resp := &http.Response{Header: http.Header{"Content-Type": {c.contentType}}, Body: io.NopCloser(bytes.NewReader(c.body))}
			var err error
			used := allocated(func() { err = r.read(resp, &body{resp: resp, left: limit, limit: limit}) })
			if want := errTooLarge; !errors.Is(err, want) && c.name != "a frame that does not come" || err == nil {
				t.Errorf("got %v, want %v", err, want)
			}
			if used > c.most {
				t.Errorf("%d bytes were allocated, want at most %d", used, c.most)
			}
		})
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
