package promapi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"google.golang.org/protobuf/encoding/protowire"
)

// chunkReader makes series of a stream of chunks. A series is handed on once the next one
// begins, for it may go on in the next frame.
type chunkReader struct {
	*collector
	xor, xor2 floats
}

func newChunkReader(c *collector) *chunkReader {
	return &chunkReader{
		collector: c,
		xor:       floats{chunk: chunkenc.NewXORChunk(), header: 2, leastBits: 2},
		xor2:      floats{chunk: chunkenc.NewXOR2Chunk(), header: 3, leastBits: 1},
	}
}

// floats decodes chunks of one encoding.
type floats struct {
	chunk    chunkenc.Chunk
	iterator chunkenc.Iterator

	header    int // bytes, of which the first two are the number of samples
	leastBits int // of each sample but the first
}

// readChunks reads a stream of frames to its end.
func readChunks(frames *frames, c *collector) error {
	r := newChunkReader(c)
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
	query := uint64(0)
	all := fieldsOf(message)
	for all.next() {
		if all.is(2, protowire.VarintType) {
			query = all.integer
		}
	}
	if all.err != nil {
		return all.err
	}
	for all = fieldsOf(message); all.next(); {
		if !all.is(1, protowire.BytesType) {
			continue
		}
		if err := r.series(query, all.bytes); err != nil {
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
	f := fieldsOf(message)
	for f.next() {
		if !f.is(2, protowire.BytesType) {
			continue
		}
		if err := errors.Join(r.readChunk(f.bytes), r.fits()); err != nil {
			return err
		}
	}
	return f.err
}

// readChunk reads a Chunk.
func (r *chunkReader) readChunk(message []byte) error {
	var (
		encoding uint64
		data     []byte
	)
	f := fieldsOf(message)
	for f.next() {
		switch {
		case f.is(3, protowire.VarintType):
			encoding = f.integer
		case f.is(4, protowire.BytesType):
			data = f.bytes
		}
	}
	if f.err != nil {
		return f.err
	}
	switch chunkenc.Encoding(encoding) {
	case chunkenc.EncXOR:
		return r.samples(&r.xor, data)
	case chunkenc.EncXOR2: // Prometheus' storage.tsdb.chunk_encoding
		return r.samples(&r.xor2, data)
	case chunkenc.EncHistogram, chunkenc.EncFloatHistogram, chunkenc.EncHistogramST, chunkenc.EncFloatHistogramST:
		r.histograms = true
		return nil
	case chunkenc.EncNone:
		return errors.New("a chunk has no type")
	}
	return fmt.Errorf("%w: type %d", errNewChunks, encoding)
}

// firstBits are those of a chunk's first sample, or less.
const firstBits = 8 + 64

// samples reads a chunk: its header, and the samples.
func (r *chunkReader) samples(f *floats, data []byte) (err error) {
	if len(data) < f.header || binary.BigEndian.Uint16(data) == 0 {
		return errors.New("a chunk is empty")
	}
	// Where data ends too early, the library's reader may go on with what is not there.
	if n := int(binary.BigEndian.Uint16(data)); 8*(len(data)-f.header) < firstBits+f.leastBits*(n-1) {
		return fmt.Errorf("a chunk of %d bytes cannot hold %d samples", len(data), n)
	}
	// The library is made for chunks that it wrote itself.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a chunk cannot be decoded: %v", p)
		}
	}()
	f.chunk.Reset(data)
	f.iterator = f.chunk.Iterator(f.iterator)
	for f.iterator.Next() == chunkenc.ValFloat {
		if err := r.add(f.iterator.At()); err != nil {
			return err
		}
	}
	if err := f.iterator.Err(); err != nil {
		return fmt.Errorf("a chunk cannot be decoded: %w", err)
	}
	return nil
}
