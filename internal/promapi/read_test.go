package promapi

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

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
	var keeper Keeper
	err = c.Read(t.Context(), queries, from, to, func(query int, s Series) error {
		got = append(got, read{query, keeper.Keep(s)})
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

// TestHints: they are as wide as suits the engine.
func TestHints(t *testing.T) {
	const hours = 2 * 60 * 60 * 1000
	for engine, margin := range map[string]int64{"prometheus": hours, "mimir": 0, "cortex": 0} {
		var message []byte
		c, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
			message, _ = io.ReadAll(r.Body)
			serve(streamed, nil)(w, r)
		}, func(cfg *Config) { cfg.Engine = engine })
		if _, err := readAll(t, c, oneQuery, 100, 200); err != nil {
			t.Fatal(err)
		}
		raw, err := s2.Decode(nil, message)
		if err != nil {
			t.Fatal(err)
		}
		if hints := appendBytes(nil, 4, appendVarint(appendVarint(nil, 3, 100-margin), 4, 199+margin)); !bytes.Contains(raw, hints) {
			t.Errorf("%s: asked with %x, want %x in it", engine, raw, hints)
		}
	}
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

// TestXOR2: Prometheus' newer encoding, with and without start times, beside the older one.
func TestXOR2(t *testing.T) {
	want := []Sample{{100, 1}, {110, 2}, {120, 2}, {130, 2}, {141, 3.5}, {199, -7}}
	for _, started := range []int64{0, 50} {
		newer := chunkenc.NewXOR2Chunk()
		app, err := newer.Appender()
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range want[2:] {
			app.Append(started*int64(i), s.T, s.V)
		}
		labels := labelsOf("pod", "a")
		c, _ := client(t, serve(streamed, stream(chunked(0, labels, chunkOf(want[:2]...), typedChunk(int64(chunkenc.EncXOR2), newer.Bytes())))))
		got, err := readAll(t, c, oneQuery, 100, 200)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]read{{0, Series{Labels: Labels{{"pod", "a"}}, Samples: want}}}, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestHistograms: native histograms do not fail an answer. Their series holds a NaN.
func TestHistograms(t *testing.T) {
	a, b := labelsOf("pod", "a"), labelsOf("pod", "b")
	histogram := appendBytes(a, 4, nil)
	mixed := appendBytes(timeSeriesOf(b, Sample{100, 1}, Sample{110, 2}), 4, nil)
	for name, answer := range map[string]http.HandlerFunc{
		"chunks": serve(streamed, stream(chunked(0, a, typedChunk(2, []byte{0, 1}), typedChunk(6, nil)), chunked(0, b, chunkOf(Sample{100, 1}, Sample{110, 2}), typedChunk(3, nil)))),
		"whole":  serve(whole, wholeOf(slices.Concat(appendBytes(nil, 1, histogram), appendBytes(nil, 1, mixed)))),
		"json": serve("application/json", []byte(answerOf("matrix", `{"metric":{"pod":"a"},"histograms":[[0.15,{"count":"1"}]]},
			{"metric":{"pod":"b"},"values":[[0.1,"1"],[0.11,"2"]],"histograms":[[0.105,{}]]}`))),
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := client(t, answer)
			var got []Series
			if name == "json" {
				answer, err := c.RawRange(t.Context(), oneQuery[0], 100, 200)
				if err != nil {
					t.Fatal(err)
				}
				got = answer.Series
			} else {
				all, err := readAll(t, c, oneQuery, 100, 200)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range all {
					got = append(got, r.Series)
				}
			}
			want := []Series{
				{Labels: Labels{{"pod", "a"}}, Samples: []Sample{{100, math.NaN()}}},
				{Labels: Labels{{"pod", "b"}}, Samples: []Sample{{100, 1}, {110, math.NaN()}}},
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNotUTF8: what is no UTF-8 is replaced over each transport, alike.
func TestNotUTF8(t *testing.T) {
	want := Labels{{"\uFFFDa", "x"}, {"pod", "a\uFFFD\uFFFDb"}}
	labels := labelsOf("\xffa", "x", "pod", "a\xff\xfeb")
	for name, answer := range map[string]http.HandlerFunc{
		"chunks":             serve(streamed, stream(chunked(0, labels, chunkOf(Sample{100, 1})))),
		"whole":              serve(whole, wholeOf(timeSeries(labels, Sample{100, 1}))),
		"json":               serve("application/json", []byte(answerOf("matrix", "{\"metric\":{\"\xffa\":\"x\",\"pod\":\"a\xff\xfeb\"},\"values\":[[0.1,\"1\"]]}"))),
		"json, with escapes": serve("application/json", []byte(answerOf("matrix", "{\"metric\":{\"\xff\\u0061\":\"x\",\"pod\":\"a\xff\\ud800\\u0062\"},\"values\":[[0.1,\"1\"]]}"))),
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := client(t, answer)
			var got Labels
			if strings.HasPrefix(name, "json") {
				answer, err := c.RawRange(t.Context(), oneQuery[0], 100, 200)
				if err != nil {
					t.Fatal(err)
				}
				got = answer.Series[0].Labels
			} else {
				all, err := readAll(t, c, oneQuery, 100, 200)
				if err != nil {
					t.Fatal(err)
				}
				got = all[0].Series.Labels
			}
			slices.SortFunc(got, func(a, b Label) int { return strings.Compare(a.Value, b.Value) })
			slices.SortFunc(want, func(a, b Label) int { return strings.Compare(a.Value, b.Value) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadMalformed(t *testing.T) {
	a, b := labelsOf("pod", "a"), labelsOf("pod", "b")
	good := stream(chunked(0, a, chunkOf(Sample{100, 1}, Sample{110, 2})))
	badSum := slices.Clone(good)
	badSum[len(badSum)-1]++
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
		{"no type", streamed, stream(chunked(0, a, appendBytes(nil, 4, []byte{0, 1}))), "no type"},
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
