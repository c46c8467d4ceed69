package promapi

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// VictoriaMetrics' native format is the range in time, and then blocks as they are stored: a
// series' name, and up to some thousand of its samples, some of them outside the range. The
// blocks of a series are in no order. It is described by its writer alone (lib/storage/block.go
// and lib/encoding of VictoriaMetrics) and may change with a release: whoever reads it must make
// sure that it says what queries say.

const (
	mostName  = 64 << 10
	mostBlock = 1 << 20
	mostRows  = 16 << 10 // of a block
)

// native reads an answer in the native format.
type native struct {
	*builder
	r    *bufio.Reader
	zstd *zstd.Decoder

	series map[string]*pieces // by name, as it is written
	order  []*pieces

	name, block, plain []byte
	times, values      []int64
}

// pieces are what the blocks of one series hold.
type pieces struct {
	labels  Labels
	samples []Sample
}

func newNative(r io.Reader, b *builder) (*native, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(mostBlock))
	if err != nil {
		return nil, err
	}
	return &native{builder: b, r: bufio.NewReader(r), zstd: z, series: map[string]*pieces{}}, nil
}

func (n *native) close() { n.zstd.Close() }

// readAll reads all blocks.
func (n *native) readAll() error {
	var begin [16]byte
	if _, err := io.ReadFull(n.r, begin[:]); err != nil {
		return noBlock(err)
	}
	if from, to := fixed(begin[:8]), fixed(begin[8:]); from != n.from || to != n.to-1 {
		return fmt.Errorf("%w: it is of the time from %d to %d", errNewChunks, from, to)
	}
	for {
		name, err := n.part(&n.name, mostName)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return noBlock(err)
		}
		block, err := n.part(&n.block, mostBlock)
		if err != nil {
			return noBlock(err)
		}
		if err := n.read(name, block); err != nil {
			return err
		}
	}
}

// noBlock says that an answer ends, or has something else, where a block belongs.
func noBlock(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends within a block", errNewChunks)
	}
	return err
}

// fixed reads a signed integer of 8 bytes.
func fixed(b []byte) int64 {
	u := binary.BigEndian.Uint64(b)
	return int64(u>>1) ^ -int64(u&1)
}

// part reads what follows its own length. The error is io.EOF where nothing is left.
func (n *native) part(buffer *[]byte, most uint32) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(n.r, size[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(size[:])
	if length > most {
		return nil, fmt.Errorf("%w: a part of it has %d bytes", errNewChunks, length)
	}
	*buffer = slices.Grow((*buffer)[:0], int(length))[:length]
	switch _, err := io.ReadFull(n.r, *buffer); {
	case errors.Is(err, io.EOF):
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	}
	return *buffer, nil
}

// read adds a block to its series.
func (n *native) read(name, block []byte) error {
	p := n.series[string(name)]
	if p == nil {
		labels, err := n.labels(name)
		if err != nil {
			return err
		}
		p = &pieces{labels: labels}
		n.series[string(name)] = p
		n.order = append(n.order, p)
		n.kept += Series{Labels: labels}.Size() + stringSize + int64(len(name))
	}
	before := len(p.samples)
	if err := n.samples(p, block); err != nil {
		return err
	}
	n.kept += sampleSize * int64(len(p.samples)-before)
	return n.fits()
}

// labels reads a name: the metric's, and then names and values of labels, each with a 1 at its end.
func (n *native) labels(name []byte) (Labels, error) {
	labels := Labels{{Name: "__name__"}}
	for i := 0; len(name) > 0; i++ {
		end := bytes.IndexByte(name, 1)
		if end < 0 {
			return nil, fmt.Errorf("%w: a name has no end", errNewChunks)
		}
		text := n.intern(unescaped(name[:end]))
		name = name[end+1:]
		if i%2 == 1 {
			labels = append(labels, Label{Name: text})
		} else {
			labels[len(labels)-1].Value = text
		}
	}
	if labels[0].Value == "" {
		labels = labels[1:]
	}
	return labels, sortLabels(labels)
}

// unescaped returns a text in which 0, 1 and 2 are written as a 0 and a digit.
func unescaped(text []byte) []byte {
	if bytes.IndexByte(text, 0) < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == 0 && i+1 < len(text) {
			i++
			out = append(out, text[i]-'0')
			continue
		}
		out = append(out, text[i])
	}
	return out
}

// handOn hands on the series.
func (n *native) handOn(each func(Series) error) error {
	for _, p := range n.order {
		slices.SortFunc(p.samples, func(a, b Sample) int { return cmp.Or(cmp.Compare(a.T, b.T), cmp.Compare(b.V, a.V)) }) // a NaN last
		n.begin()
		n.now.Labels = append(n.now.Labels, p.labels...)
		for _, s := range p.samples {
			if err := n.rawValue(s.T, s.V); err != nil {
				return err
			}
		}
		if n.empty() {
			continue
		}
		if err := each(n.now); err != nil {
			return err
		}
	}
	return nil
}
