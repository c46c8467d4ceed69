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
		if err := r.fits(); err != nil {
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
