package promapi

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/value"
)

// What is stored of the integers of a block, besides the first one.
const (
	zstdDelta2 = 1 // delta2, compressed
	deltaConst = 2 // by how much each differs from the one before, which is always the same
	constant   = 3 // nothing: all are the same
	zstdDelta  = 4 // delta, compressed
	delta2     = 5 // by how much each difference differs from the one before
	delta      = 6 // by how much each differs from the one before
)

// samples reads a block: what it has of everything, then its times, and its values, which are
// integers times a power of ten.
func (n *native) samples(p *pieces, block []byte) error {
	f := ints{rest: block}
	oldest, newest, first := f.signed(), f.signed(), f.signed()
	rows, scale := f.unsigned(), f.signed()
	timesAre, valuesAre, _ := f.byte(), f.byte(), f.byte()
	times, values := f.bytes(), f.bytes()
	if f.bad || len(f.rest) > 0 || rows == 0 || rows > mostRows || scale < math.MinInt16 || scale > math.MaxInt16 {
		return fmt.Errorf("%w: a block has no such header", errNewChunks)
	}
	if newest < n.from || oldest >= n.to {
		return nil
	}
	var err error
	if n.times, err = n.integers(n.times[:0], times, timesAre, oldest, int(rows)); err != nil {
		return err
	}
	if n.times[rows-1] != newest || !slices.IsSorted(n.times) {
		return fmt.Errorf("%w: the times of a block are not those of its header", errNewChunks)
	}
	if n.values, err = n.integers(n.values[:0], values, valuesAre, first, int(rows)); err != nil {
		return err
	}
	from, _ := slices.BinarySearch(n.times, n.from)
	to, _ := slices.BinarySearch(n.times, n.to)
	p.samples = slices.Grow(p.samples, to-from)
	for i, power := from, math.Pow10(int(max(scale, -scale))); i < to; i++ {
		p.samples = append(p.samples, Sample{n.times[i], scaled(n.values[i], scale, power)})
	}
	return nil
}

// scaled returns a value. Three integers stand for what is no number.
func scaled(v, scale int64, power float64) float64 {
	switch {
	case v == math.MaxInt64:
		return math.Inf(1)
	case v == math.MinInt64:
		return math.Inf(-1)
	case v == math.MaxInt64-1:
		return math.Float64frombits(value.StaleNaN)
	case scale < 0:
		return float64(v) / power
	}
	return float64(v) * power
}

// integers reads so many, of which the first one is known.
func (n *native) integers(to []int64, stored []byte, how byte, first int64, count int) ([]int64, error) {
	if how == zstdDelta || how == zstdDelta2 {
		var err error
		if n.plain, err = n.zstd.DecodeAll(stored, n.plain[:0]); err != nil {
			return nil, fmt.Errorf("%w: %w", errNewChunks, err)
		}
		stored = n.plain
	}
	f := ints{rest: stored}
	next := func() int64 { return 0 } // by how much the next one differs from the one before
	switch difference := int64(0); how {
	case constant:
	case deltaConst:
		difference = f.signed()
		next = func() int64 { return difference }
	case delta, zstdDelta:
		next = f.signed
	case delta2, zstdDelta2:
		next = func() int64 { difference += f.signed(); return difference }
	default:
		return nil, fmt.Errorf("%w: integers of type %d", errNewChunks, how)
	}
	to = append(slices.Grow(to, count), first)
	for range count - 1 {
		first += next()
		to = append(to, first)
	}
	if f.bad || len(f.rest) > 0 {
		return nil, fmt.Errorf("%w: a block has not as many integers as its header says", errNewChunks)
	}
	return to, nil
}

// ints are integers in a row, each in as many bytes as it needs.
type ints struct {
	rest []byte
	bad  bool
}

func (f *ints) signed() int64 {
	v, n := binary.Varint(f.rest)
	f.skip(n)
	return v
}

func (f *ints) unsigned() uint64 {
	v, n := binary.Uvarint(f.rest)
	f.skip(n)
	return v
}

func (f *ints) byte() byte {
	if len(f.rest) == 0 {
		f.bad = true
		return 0
	}
	b := f.rest[0]
	f.rest = f.rest[1:]
	return b
}

// bytes reads what follows its own length.
func (f *ints) bytes() []byte {
	length := f.unsigned()
	if f.bad || length > uint64(len(f.rest)) {
		f.bad = true
		return nil
	}
	out := f.rest[:length]
	f.rest = f.rest[length:]
	return out
}

// skip goes on after what was read. There was nothing to read where that has no bytes.
func (f *ints) skip(n int) {
	if n <= 0 {
		f.rest, f.bad = nil, true
		return
	}
	f.rest = f.rest[n:]
}
