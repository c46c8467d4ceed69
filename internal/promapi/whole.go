package promapi

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"
)

// readWhole reads a ReadResponse in snappy, which is how servers answer that know samples
// only.
func readWhole(r io.Reader, limit int64, c *collector) error {
	most := share(limit, frameShare)
	compressed, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return err
	}
	length, err := s2.DecodedLen(compressed)
	if err != nil {
		return fmt.Errorf("snappy: %w", err)
	}
	if int64(max(length, len(compressed))) > most {
		return tooLarge(limit)
	}
	message, err := s2.Decode(nil, compressed)
	if err != nil {
		return fmt.Errorf("snappy: %w", err)
	}
	query := uint64(0)
	f := fieldsOf(message)
	for f.next() {
		if !f.is(1, protowire.BytesType) {
			continue
		}
		if err := c.queryResult(query, f.bytes); err != nil {
			return err
		}
		query++
	}
	switch {
	case f.err != nil:
		return f.err
	case query != uint64(c.queries):
		return fmt.Errorf("%d of %d queries are answered", query, c.queries)
	}
	return nil
}

// queryResult reads a QueryResult.
func (c *collector) queryResult(query uint64, message []byte) error {
	f := fieldsOf(message)
	for f.next() {
		if !f.is(1, protowire.BytesType) {
			continue
		}
		if err := c.timeSeries(query, f.bytes); err != nil {
			return err
		}
	}
	if f.err != nil {
		return f.err
	}
	return c.flush()
}

// timeSeries reads a TimeSeries.
func (c *collector) timeSeries(query uint64, message []byte) error {
	if err := c.begin(query, message); err != nil {
		return err
	}
	f := fieldsOf(message)
	for f.next() {
		switch {
		case f.is(2, protowire.BytesType):
			if err := errors.Join(c.readSample(f.bytes), c.fits()); err != nil {
				return err
			}
		case f.is(4, protowire.BytesType):
			c.histograms = true
		}
	}
	return f.err
}

// readSample reads a Sample.
func (c *collector) readSample(message []byte) error {
	var (
		t int64
		v float64
	)
	f := fieldsOf(message)
	for f.next() {
		switch {
		case f.is(1, protowire.Fixed64Type):
			v = math.Float64frombits(f.integer)
		case f.is(2, protowire.VarintType):
			t = int64(f.integer)
		}
	}
	if f.err != nil {
		return f.err
	}
	return c.add(t, v)
}
