package downsample

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// form is how an upstream answers.
type form int

const (
	inChunks  form = iota // remote read, streamed
	inSamples             // remote read, whole samples
	inJSON                // PromQL
	forms
)

func contentTypes() [forms]string {
	return [forms]string{"application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse", "application/x-protobuf", "application/json"}
}

// upstream is a Prometheus that has some series, or that answers with what it is given.
type upstream struct {
	mu        sync.Mutex
	form      form
	lax       bool // all of every series is selected, whatever was asked for
	series    []promapi.Series
	answers   [][]byte  // what to answer, in turn, the last one for good; nil to answer from series
	framed    bool      // answers in chunks are framed here: nothing that is random has a checksum
	asked     int       // requests
	allocated uint64    // bytes, for its answers
	record    *[][]byte // keeps the answers, as they are before they are framed or compressed
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := allocated()
	defer func() { u.allocated += allocated() - before }()
	questions, err := u.questions(r)
	if u.asked++; u.asked > mostRequests {
		err = errors.New("there is no end to it")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/read") == (u.form == inJSON) {
		http.NotFound(w, r)
		return
	}
	var answer []byte
	if len(u.answers) > 0 {
		answer = u.answers[0]
		if len(u.answers) > 1 {
			u.answers = u.answers[1:]
		}
	} else {
		answer = u.answer(questions)
	}
	if u.record != nil {
		*u.record = append(*u.record, slices.Clone(answer))
	}
	w.Header().Set("Content-Type", contentTypes()[u.form])
	switch {
	case u.framed && u.form == inChunks:
		answer = frames(answer)
	case u.framed && u.form == inSamples:
		answer = s2.EncodeSnappy(nil, answer)
	}
	_, _ = w.Write(answer) // who hangs up has read enough
}

// cost returns how often it was asked, and how many bytes it allocated for its answers.
func (u *upstream) cost() (asked int, allocated uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked, u.allocated
}

// question is what a request asks for: the samples of some series in [from, to) (ms).
type question struct {
	promapi.Selector
	from, to int64
}

func (u *upstream) questions(r *http.Request) ([]question, error) {
	if u.form == inJSON || !strings.HasSuffix(r.URL.Path, "/read") {
		return []question{parseQuery(r.FormValue("query"), r.FormValue("time"))}, nil
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		body, err = s2.Decode(nil, body)
	}
	if err != nil {
		return nil, err
	}
	var all []question
	each(body, 1, func(query []byte) {
		var q question
		fields(query, func(n protowire.Number, v uint64, b []byte) {
			switch n {
			case 1:
				q.from = int64(v)
			case 2:
				q.to = int64(v) + 1
			case 3:
				q.Selector = append(q.Selector, parseMatcher(b))
			}
		})
		all = append(all, q)
	})
	return all, nil
}

func parseMatcher(message []byte) (m promapi.Matcher) {
	fields(message, func(n protowire.Number, v uint64, b []byte) {
		switch n {
		case 1:
			m.Type = promapi.MatchType(v)
		case 2:
			m.Name = string(b)
		case 3:
			m.Value = string(b)
		}
	})
	return m
}

var matcherText = regexp.MustCompile(`(\w+)(=~|!~|!=|=)("(?:[^"\\]|\\.)*")`)

var rangeText = regexp.MustCompile(`\[(\d+)ms\]$`)

func parseQuery(query, at string) (q question) {
	types := map[string]promapi.MatchType{"=": promapi.MatchEqual, "!=": promapi.MatchNotEqual, "=~": promapi.MatchRegexp, "!~": promapi.MatchNotRegexp}
	for _, m := range matcherText.FindAllStringSubmatch(query, -1) {
		if v, err := strconv.Unquote(m[3]); err == nil {
			q.Selector = append(q.Selector, promapi.Matcher{Type: types[m[2]], Name: m[1], Value: v})
		}
	}
	end, err := strconv.ParseFloat(at, 64)
	if m := rangeText.FindStringSubmatch(query); m != nil && err == nil {
		length, _ := strconv.ParseInt(m[1], 10, 64)
		q.to = int64(math.Round(end*1000)) + 1
		q.from = q.to - length
	}
	return q
}

// fields calls f for each field of a protobuf message that this program has sent.
func fields(message []byte, f func(n protowire.Number, v uint64, b []byte)) {
	for len(message) > 0 {
		number, wire, n := protowire.ConsumeTag(message)
		message = message[n:]
		var v uint64
		var b []byte
		if wire == protowire.BytesType {
			b, n = protowire.ConsumeBytes(message)
		} else {
			v, n = protowire.ConsumeVarint(message)
		}
		message = message[n:]
		f(number, v, b)
	}
}

