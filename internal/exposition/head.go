package exposition

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"slices"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Encoding is an HTTP content coding.
type Encoding string

// The encodings of a page.
const (
	Identity Encoding = "identity"
	Gzip     Encoding = "gzip"
	Zstd     Encoding = "zstd"
)

// Form is a format and an encoding. A page keeps each form from the first request for it.
type Form struct {
	Format   expfmt.Format
	Encoding Encoding
}

// forms returns all forms.
func forms() []Form {
	var all []Form
	for _, format := range []expfmt.Format{expfmt.FmtText, expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtProtoDelim} {
		for _, format := range []expfmt.Format{format, format.WithEscapingScheme(model.DotsEscaping)} {
			for _, encoding := range []Encoding{Identity, Gzip, Zstd} {
				all = append(all, Form{format, encoding})
			}
		}
	}
	return all
}

// Formats returns the formats that a page can have, by preference. They are promhttp's without
// readable protobuf, which no scraper asks for.
func Formats() []expfmt.Format {
	return slices.DeleteFunc(expfmt.DefaultOpenMetricsAcceptedFormats(), func(f expfmt.Format) bool {
		return f.FormatType() == expfmt.TypeProtoText || f.FormatType() == expfmt.TypeProtoCompact
	})
}

// FormOf returns the form that has the bytes of one of the formats. Only one of the escaping
// schemes changes the names of this exporter, and OpenMetrics' older version has the same bytes.
func FormOf(format expfmt.Format, encoding Encoding) Form {
	same := expfmt.FmtText
	switch format.FormatType() {
	case expfmt.TypeOpenMetrics:
		same = expfmt.FmtOpenMetrics_1_0_0
	case expfmt.TypeProtoDelim:
		same = expfmt.FmtProtoDelim
	}
	if format.ToEscapingScheme() == model.DotsEscaping {
		same = same.WithEscapingScheme(model.DotsEscaping)
	}
	return Form{same, encoding}
}

// Head is an encoded page, the beginning of a scrape's body. AppendTail appends the rest.
type Head struct {
	encoding Encoding
	bytes    chunks
	sum      sum    // of a gzip member
	parts    []part // where it is not compressed
}

// part is one family's part of a head, from the end of the part before.
type part struct {
	family string
	end    int
}

// gzipHeader has neither name nor time (RFC 1952, 2.3.1).
const gzipHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

// empty returns the head of a body without a page.
func empty(encoding Encoding) Head {
	h := Head{encoding: encoding}
	if encoding == Gzip {
		h.bytes = chunks{[]byte(gzipHeader)}
	}
	return h
}

func encode(families iter.Seq[*dto.MetricFamily], form Form) (Head, error) {
	h := Head{encoding: form.Encoding}
	// The encoder is not closed: OpenMetrics' last line belongs to the tail.
	plain := func(w io.Writer) error {
		enc := expfmt.NewEncoder(w, form.Format)
		for f := range families {
			if err := enc.Encode(f); err != nil {
				return err
			}
			h.parts = append(h.parts, part{f.GetName(), h.Len()})
		}
		return nil
	}
	var err error
	switch form.Encoding {
	case Identity:
		err = plain(&h.bytes)
	case Gzip:
		h.sum, err = openMember(&h.bytes, plain)
	case Zstd:
		err = frame(&h.bytes, plain)
	}
	if err != nil {
		return Head{}, fmt.Errorf("page as %s, %s: %w", form.Format, form.Encoding, err)
	}
	h.bytes.clip()
	return h, nil
}

// Only returns the given families of an uncompressed head. It shares the head's bytes.
func (h Head) Only(families []string) Head {
	only := Head{encoding: h.encoding}
	begin := 0
	for _, p := range h.parts {
		if slices.Contains(families, p.family) {
			only.bytes = append(only.bytes, h.bytes.between(begin, p.end)...)
		}
		begin = p.end
	}
	return only
}

// openMember writes a gzip member without its end. Several members would be valid, but curl and
// browsers read only the first one.
func openMember(out io.Writer, plain func(io.Writer) error) (sum, error) {
	var s sum
	if _, err := io.WriteString(out, gzipHeader); err != nil {
		return s, err
	}
	w, err := flate.NewWriter(out, flate.DefaultCompression)
	if err != nil {
		return s, err
	}
	if err := plain(io.MultiWriter(w, &s)); err != nil {
		return s, err
	}
	return s, w.Flush() // to a byte boundary
}

// frame writes a zstd frame. A body may have several (RFC 8878, 3.1).
func frame(out io.Writer, plain func(io.Writer) error) error {
	w, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return err
	}
	if err := plain(w); err != nil {
		return err
	}
	return w.Close()
}

// Len returns how many bytes WriteTo writes.
func (h Head) Len() int {
	n := 0
	for _, chunk := range h.bytes {
		n += len(chunk)
	}
	return n
}

// WriteTo writes the head, as an io.WriterTo.
func (h Head) WriteTo(w io.Writer) (int64, error) {
	written := int64(0)
	for _, chunk := range h.bytes {
		n, err := w.Write(chunk)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// AppendTail appends to dst what follows the head, so that both together decompress to the page
// and the rest.
func (h Head) AppendTail(dst *bytes.Buffer, rest []byte) error {
	switch h.encoding {
	case Gzip:
		if err := flate.StatelessDeflate(dst, rest, true, nil); err != nil {
			return err
		}
		h.sum.add(rest)
		trailer := binary.LittleEndian.AppendUint32(dst.AvailableBuffer(), h.sum.crc)
		dst.Write(binary.LittleEndian.AppendUint32(trailer, h.sum.size))
	case Zstd:
		dst.Write(zstd.EncodeTo(dst.AvailableBuffer(), rest))
	default:
		dst.Write(rest)
	}
	return nil
}

// sum is the checksum and the size at the end of a gzip member (RFC 1952, 2.3.1).
type sum struct {
	crc  uint32
	size uint32 // modulo 2^32
}

func (s *sum) add(p []byte) {
	s.crc = crc32.Update(s.crc, crc32.IEEETable, p)
	s.size += uint32(len(p))
}

// Write adds, as an io.Writer.
func (s *sum) Write(p []byte) (int, error) {
	s.add(p)
	return len(p), nil
}

// chunks hold what is written without copying it: a growing buffer would hold it up to three
// times.
type chunks [][]byte

const chunkSize = 1 << 20

func (c *chunks) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		last := len(*c) - 1
		if last < 0 || len((*c)[last]) == chunkSize {
			*c = append(*c, make([]byte, 0, chunkSize))
			continue
		}
		chunk := (*c)[last]
		n := min(len(p), chunkSize-len(chunk))
		(*c)[last], p = append(chunk, p[:n]...), p[n:]
	}
	return written, nil
}

// between returns a range of bytes without copying them.
func (c chunks) between(from, to int) (out chunks) {
	for i, chunk := range c {
		begin, end := max(from-i*chunkSize, 0), min(to-i*chunkSize, len(chunk))
		if begin < end {
			out = append(out, chunk[begin:end])
		}
	}
	return out
}

// clip releases unused capacity.
func (c chunks) clip() {
	if last := len(c) - 1; last >= 0 {
		c[last] = bytes.Clone(c[last])
	}
}
