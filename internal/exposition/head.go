package exposition

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"iter"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Encoding is an HTTP content coding.
type Encoding string

// The encodings in which a page can be had.
const (
	Identity Encoding = "identity"
	Gzip     Encoding = "gzip"
	Zstd     Encoding = "zstd"
)

// Form is a format and an encoding in which a page is kept from when it is first asked
// for.
type Form struct {
	Format   expfmt.Format
	Encoding Encoding
}

// forms are all there are.
func forms() []Form {
	var all []Form
	for _, format := range []expfmt.Format{expfmt.FmtText, expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtProtoDelim} {
		for _, encoding := range []Encoding{Identity, Gzip, Zstd} {
			all = append(all, Form{format, encoding})
		}
	}
	return all
}

// FormOf returns the form that has the bytes of the given format. There is none for
// what no scraper asks for: protobuf made readable, and names with their underscores
// escaped. Other escaping schemes change nothing in names like ours, nor does
// OpenMetrics' older version.
func FormOf(format expfmt.Format, encoding Encoding) (Form, bool) {
	if format.ToEscapingScheme() == model.DotsEscaping {
		return Form{}, false
	}
	switch format.FormatType() {
	case expfmt.TypeTextPlain:
		return Form{expfmt.FmtText, encoding}, true
	case expfmt.TypeOpenMetrics:
		return Form{expfmt.FmtOpenMetrics_1_0_0, encoding}, true
	case expfmt.TypeProtoDelim:
		return Form{expfmt.FmtProtoDelim, encoding}, true
	}
	return Form{}, false
}

// Head is a page as the beginning of a scrape's body. What a scrape adds is joined to
// it by AppendTail.
type Head struct {
	encoding Encoding
	bytes    chunks
	sum      sum // of a gzip member
}

// gzipHeader has neither name nor time (RFC 1952, 2.3.1).
const gzipHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

// empty is the head of a body without a page.
func empty(encoding Encoding) Head {
	h := Head{encoding: encoding}
	if encoding == Gzip {
		h.bytes = chunks{[]byte(gzipHeader)}
	}
	return h
}

func encode(families iter.Seq[*dto.MetricFamily], form Form) (Head, error) {
	// The encoder is left open: OpenMetrics' last line is the tail's.
	plain := func(w io.Writer) error {
		enc := expfmt.NewEncoder(w, form.Format)
		for f := range families {
			if err := enc.Encode(f); err != nil {
				return err
			}
		}
		return nil
	}
	h := Head{encoding: form.Encoding}
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

// openMember writes a gzip member that is open at its end. Members could follow each
// other, but curl and browsers read the first one only.
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
	return s, w.Flush() // up to a whole byte
}

// frame writes a zstd frame. Frames may follow each other (RFC 8878, 3.1).
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

// Len is how many bytes WriteTo writes.
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

// AppendTail appends to dst what has to follow the head, so that both together unpack
// to the page and the rest.
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

// sum is what a gzip member's end has to say of what it unpacks to (RFC 1952, 2.3.1).
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

// chunks take what is written without ever copying it: a buffer that grows holds it
// three times.
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

// clip gives back the room for more.
func (c chunks) clip() {
	if last := len(c) - 1; last >= 0 {
		c[last] = bytes.Clone(c[last])
	}
}
