package promapi

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/prometheus/model/value"
)

// rows reads an answer's rows.
type rows struct{ *builder }

var (
	errNoSample   = errors.New("a sample is not a time and a value")
	errEmptyRow   = errors.New("a row has no sample")
	errHistograms = errors.New("it holds native histograms where numbers belong")
)

// series reads {"metric":{...},"value":[...]}, or the same with values.
func (r *rows) series(raw jsontext.Value) error {
	c := cursor{raw}
	r.begin()
	samples := 0
	err := c.object(func(name []byte) error {
		switch r.text(name) {
		case "metric":
			return c.object(func(name []byte) error { return r.readLabel(&c, name) })
		case "value":
			samples++
			_, first := c.next()
			return r.readSample(&c, first, false)
		case "values":
			return c.array(func(first []byte) error {
				samples++
				return r.readSample(&c, first, true)
			})
		case "histogram", "histograms":
			return errHistograms
		}
		c.skip()
		return nil
	})
	if err == nil && samples == 0 {
		return errEmptyRow
	}
	return err
}

func (r *rows) readLabel(c *cursor, name []byte) error {
	kind, value := c.next()
	if kind != '"' {
		return fmt.Errorf("%s stands where a string belongs", value)
	}
	r.label = append(r.label, Label{r.text(name), r.text(value)})
	return nil
}

// readSample reads [seconds, "value"].
func (r *rows) readSample(c *cursor, first []byte, raw bool) error {
	isTime, seconds := c.next()
	isValue, text := c.next()
	end, _ := c.next()
	if string(first) != "[" || isTime != '0' || isValue != '"' || end != ']' {
		return errNoSample
	}
	t, err := strconv.ParseFloat(string(seconds), 64)
	if err != nil {
		return errNoSample
	}
	v, err := strconv.ParseFloat(string(text[1:len(text)-1]), 64)
	switch {
	case err != nil:
		return fmt.Errorf("%s is not a number", text)
	case !raw && (math.IsNaN(v) || math.IsInf(v, 0)):
		return fmt.Errorf("a value is %v", v)
	case math.IsNaN(v):
		v = math.Float64frombits(value.StaleNaN) // VictoriaMetrics shows staleness markers
	}
	return r.add(int64(math.Round(t*1000)), v)
}

// text returns what stands between the quotes.
func (r *rows) text(quoted []byte) string {
	text := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		text, _ = jsontext.AppendUnquote(nil, quoted) // its syntax has been checked
	}
	return r.intern(text)
}