func each(message []byte, number protowire.Number, f func(b []byte)) {
	fields(message, func(n protowire.Number, _ uint64, b []byte) {
		if n == number && b != nil {
			f(b)
		}
	})
}

// matching returns what says whether a selector selects a series.
func matching(s promapi.Selector) func(promapi.Labels) bool {
	var all []func(string) bool
	for _, m := range s {
		is := func(v string) bool { return v == m.Value }
		if m.Type == promapi.MatchRegexp || m.Type == promapi.MatchNotRegexp {
			is = regexp.MustCompile("^(?:" + m.Value + ")$").MatchString
		}
		not := m.Type == promapi.MatchNotEqual || m.Type == promapi.MatchNotRegexp
		all = append(all, func(v string) bool { return is(v) != not })
	}
	return func(l promapi.Labels) bool {
		for i, m := range s {
			if !all[i](l.Get(m.Name)) {
				return false
			}
		}
		return true
	}
}

// answer encodes the series that are selected.
func (u *upstream) answer(questions []question) []byte {
	var out []byte
	var rows []string
	for query, q := range questions {
		var result []byte
		selected := matching(q.Selector)
		for _, series := range u.series {
			if !u.lax {
				series.Samples = slices.DeleteFunc(slices.Clone(series.Samples), func(x promapi.Sample) bool { return x.T < q.from || x.T >= q.to })
				if len(series.Samples) == 0 || !selected(series.Labels) {
					continue
				}
			}
			switch u.form {
			case inChunks:
				out = appendMessage(out, chunked(query, series))
			case inSamples:
				result = appendBytes(result, 1, timeSeries(series))
			default:
				rows = append(rows, row(series))
			}
		}
		if u.form == inSamples {
			out = appendBytes(out, 1, result)
		}
	}
	if u.form == inJSON {
		return fmt.Appendf(nil, `{"status":"success","data":{"resultType":"matrix","result":[%s]}}`, strings.Join(rows, ","))
	}
	return out
}

// Messages of a stream are told apart by their lengths, until they are framed.
func appendMessage(b, message []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(message))), message...)
}

// frames puts messages into frames, the last one however much there is of it.
func frames(messages []byte) (out []byte) {
	table := crc32.MakeTable(crc32.Castagnoli)
	for len(messages) > 0 {
		length, n := binary.Uvarint(messages)
		messages = messages[max(1, n):]
		m := messages[:min(length, uint64(len(messages)))]
		messages = messages[len(m):]
		out = binary.AppendUvarint(out, uint64(len(m)))
		out = binary.BigEndian.AppendUint32(out, crc32.Checksum(m, table))
		out = append(out, m...)
	}
	return out
}

func appendBytes(b []byte, number protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), v)
}

func appendVarint(b []byte, number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}

func labels(l promapi.Labels) (message []byte) {
	for _, x := range l {
		message = appendBytes(message, 1, appendBytes(appendBytes(nil, 1, []byte(x.Name)), 2, []byte(x.Value)))
	}
	return message
}

// chunked encodes a ChunkedReadResponse of one series, with a staleness marker at its ends.
func chunked(query int, s promapi.Series) []byte {
	series := labels(s.Labels)
	for samples := range slices.Chunk(withEnds(s), 120) {
		c := chunkenc.NewXORChunk()
		app, err := c.Appender()
		if err != nil {
			panic(err)
		}
		for _, x := range samples {
			app.Append(0, x.T, x.V)
		}
		series = appendBytes(series, 2, appendBytes(appendVarint(nil, 3, uint64(chunkenc.EncXOR)), 4, c.Bytes()))
	}
	return appendVarint(appendBytes(nil, 1, series), 2, uint64(query))
}

func timeSeries(s promapi.Series) []byte {
	series := labels(s.Labels)
	for _, x := range withEnds(s) {
		sample := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(x.V))
		series = appendBytes(series, 2, appendVarint(sample, 2, uint64(x.T)))
	}
	return series
}

func withEnds(s promapi.Series) []promapi.Sample {
	all := slices.Clone(s.Samples)
	for _, t := range s.Ends {
		all = append(all, promapi.Sample{T: t, V: math.Float64frombits(value.StaleNaN)})
	}
	return all
}

func row(s promapi.Series) string {
	var b bytes.Buffer
	b.WriteString(`{"metric":{`)
	for i, l := range s.Labels {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s:%s", quoted(l.Name), quoted(l.Value))
	}
	b.WriteString(`},"values":[`)
	for i, x := range s.Samples { // PromQL hides staleness markers
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `[%s,"%s"]`, strconv.FormatFloat(float64(x.T)/1000, 'f', 3, 64), strconv.FormatFloat(x.V, 'g', -1, 64))
	}
	b.WriteString(`]}`)
	return b.String()
}

func quoted(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return b
}
