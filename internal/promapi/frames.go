package promapi

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

var (
	errFrameEnd = errors.New("the stream ends inside a frame")
	errChecksum = errors.New("a frame's checksum is wrong")
)

// frames reads a stream of messages, each in a frame: its length as a varint, a CRC-32
// (Castagnoli) of it in four bytes, and the message.
type frames struct {
	r      *bufio.Reader
	left   int64 // how many bytes may still come
	most   int64 // bytes of one message
	limit  int64
	table  *crc32.Table
	buffer []byte
}

// usualFrame is more than what servers put into a frame unless they are told to.
const usualFrame = 5 << 18

func newFrames(r io.Reader, limit int64) *frames {
	most := max(share(limit, frameShare), min(usualFrame, limit/4))
	return &frames{r: bufio.NewReader(r), left: limit, most: most, limit: limit, table: crc32.MakeTable(crc32.Castagnoli)}
}

// next returns the next message, which is valid until next is called again, or io.EOF where
// the stream ends between two frames.
func (f *frames) next() ([]byte, error) {
	if _, err := f.r.Peek(1); err != nil {
		return nil, err
	}
	length, err := f.length()
	if err != nil {
		return nil, err
	}
	var sum [crc32.Size]byte
	if _, err := io.ReadFull(f.r, sum[:]); err != nil {
		return nil, insideFrame(err)
	}
	if err := f.read(length); err != nil {
		return nil, insideFrame(err)
	}
	if crc32.Checksum(f.buffer, f.table) != binary.BigEndian.Uint32(sum[:]) {
		return nil, errChecksum
	}
	return f.buffer, nil
}

// length reads the next message's length, and refuses what is more than may come.
func (f *frames) length() (int, error) {
	length, err := binary.ReadUvarint(f.r)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return 0, insideFrame(err)
	case err != nil:
		return 0, fmt.Errorf("a frame's length: %w", err)
	case length > uint64(min(f.left, f.most)):
		return 0, tooLarge(f.limit)
	}
	f.left -= int64(length)
	return int(length), nil
}

// read fills the buffer with n bytes. It grows with what arrives, not with what is announced.
func (f *frames) read(n int) error {
	f.buffer = f.buffer[:0]
	for len(f.buffer) < n {
		have := len(f.buffer)
		more := min(n-have, max(cap(f.buffer)-have, have, 64<<10))
		f.buffer = slices.Grow(f.buffer, more)[:have+more]
		if got, err := io.ReadFull(f.r, f.buffer[have:]); err != nil {
			f.buffer = f.buffer[:have+got]
			return err
		}
	}
	return nil
}

func insideFrame(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errFrameEnd
	}
	return err
}
