package promapi

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

var errWire = errors.New("it is not the protobuf message that belongs here")

// fields walks over the fields of a protobuf message, as a bufio.Scanner over lines.
type fields struct {
	rest []byte
	err  error

	// The current field.
	number  protowire.Number
	wire    protowire.Type
	integer uint64 // of a varint, or of 64 bits
	bytes   []byte // of a string or a message
}

func fieldsOf(message []byte) fields { return fields{rest: message} }

// next goes on to the next field, and returns false at the end, or where there is none.
func (f *fields) next() bool {
	if len(f.rest) == 0 {
		return false
	}
	var n int
	if f.number, f.wire, n = protowire.ConsumeTag(f.rest); n > 0 {
		f.rest = f.rest[n:]
		switch f.wire {
		case protowire.VarintType:
			f.integer, n = protowire.ConsumeVarint(f.rest)
		case protowire.Fixed64Type:
			f.integer, n = protowire.ConsumeFixed64(f.rest)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(f.rest)
		default:
			n = protowire.ConsumeFieldValue(f.number, f.wire, f.rest)
		}
	}
	if n < 0 {
		f.rest, f.err = nil, errWire
		return false
	}
	f.rest = f.rest[n:]
	return true
}

// is says whether the current field is the one of that number and type. One of that number and
// another type is skipped, like one that is not known.
func (f *fields) is(number protowire.Number, wire protowire.Type) bool {
	return f.number == number && f.wire == wire
}
