package promapi

import (
	"bytes"
	"fmt"
)

// cursor walks over one JSON value whose syntax has been checked already, so that it needs
// no commas and colons to know where it is.
type cursor struct{ rest []byte }

// next returns the next token: a bracket, a string in its quotes, or a literal. Its kind is
// its first byte, '0' for any number, and 0 at the end.
func (c *cursor) next() (kind byte, token []byte) {
	i := 0
	for i < len(c.rest) && (c.rest[i] <= ' ' || c.rest[i] == ',' || c.rest[i] == ':') {
		i++
	}
	c.rest = c.rest[i:]
	if len(c.rest) == 0 {
		return 0, nil
	}
	n := 1
	switch kind = c.rest[0]; kind {
	case '{', '}', '[', ']':
	case '"':
		n = stringLength(c.rest)
	default:
		for n < len(c.rest) && c.rest[n] > ' ' && c.rest[n] != ',' && c.rest[n] != ']' && c.rest[n] != '}' {
			n++
		}
		if kind == '-' || '0' <= kind && kind <= '9' {
			kind = '0'
		}
	}
	token, c.rest = c.rest[:n], c.rest[n:]
	return kind, token
}

// stringLength returns how long the string is that text begins with, in its quotes.
func stringLength(text []byte) int {
	n := 1 + bytes.IndexByte(text[1:], '"') + 1
	if bytes.IndexByte(text[:n], '\\') < 0 {
		return n
	}
	for n = 1; text[n] != '"'; n++ {
		if text[n] == '\\' {
			n++
		}
	}
	return n + 1
}

// skip passes over the next value.
func (c *cursor) skip() {
	for depth := 0; ; {
		switch kind, _ := c.next(); kind {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth == 0 {
			return
		}
	}
}

// object calls member with each name, in its quotes; member reads the value.
func (c *cursor) object(member func(name []byte) error) error { return c.each('{', '}', member) }

// array calls element with the first token of each element; element reads the others.
func (c *cursor) array(element func(first []byte) error) error { return c.each('[', ']', element) }

// each reads what is between two brackets. Null is nothing.
func (c *cursor) each(open, end byte, read func(token []byte) error) error {
	kind, token := c.next()
	switch {
	case kind == 'n':
		return nil
	case kind != open:
		return fmt.Errorf("%s stands where %c belongs", token, open)
	}
	for {
		kind, token := c.next()
		if kind == end {
			return nil
		}
		if err := read(token); err != nil {
			return err
		}
	}
}
