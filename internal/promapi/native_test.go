package promapi

import (
	"encoding/binary"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// nativeBlock is a block of a series whose name is written as given.
type nativeBlock struct {
	name          string
	times, values []int64
	scale         int64
	timesAs       byte
	valuesAs      byte
}

func (b nativeBlock) bytes() []byte {
	block := binary.AppendVarint(nil, b.times[0])
	block = binary.AppendVarint(block, b.times[len(b.times)-1])
	block = binary.AppendVarint(block, b.values[0])
	block = binary.AppendUvarint(block, uint64(len(b.times)))
	block = binary.AppendVarint(block, b.scale)
	block = append(block, b.timesAs, b.valuesAs, 64)
	for _, stored := range [][]byte{storedAs(b.timesAs, b.times), storedAs(b.valuesAs, b.values)} {
		block = append(binary.AppendUvarint(block, uint64(len(stored))), stored...)
	}
	return slices.Concat(sized([]byte(b.name)), sized(block))
}

func sized(part []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(part))), part...)
}

// storedAs writes integers in one of the ways.
func storedAs(how byte, all []int64) []byte {
	var out []byte
	var before int64
	for i := 1; i < len(all); i++ {
		difference := all[i] - all[i-1]
		switch {
		case how == constant, how == deltaConst && i > 1:
		case how == delta2, how == zstdDelta2:
			out = binary.AppendVarint(out, difference-before)
		default:
			out = binary.AppendVarint(out, difference)
		}
		before = difference
	}
	if how != zstdDelta && how != zstdDelta2 {
		return out
	}
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(out, nil)
}

// nativeOf is an answer for [from, to).
func nativeOf(from, to int64, blocks ...nativeBlock) []byte {
	var out []byte
	for _, t := range []int64{from, to - 1} {
		out = binary.BigEndian.AppendUint64(out, uint64(t)<<1^uint64(t>>63))
	}
	for _, b := range blocks {
		out = append(out, b.bytes()...)
	}
	return out
}

const nameOfA = "m\x01pod\x01a\x01"

var threeTimes = []int64{100, 110, 120}

func exportAll(t *testing.T, c *Client, from, to int64) (got []Series, err error) {
	t.Helper()
	var keeper Keeper
	err = c.Export(t.Context(), []Selector{{{MatchEqual, "__name__", "m"}}, {{MatchEqual, "pod", "b"}}}, from, to, func(s Series) error {
		got = append(got, keeper.Keep(s))
		return nil
	})
	return got, err
}

