package promapi

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
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
	if _, err := s2.Decode(nil, message); err != nil {
		t.Errorf("the request is not in snappy: %v", err)
	}
}
