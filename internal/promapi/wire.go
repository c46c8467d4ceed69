package promapi

import (
	"errors"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
)

var errWire = errors.New("it is not the protobuf message that belongs here")

// field is a field of a protobuf message: a number where it is a varint, bits where it has
// 64 of them, bytes where it is a string or a message.
type field struct {
	number  protowire.Number
	wire    protowire.Type
	integer uint64
	bytes   []byte
}

// fields returns a message's fields in order. A field's error is the last one.
func fields(message []byte) iter.Seq2[field, error] {
	return func(yield func(field, error) bool) {
		for len(message) > 0 {
			f, n := nextField(message)
			if n < 0 {
				yield(field{}, errWire)
				return
			}
			message = message[n:]
			if !yield(f, nil) {
				return
			}
		}
	}
}

// nextField reads one field, and returns its length, or a negative number.
func nextField(message []byte) (f field, length int) {
	number, wire, tag := protowire.ConsumeTag(message)
	if tag < 0 {
		return f, tag
	}
	f.number, f.wire, message = number, wire, message[tag:]
	switch wire {
	case protowire.VarintType:
		f.integer, length = protowire.ConsumeVarint(message)
	case protowire.Fixed64Type:
		f.integer, length = protowire.ConsumeFixed64(message)
	case protowire.BytesType:
		f.bytes, length = protowire.ConsumeBytes(message)
	default:
		length = protowire.ConsumeFieldValue(number, wire, message)
	}
	if length < 0 {
		return f, length
	}
	return f, tag + length
}

// is says whether a field is the one of that number and type. One of that number and another
// type is skipped, like one that is not known.
func (f field) is(number protowire.Number, wire protowire.Type) bool {
	return f.number == number && f.wire == wire
}
