package promapi

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// rows makes series of an answer's rows. A window has tens of thousands of them: they share
// one copy of each string, and lie in few pieces of memory.
type rows struct {
	strings map[string]string
	labels  block[Label]
	samples block[Sample]

	// Of the row that is being read.
	label  []Label
	sample []Sample
}

var (
	errNoSample   = errors.New("a sample is not a time and a value")
	errHistograms = errors.New("it holds native histograms where numbers belong")
)

// series reads {"metric":{...},"value":[...]}, or the same with values.
func (r *rows) series(raw jsontext.Value) (Series, error) {
	c := cursor{raw}
	r.label, r.sample = r.label[:0], r.sample[:0]
	err := c.object(func(name []byte) error {
		switch r.intern(name) {
		case "metric":
			return c.object(func(name []byte) error { return r.readLabel(&c, name) })
		case "value":
			_, first := c.next()
			return r.readSample(&c, first)
		case "values":
			return c.array(func(first []byte) error { return r.readSample(&c, first) })
		case "histogram", "histograms":
			return errHistograms
		}
		c.skip()
		return nil
	})
	return Series{r.labels.keep(r.label), r.samples.keep(r.sample)}, err
}

func (r *rows) readLabel(c *cursor, name []byte) error {
	kind, value := c.next()
	if kind != '"' {
		return fmt.Errorf("%s stands where a string belongs", value)
	}
	r.label = append(r.label, Label{r.intern(name), r.intern(value)})
	return nil
}

// readSample reads [seconds, "value"].
func (r *rows) readSample(c *cursor, first []byte) error {
	isTime, seconds := c.next()
	isValue, value := c.next()
	end, _ := c.next()
	if string(first) != "[" || isTime != '0' || isValue != '"' || end != ']' {
		return errNoSample
	}
	t, err := strconv.ParseFloat(string(seconds), 64)
	if err != nil {
		return errNoSample
	}
	v, err := strconv.ParseFloat(string(value[1:len(value)-1]), 64)
	switch {
	case err != nil:
		return fmt.Errorf("%s is not a number", value)
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Errorf("a value is %v", v)
	}
	r.sample = append(r.sample, Sample{int64(math.Round(t * 1000)), v})
	return nil
}

// intern returns the one copy of what stands between the quotes.
func (r *rows) intern(quoted []byte) string {
	text := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		text, _ = jsontext.AppendUnquote(nil, quoted) // its syntax has been checked
	}
	if kept, ok := r.strings[string(text)]; ok {
		return kept
	}
	kept := string(text)
	r.strings[kept] = kept
	return kept
}

// block is memory that is handed out piece by piece.
type block[T any] struct{ free []T }

const blockSize = 1024

// keep returns a copy.
func (b *block[T]) keep(items []T) []T {
	if len(items) > len(b.free) {
		b.free = make([]T, max(blockSize, len(items)))
	}
	n := copy(b.free, items)
	kept := b.free[:n:n]
	b.free = b.free[n:]
	return kept
}
