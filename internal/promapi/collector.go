package promapi

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

var errTwice = errors.New("a series stands twice in the answer to one query")

// collector hands on the series of a remote read's answer as soon as they are complete.
type collector struct {
	*builder
	queries int
	each    func(query int, s Series) error

	open   bool   // a series has begun
	query  int    // which query it answers
	labels Labels // of a series that begins, or goes on
	seed   maphash.Seed
	seen   map[uint64]struct{}
}

const seenSize = 32

func newCollector(b *builder, queries int, each func(int, Series) error) *collector {
	return &collector{builder: b, queries: queries, each: each, seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
}

// begin begins a series, or goes on with the one that is open where it is the same. Its labels
// are field 1 of the message, in chunks as in whole answers.
func (c *collector) begin(query uint64, message []byte) error {
	if query >= uint64(c.queries) {
		return fmt.Errorf("query %d is answered, of %d", query, c.queries)
	}
	if err := c.readLabels(message); err != nil {
		return err
	}
	if c.open && c.query == int(query) && slices.Equal(c.labels, c.now.Labels) {
		return nil
	}
	if err := c.flush(); err != nil {
		return err
	}
	c.open, c.query, c.now.Labels = true, int(query), append(c.now.Labels, c.labels...)
	return c.refuseTwice()
}

// readLabels reads a series' labels. They come in order, so that most are the same as those of
// the series before it.
func (c *collector) readLabels(message []byte) error {
	before := c.labels
	c.labels = c.labels[:0]
	f := fieldsOf(message)
	for f.next() {
		if !f.is(1, protowire.BytesType) {
			continue
		}
		var like Label
		if n := len(c.labels); n < len(before) {
			like = before[n]
		}
		label, err := c.readLabel(f.bytes, like)
		if err != nil {
			return err
		}
		c.labels = append(c.labels, label)
		if c.kept+3*labelSize*int64(len(c.labels)) > share(c.limit, keptShare) {
			return tooLarge(c.limit)
		}
	}
	if f.err != nil {
		return f.err
	}
	return sortLabels(c.labels)
}

// readLabel reads a Label, which may be like another one.
func (c *collector) readLabel(message []byte, like Label) (l Label, err error) {
	f := fieldsOf(message)
	for f.next() {
		switch {
		case f.is(1, protowire.BytesType):
			l.Name = c.internLike(f.bytes, like.Name)
		case f.is(2, protowire.BytesType):
			l.Value = c.internLike(f.bytes, like.Value)
		}
	}
	return l, f.err
}

// refuseTwice fails if the series that begins was handed on before. It remembers hashes, which
// two of a million series share once in thirty million answers.
func (c *collector) refuseTwice() error {
	const end = 0xff // no byte of UTF-8
	var h maphash.Hash
	h.SetSeed(c.seed)
	maphash.WriteComparable(&h, c.query)
	for _, l := range c.now.Labels {
		_, _ = h.WriteString(l.Name)
		_ = h.WriteByte(end)
		_, _ = h.WriteString(l.Value)
		_ = h.WriteByte(end)
	}
	key := h.Sum64()
	if _, twice := c.seen[key]; twice {
		return errTwice
	}
	c.seen[key] = struct{}{}
	c.kept += seenSize
	return c.fits()
}

// flush hands on the open series. Like PromQL, it leaves out one without samples.
func (c *collector) flush() error {
	c.complete()
	if c.open && !c.empty() {
		if err := c.each(c.query, c.now); err != nil {
			return &callerError{err}
		}
	}
	c.open = false
	c.builder.begin()
	return nil
}

// callerError is what the receiver of the series returned.
type callerError struct{ err error }

func (e *callerError) Error() string { return e.err.Error() }