// TestExport: it is asked for once, and each series is handed on once, in order of time.
func TestExport(t *testing.T) {
	var asked *http.Request
	c, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		_ = r.ParseForm()
		serve(nativeType, nativeOf(100, 200,
			nativeBlock{nameOfA, []int64{150, 160, 210}, []int64{4, 5, 6}, 0, delta, deltaConst},
			nativeBlock{"m\x01pod\x01b\x01", []int64{1, 99}, []int64{1, 1}, 0, deltaConst, constant}, // is outside
			nativeBlock{nameOfA, []int64{90, 100, 110}, []int64{1, 2, 3}, 0, deltaConst, delta2},
			nativeBlock{nameOfA, []int64{110, 160}, []int64{7, math.MaxInt64 - 1}, 0, deltaConst, delta}, // by a second server
			nativeBlock{"m\x01pod\x01\x000\x001\x002\x01", []int64{120, 130, 140}, []int64{math.MaxInt64, math.MinInt64, 0}, -3, deltaConst, zstdDelta},
			nativeBlock{"\x01job\x01x\x01", []int64{100}, []int64{-12345}, -2, constant, constant},
		))(w, r)
	})
	got, err := exportAll(t, c, 100, 200)
	if err != nil {
		t.Fatal(err)
	}
	want := []Series{
		{Labels: Labels{{"__name__", "m"}, {"pod", "a"}}, Samples: []Sample{{100, 2}, {110, 7}, {150, 4}, {160, 5}}},
		{Labels: Labels{{"__name__", "m"}, {"pod", "\x00\x01\x02"}}, Samples: []Sample{{120, math.Inf(1)}, {130, math.Inf(-1)}, {140, 0}}},
		{Labels: Labels{{"job", "x"}}, Samples: []Sample{{100, -123.45}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if asked.Method != http.MethodPost || asked.URL.Path != "/prefix/api/v1/export/native" || asked.UserAgent() != "test/1" {
		t.Errorf("asked by %s %s as %s", asked.Method, asked.URL, asked.UserAgent())
	}
	form := url.Values{"match[]": {`{__name__="m"}`, `{pod="b"}`}, "start": {"0.100"}, "end": {"0.199"}}
	for name, values := range form {
		if !slices.Equal(asked.PostForm[name], values) {
			t.Errorf("%s: %q", name, asked.PostForm[name])
		}
	}
}

// TestIntegers: what is stored is what is read, in each of the ways.
func TestIntegers(t *testing.T) {
	for name, c := range map[string]struct {
		how    byte
		values []int64
	}{
		"the same":             {constant, []int64{7, 7, 7}},
		"rising by the same":   {deltaConst, []int64{7, -3, -13}},
		"differences":          {delta, []int64{7, 3, math.MaxInt64 / 2}},
		"differences of those": {delta2, []int64{math.MinInt64 / 2, 0, 5}},
		"compressed":           {zstdDelta, []int64{7, 3, 12}},
		"compressed, of those": {zstdDelta2, []int64{7, 3, 12}},
	} {
		timesAs := c.how
		if timesAs == constant {
			timesAs = deltaConst
		}
		up, _ := client(t, serve(nativeType, nativeOf(100, 200, nativeBlock{nameOfA, threeTimes, c.values, 2, timesAs, c.how})))
		got, err := exportAll(t, up, 100, 200)
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %d series, %v", name, len(got), err)
			continue
		}
		for i, s := range got[0].Samples {
			if want := (Sample{threeTimes[i], float64(c.values[i]) * 100}); s != want {
				t.Errorf("%s: %v, want %v", name, s, want)
			}
		}
	}
}

// TestMarkersOfExport: the larger of two values of one time counts, and any before a marker.
func TestMarkersOfExport(t *testing.T) {
	marker := int64(math.MaxInt64 - 1)
	c, _ := client(t, serve(nativeType, nativeOf(100, 200,
		nativeBlock{nameOfA, []int64{110, 120}, []int64{marker, marker}, 0, deltaConst, constant},
		nativeBlock{nameOfA, []int64{100, 110}, []int64{1, 2}, 0, deltaConst, deltaConst},
	)))
	got, err := exportAll(t, c, 100, 200)
	want := []Series{{Labels: Labels{{"__name__", "m"}, {"pod", "a"}}, Samples: []Sample{{100, 1}, {110, 2}}, Ends: []int64{120}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// TestExportFails: what is not known is not guessed at.
func TestExportFails(t *testing.T) {
	one := nativeBlock{nameOfA, threeTimes, []int64{1, 2, 4}, 0, deltaConst, delta}
	with := func(change func(*nativeBlock)) []byte {
		b := one
		change(&b)
		return nativeOf(100, 200, b)
	}
	good := nativeOf(100, 200, one)
	broken := func(at int, to byte) []byte {
		b := slices.Clone(good)
		b[at] = to
		return b
	}
	header := 16 + len(sized([]byte(nameOfA))) + 4
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   Kind
		says   string
	}{
		"another type": {serve("application/json", good), NotOffered, "application/json"},
		"no such path": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusNotFound) }, NotOffered, "404"},
		"VictoriaMetrics without it": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "unsupported path requested: x", http.StatusBadRequest)
		}, NotOffered, "400"},
		"a proxy's rules": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, Unauthorized, "403"},
		"too many series": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "see -search.maxExportSeries", http.StatusUnprocessableEntity)
		}, TooExpensive, "maxExportSeries"},
		"of another time":                  {serve(nativeType, nativeOf(100, 201, one)), NotOffered, "from 100 to 200"},
		"nothing":                          {serve(nativeType, nil), NotOffered, "ends within"},
		"cut in the range":                 {serve(nativeType, good[:7]), NotOffered, "ends within"},
		"cut in a length":                  {serve(nativeType, good[:18]), NotOffered, "ends within"},
		"cut in a name":                    {serve(nativeType, good[:21]), NotOffered, "ends within"},
		"cut before a block":               {serve(nativeType, good[:header-4]), NotOffered, "ends within"},
		"cut in a block":                   {serve(nativeType, good[:len(good)-1]), NotOffered, "ends within"},
		"a name that is too long":          {serve(nativeType, broken(16, 1)), NotOffered, "bytes"},
		"a block that is too long":         {serve(nativeType, broken(header-4, 1)), NotOffered, "bytes"},
		"a name without an end":            {serve(nativeType, with(func(b *nativeBlock) { b.name = "m" })), NotOffered, "no end"},
		"two labels of one name":           {serve(nativeType, with(func(b *nativeBlock) { b.name = "m\x01a\x01b\x01a\x01c\x01" })), Malformed, "two labels"},
		"another type of integers":         {serve(nativeType, with(func(b *nativeBlock) { b.valuesAs = 7 })), NotOffered, "type 7"},
		"compressed by nothing known":      {serve(nativeType, broken(header+7, zstdDelta)), NotOffered, ""},
		"more rows than there are":         {serve(nativeType, broken(header+5, 4)), NotOffered, "times"},
		"more values than there are":       {serve(nativeType, broken(header+8, constant)), NotOffered, "as many integers"},
		"fewer rows than there are":        {serve(nativeType, broken(header+5, 2)), NotOffered, "header"},
		"no rows":                          {serve(nativeType, broken(header+5, 0)), NotOffered, "no such header"},
		"times that fall":                  {serve(nativeType, with(func(b *nativeBlock) { b.times, b.timesAs = []int64{100, 130, 120}, delta })), NotOffered, "times"},
		"a last time that is not the last": {serve(nativeType, broken(header+2, 0xf2)), NotOffered, "times"},
	} {
		up, _ := client(t, c.answer)
		got, err := exportAll(t, up, 100, 200)
		if KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || len(got) > 0 {
			t.Errorf("%s: %d series, error %v, want %s that says %q", name, len(got), err, c.kind, c.says)
		}
	}
}

// TestExportTooLarge: what is held of an answer is bounded, however many samples few bytes have.
func TestExportTooLarge(t *testing.T) {
	times := make([]int64, 8000)
	for i := range times {
		times[i] = 100 + int64(i)
	}
	var blocks []nativeBlock
	for range 100 {
		blocks = append(blocks, nativeBlock{nameOfA, times, make([]int64, len(times)), 0, deltaConst, constant})
	}
	c, _ := client(t, serve(nativeType, nativeOf(100, 10_000, blocks...)))
	if _, err := exportAll(t, c, 100, 10_000); KindOf(err) != TooLarge {
		t.Errorf("800,000 samples in a few bytes: %v", err)
	}
}
