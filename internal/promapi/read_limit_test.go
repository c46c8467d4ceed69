package promapi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net/http"
	"runtime"
	"strconv"
	"testing"
)

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
