package promapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/gzip"
)

var errTooLarge = errors.New("the answer is too large")

func tooLarge(limit int64) error {
	return fmt.Errorf("%w: with what is made of it, it takes more than %d bytes", errTooLarge, limit)
}

// body reads an answer, decompressed. It fails, rather than ends, when there is more than the
// limit.
type body struct {
	resp        *http.Response
	r           io.Reader // nil before the first read
	left, limit int64
	broken      error // the transport's failure, as opposed to the answer's
	received    int64 // bytes on the way
}

func (b *body) Read(p []byte) (int, error) {
	if b.r == nil {
		b.r = transport{b}
		if b.resp.Header.Get("Content-Encoding") == "gzip" {
			r, err := gzip.NewReader(b.r)
			if err != nil {
				return 0, err
			}
			b.r = r
		}
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left+1)]) // one more shows that there is more
	if int64(n) > b.left {
		return 0, tooLarge(b.limit)
	}
	b.left -= int64(n)
	return n, err
}

// transport reads an answer as it arrives, and takes note of what breaks it off.
type transport struct{ *body }

func (t transport) Read(p []byte) (int, error) {
	n, err := t.resp.Body.Read(p)
	t.received += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		t.broken = err
	}
	return n, err
}
