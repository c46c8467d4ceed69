package promapi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"

	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"google.golang.org/protobuf/encoding/protowire"
)

var errTwice = errors.New("a series stands twice in the answer to one query")

// chunkReader makes series of a stream of chunks. A series is handed on once the next one
// begins, for it may go on in the next frame.
type chunkReader struct {
	*collector
	iterator chunkenc.Iterator
	chunk    *chunkenc.XORChunk
}

// readChunks reads a stream of frames to its end.
func readChunks(frames *frames, c *collector) error {
	r := chunkReader{collector: c, chunk: chunkenc.NewXORChunk()}
	for {
		message, err := frames.next()
		if errors.Is(err, io.EOF) {
			return c.flush()
		}
		if err != nil {
			return err
		}
		if err := r.response(message); err != nil {
			return err
		}
	}
}

// response reads a ChunkedReadResponse. The query's number follows its series.
func (r *chunkReader) response(message []byte) error {
	var query uint64
	for f, err := range fields(message) {
		if err != nil {
			return err
		}
		if f.is(2, protowire.VarintType) {
			query = f.integer
		}
	}
	for f, err := range fields(message) {
		if err != nil {
			return err
		}
		if !f.is(1, protowire.BytesType) {
			continue
		}
		if err := r.series(query, f.bytes); err != nil {
			return err
		}
	}
	return nil
}

// series reads a ChunkedSeries.
func (r *chunkReader) series(query uint64, message []byte) error {
	if err := r.begin(query, message); err != nil {
		return err
	}
	for f, err := range fields(message) {
		if err != nil {
			return err
		}
		if !f.is(2, protowire.BytesType) {
			continue
		}
		if err := r.readChunk(f.bytes); err != nil {
			return err
		}
	}
	return nil
}

// readChunk reads a Chunk.
func (r *chunkReader) readChunk(message []byte) error {
	var (
		encoding uint64
		data     []byte
	)
	for f, err := range fields(message) {
		switch {
		case err != nil:
			return err
		case f.is(3, protowire.VarintType):
			encoding = f.integer
		case f.is(4, protowire.BytesType):
			data = f.bytes
		}
	}
	if encoding != uint64(chunkenc.EncXOR) {
		return fmt.Errorf("a chunk of type %d stands where samples belong", encoding)
	}
	return r.samples(data)
}

// samples reads an XOR chunk: the number of its samples in two bytes, and the samples.
func (r *chunkReader) samples(data []byte) (err error) {
	if len(data) < 2 || binary.BigEndian.Uint16(data) == 0 {
		return errors.New("a chunk is empty")
	}
	// The library is made for chunks that it wrote itself.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a chunk cannot be decoded: %v", p)
		}
	}()
	r.chunk.Reset(data)
	r.iterator = r.chunk.Iterator(r.iterator)
	for r.iterator.Next() == chunkenc.ValFloat {
		if err := r.add(r.iterator.At()); err != nil {
			return err
		}
	}
	if err := r.iterator.Err(); err != nil {
		return fmt.Errorf("a chunk cannot be decoded: %w", err)
	}
	return nil
}

// collector hands on the series of a remote read's answer as soon as they are complete.
type collector struct {
	*builder
	queries int
	each    func(query int, s Series) error

	open    bool // a series has begun
	query   int  // which query it answers
	current []Label
	seen    map[uint64]struct{}
	seed    maphash.Seed
}

func newCollector(b *builder, queries int, each func(int, Series) error) *collector {
	return &collector{builder: b, queries: queries, each: each, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// begin goes on with the open series if the message, whose labels are field 1, has the same
// labels, and begins another one otherwise.
func (c *collector) begin(query uint64, message []byte) error {
	if query >= uint64(c.queries) {
		return fmt.Errorf("it answers query %d of %d", query, c.queries)
	}
	c.current = c.current[:0]
	for f, err := range fields(message) {
		if err != nil {
			return err
		}
		if !f.is(1, protowire.BytesType) {
			continue
		}
		label, err := c.readLabel(f.bytes)
		if err != nil {
			return err
		}
		c.current = append(c.current, label)
	}
	if err := sorted(c.current); err != nil {
		return err
	}
	if c.open && c.query == int(query) && slices.Equal(c.current, c.label) {
		return nil
	}
	if err := c.flush(); err != nil {
		return err
	}
	c.open, c.query = true, int(query)
	c.label = append(c.label, c.current...)
	return c.once()
}

// readLabel reads a Label.
func (c *collector) readLabel(message []byte) (l Label, err error) {
	for f, err := range fields(message) {
		switch {
		case err != nil:
			return l, err
		case f.is(1, protowire.BytesType):
			l.Name = c.intern(f.bytes)
		case f.is(2, protowire.BytesType):
			l.Value = c.intern(f.bytes)
		}
	}
	return l, nil
}

// once refuses a series that has been handed on before.
func (c *collector) once() error {
	var h maphash.Hash
	h.SetSeed(c.seed)
	maphash.WriteComparable(&h, c.query)
	for _, l := range c.label {
		maphash.WriteComparable(&h, l)
	}
	key := h.Sum64()
	if _, ok := c.seen[key]; ok {
		return errTwice
	}
	c.seen[key] = struct{}{}
	return nil
}

// flush hands on the open series. Like PromQL, it leaves out one without samples.
func (c *collector) flush() error {
	if c.open && !c.empty() {
		if err := c.each(c.query, c.take()); err != nil {
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
