package cli

import (
	"bytes"
	"fmt"
	"io"
	"unicode"
)

// output is the writer for a command's output. It keeps the first error, because not all code
// that prints checks for errors. On a terminal it replaces control characters, which a label's
// value may contain.
type output struct {
	io.Writer
	terminal bool
	err      error
}

func (o *output) Write(p []byte) (int, error) {
	text := p
	if o.terminal {
		text = printable(p)
	}
	if _, err := o.Writer.Write(text); err != nil {
		if o.err == nil {
			o.err = fmt.Errorf("standard output cannot be written: %w", err)
		}
		return 0, err
	}
	return len(p), nil
}

func printable(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
