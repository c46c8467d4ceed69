package promapi

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// FuzzFrames: what is read is what is framed, and a stream ends between two frames or fails.
func FuzzFrames(f *testing.F) {
	f.Add(stream([]byte("one"), nil, []byte("three")))
	f.Add(stream([]byte("one"))[:7])
	f.Add([]byte{0x80, 0x80, 0x80})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1 << 16
		frames := newFrames(bytes.NewReader(b), limit)
		var again []byte
		for {
			message, err := frames.next()
			if err == nil {
				again = append(again, frameOf(message)...)
				continue
			}
			if errors.Is(err, io.EOF) && len(again) > len(b) {
				t.Errorf("%d bytes were read of %d", len(again), len(b))
			}
			break
		}
		if cap(frames.buffer) > 2*len(b)+128<<10 {
			t.Errorf("the buffer has %d bytes, for %d", cap(frames.buffer), len(b))
		}
	})
}

// FuzzChunk: a chunk has samples in order of time, or fails.
func FuzzChunk(f *testing.F) {
	for _, empty := range []func() chunkenc.Chunk{
		func() chunkenc.Chunk { return chunkenc.NewXORChunk() }, func() chunkenc.Chunk { return chunkenc.NewXOR2Chunk() },
	} {
		for _, samples := range [][]Sample{
			{{100, 1}, {110, 2}, {120, 2}, {130, 2}, {141, stale}, {151, stale}, {1000000, math.Inf(-1)}, {1 << 40, 3}}, {{-5, 1}}, nil,
		} {
			c := empty()
			appendTo(c, samples...)
			f.Add(byte(c.Encoding()), c.Bytes())
		}
	}
	f.Add(byte(chunkenc.EncXOR), []byte{0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add(byte(chunkenc.EncXOR2), []byte{0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, encoding byte, data []byte) {
		b := newBuilder(math.MinInt64, math.MaxInt64, 1<<24)
		r := newChunkReader(newCollector(b, 1, nil))
		if err := r.readChunk(typedChunk(int64(encoding), data)); err != nil || b.histograms {
			return
		}
		checkOrder(t, b.now)
		if n := len(b.now.Samples) + len(b.now.Ends); n == 0 || n > 8*len(data) {
			t.Errorf("%d samples in %d bytes", n, len(data))
		}
	})
}

func checkOrder(t *testing.T, s Series) {
	t.Helper()
	inOrder := func(a, b Sample) int { return slices.Compare([]int64{a.T}, []int64{b.T}) }
	if !slices.IsSortedFunc(s.Samples, inOrder) || !slices.IsSorted(s.Ends) {
		t.Errorf("not in order: %v", s)
	}
}

// FuzzRead: of an answer of any bytes come series as they must be, or an error of a kind.
func FuzzRead(f *testing.F) {
	a, b := labelsOf("__name__", "m", "pod", "a"), labelsOf("__name__", "m", "pod", "b")
	f.Add(true, stream(chunked(0, a, chunkOf(Sample{100, 1}, Sample{110, stale})), chunked(0, a, chunkOf(Sample{120, 1})), chunked(1, b, chunkOf(Sample{100, 1}))))
	f.Add(true, stream(chunked(0, a, typedChunk(2, []byte{0, 1}))))
	f.Add(true, stream(chunked(7, nil)))
	f.Add(false, wholeOf(slices.Concat(timeSeries(a, Sample{100, 1}, Sample{110, stale}), timeSeries(b)), nil))
	f.Add(false, wholeOf(nil, nil, nil))
	f.Add(false, []byte{0xff, 0xff, 0xff, 0xff, 0xf})
	f.Fuzz(func(t *testing.T, chunks bool, data []byte) {
		const limit, from, to = 1 << 16, 90, 200
		kind := whole
		if chunks {
			kind = streamed
			// Random bytes have no checksum: with it, they reach what comes after.
			data = append(frameOf(data), data...)
		}
		seen := map[string]bool{}
		r := remoteRead{c: &Client{cfg: Config{MaxAnswerBytes: limit}}, queries: 2, from: from, to: to, each: func(query int, s Series) error {
			checkOrder(t, s)
			key := strconv.Itoa(query)
			for _, l := range s.Labels {
				key += strconv.Quote(l.Name) + strconv.Quote(l.Value)
			}
			if query < 0 || query > 1 || seen[key] || len(s.Samples)+len(s.Ends) == 0 {
				t.Errorf("query %d, seen before %v, %v", query, seen[key], s)
			}
			seen[key] = true
			for _, x := range s.Samples {
				if x.T < from || x.T >= to || math.Float64bits(x.V) == math.Float64bits(stale) {
					t.Errorf("sample %v", x)
				}
			}
			return nil
		}}
		resp := &http.Response{Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(bytes.NewReader(data))}
		if err := r.read(resp, &body{resp: resp, left: limit, limit: limit}); err != nil {
			if kind := unusable(err).Kind; kind != Malformed && kind != TooLarge && kind != NotOffered {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
}

// FuzzNative: of an export of any bytes come series as they must be, or an error of a kind.
func FuzzNative(f *testing.F) {
	const limit, from, to = 1 << 16, 90, 200
	for _, how := range []byte{zstdDelta2, deltaConst, constant, zstdDelta, delta2, delta} {
		f.Add(nativeOf(from, to, nativeBlock{nameOfA, threeTimes, []int64{5, 6, 7}, -1, deltaConst, how})[16:])
	}
	f.Add(nativeOf(from, to, nativeBlock{"m\x01a\x01\x000\x01", []int64{100}, []int64{math.MaxInt64 - 1}, 400, constant, constant})[16:])
	f.Fuzz(func(t *testing.T, data []byte) {
		e := export{c: &Client{cfg: Config{MaxAnswerBytes: limit}}, from: from, to: to, each: func(s Series) error {
			checkOrder(t, s)
			if len(s.Samples)+len(s.Ends) == 0 || sampleSize*len(s.Samples) > limit {
				t.Errorf("%d samples", len(s.Samples))
			}
			for _, x := range s.Samples {
				if x.T < from || x.T >= to || math.IsNaN(x.V) {
					t.Errorf("sample %v", x)
				}
			}
			return nil
		}}
		resp := &http.Response{Header: http.Header{"Content-Type": {nativeType}}, Body: io.NopCloser(bytes.NewReader(append(nativeOf(from, to), data...)))}
		if err := e.read(resp, &body{resp: resp, left: limit, limit: limit}); err != nil {
			if kind := unusable(err).Kind; kind != Malformed && kind != TooLarge && kind != NotOffered {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
}

// FuzzDecode reads answers as they come, and by way of a tree.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{vector, vector[:90], `[]`, `{"data":null}`, `{"status":"success","data":{"result":[],"resultType":"vector"},"isPartial":true}`} {
		f.Add(seed)
	}
	for _, row := range []string{
		`{"metric":{"pod":"a"},"value":[1700000000.123,"0.5"]}`,
		`{"metric":{"pod":"a"},"values":[[1700000000,"1"],[1700000030.5,"-2e-3"],[1700000031,"NaN"]]}`,
		` { "metric" : { "a" : "b" , "c":"" } , "more" : [ { "x" : [ 1 , true , null , "]}" ] } , { } ] , "values" : [ [ 1 , "2" ] , [ 2 , "3" ] ] } `,
		`{"metric":{"a\"b":"c\\","\u00e4\ud83d\ude00":"\n\/","ü":"😀"},"value":[1,"1"]}`,
		"{\"metric\":{\"a\":\"\xff\xfe\",\"b\":\"\\n\xff\",\"c\":\"\\ud800\"},\"value\":[1,\"1\"]}",
		`{"metric":null,"values":null}`, `{}`, `null`, `{"values":[],"metric":{}}`,
		`{"metric":{"a":1},"value":[1,"1"]}`, `{"metric":[],"value":[1,"1"]}`, `{"metric":{"a":{}}}`,
		`{"value":{}}`, `{"value":[]}`, `{"value":[1]}`, `{"value":[1,"1",2]}`, `{"value":["1",1]}`, `{"value":[1,""]}`,
		`{"value":[1e999,"1"]}`, `{"value":[1,"0x1p-2"]}`, `{"value":[1,"-Inf"]}`,
		`{"values":[1,"1"]}`, `{"values":[[1,"1"],7]}`, `{"values":{"a":[1,"1"]}}`, `{"histogram":[1,{"count":"1"}]}`,
		`{"histograms":[[1,{"count":"1"}]]}`, `{"values":[[1,"1"],[2,"2"]],"histograms":[]}`, `{"value":[1,"1"],"histograms":null}`,
	} {
		f.Add(answerOf("vector", row))
		f.Add(answerOf("matrix", row))
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := decode(strings.NewReader(body), newBuilder(math.MinInt64, math.MaxInt64, 1<<20))
		if (got == nil) == (err == nil) {
			t.Fatalf("answer %v, error %v", got, err)
		}
		raw := jsontext.Value(body)
		if !raw.IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
			if err == nil {
				t.Error("it is no JSON")
			}
			return
		}
		tree, treeErr := grow(jsontext.NewDecoder(strings.NewReader(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)))
		if treeErr != nil {
			t.Fatal(treeErr)
		}
		want, wantErr := seriesOf(tree)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, want %v", err, wantErr)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(want, got.Series, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
			t.Error(diff)
		}
	})
}
