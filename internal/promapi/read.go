package promapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"
)

// Read reads the raw samples of the selected series in [from, to) (ms) by one request of
// remote read. It hands each series to each as soon as it is complete, with the index of its
// query; the next one takes its memory, so each keeps a copy. Where it fails, what was handed
// on is not all. An error of each is returned as it is, and the time it takes counts as the
// request's.
func (c *Client) Read(ctx context.Context, queries []Selector, from, to int64, each func(query int, s Series) error) error {
	r := remoteRead{
		c: c, queries: len(queries), from: from, to: to, each: each,
		message: s2.EncodeSnappy(nil, readRequest(queries, from, to, c.Engine(ctx).hintMargin)),
	}
	return c.handOut(ctx, &r, &r.handed, len(queries))
}

// handed is what an exchange has handed on so far. It must not be handed on again.
type handed struct{ series, samples int }

func (h *handed) note(s Series) { h.series, h.samples = h.series+1, h.samples+len(s.Samples) }

func (h *handed) final() bool { return h.series > 0 }

// handOut does an exchange that hands on series, and counts them.
func (c *Client) handOut(ctx context.Context, x exchange, h *handed, selectors int) error {
	began := time.Now()
	err := c.retry(ctx, x)
	c.samples.Add(float64(h.samples))
	if err == nil {
		c.cfg.Log.Debug("Query answered", "selectors", selectors, "duration", time.Since(began), "series", h.series, "samples_read", h.samples)
	}
	return err
}

// remoteRead is an exchange of remote read.
type remoteRead struct {
	c        *Client
	message  []byte // snappy
	queries  int
	from, to int64
	each     func(query int, s Series) error
	handed
}

func (r *remoteRead) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.c.endpoint("read").String(), bytes.NewReader(r.message))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("X-Prometheus-Remote-Read-Version", "0.1.0")
	return req, nil
}

func (r *remoteRead) read(resp *http.Response, content io.Reader) error {
	limit := r.c.cfg.MaxAnswerBytes
	series := newCollector(newBuilder(r.from, r.to, limit), r.queries, func(query int, s Series) error {
		r.note(s)
		return r.each(query, s)
	})
	switch kind, parameters, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); {
	case kind == "application/x-streamed-protobuf" && parameters["proto"] == "prometheus.ChunkedReadResponse":
		return readChunks(newFrames(content, limit), series)
	case kind == "application/x-protobuf":
		return readWhole(content, limit, series)
	case kind == "text/plain":
		// Mimir adds its refusal, with this type, to a stream that proves too much.
		if text := tail(content); tooMuch(text) {
			return &lateRefusal{text}
		}
		fallthrough
	default:
		return fmt.Errorf("%w: the answer is of type %q", errNotOffered, kind)
	}
}

// tail returns the last line of an answer, if it is no longer than a refusal.
func tail(content io.Reader) string {
	var last, next [errorBodySize]byte
	n := 0
	for {
		got, err := io.ReadFull(content, next[:])
		keep := min(n, len(last)-got)
		copy(last[:], last[n-keep:n])
		n = keep + copy(last[keep:], next[:got])
		if err != nil {
			break
		}
	}
	text := bytes.TrimRight(last[:n], "\n")
	if i := bytes.LastIndexAny(text, "\n\x00"); i >= 0 {
		text = text[i+1:]
	}
	return strings.ToValidUTF8(string(text), "")
}

func (r *remoteRead) refused(is refusal) Kind { return kindAtEndpoint(is) }

// kindAtEndpoint says why an endpoint that not every server has refused. What a server or a
// proxy answers that does not know it is neither the request's error nor the server's.
func kindAtEndpoint(is refusal) Kind {
	status := is.resp.StatusCode
	switch kind := kindOfRefusal(status, is.text); {
	case kind == NotPrometheus, status == http.StatusMethodNotAllowed, status == http.StatusUnsupportedMediaType, status == http.StatusNotImplemented:
		return NotOffered
	case kind == Rejected && (isPage(is.body) || containsAny(is.text, unknownPath...)):
		return NotOffered
	default:
		return kind
	}
}

// readRequest encodes a ReadRequest.
func readRequest(queries []Selector, from, to int64, hintMargin time.Duration) []byte {
	var request []byte
	for _, selector := range queries {
		var query []byte
		query = appendVarint(query, 1, from)
		query = appendVarint(query, 2, to-1) // both are inclusive
		for _, m := range selector {
			var matcher []byte
			matcher = appendVarint(matcher, 1, int64(m.Type))
			matcher = appendBytes(matcher, 2, []byte(m.Name))
			matcher = appendBytes(matcher, 3, []byte(m.Value))
			query = appendBytes(query, 3, matcher)
		}
		var hints []byte
		hints = appendVarint(hints, 3, from-hintMargin.Milliseconds())
		hints = appendVarint(hints, 4, to-1+hintMargin.Milliseconds())
		query = appendBytes(query, 4, hints)
		request = appendBytes(request, 1, query)
	}
	const streamedXORChunks = 1
	return appendVarint(request, 2, streamedXORChunks)
}

func appendVarint(b []byte, number protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(v))
}

func appendBytes(b []byte, number protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), v)
}
