package promapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// decoder reads an answer of the query API as a stream of tokens. What it keeps of an answer
// is bounded by the builder.
type decoder struct {
	*jsontext.Decoder
	*builder

	answer   Answer
	keeper   Keeper
	status   string
	errText  string
	warnings []string
	partial  bool
	kind     string // of the result
	hasData  bool
	hasRows  bool
	vectors  bool // a row holds one sample
	matrices bool // a row holds samples
}

func decode(r io.Reader, b *builder) (*Answer, error) {
	text := &text{r: r, most: max(shortText, share(b.limit, textShare)), limit: b.limit}
	d := &decoder{Decoder: jsontext.NewDecoder(text, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), builder: b}
	text.done = d.InputOffset
	begun := false
	err := d.object(func(name string) error {
		begun = true
		return d.member(name)
	})
	switch {
	case err != nil && !begun && !errors.Is(err, errTooLarge):
		return nil, fmt.Errorf("%w: %w", errNotPrometheus, err)
	case err != nil:
		return nil, err
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	return &d.answer, nil
}

// end reads on to the end, where nothing must be left. An older VictoriaMetrics that fails when
// it has begun to answer adds its refusal.
func (d *decoder) end() error {
	rest, err := d.ReadValue()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	if text, ok := decodeError(rest); ok {
		return &lateRefusal{text}
	}
	return errors.New("there is more after its end")
}

// text is what a decoder reads. It fails where a token is too long: the decoder holds one as a
// whole, and more.
type text struct {
	r     io.Reader
	done  func() int64 // bytes in whole tokens
	read  int64
	most  int64
	limit int64 // of the answer
}

// shortText may always be in one token.
const shortText = 16 << 10

func (t *text) Read(p []byte) (int, error) {
	if t.read-t.done() > t.most {
		return 0, tooLarge(t.limit)
	}
	n, err := t.r.Read(p)
	t.read += int64(n)
	return n, err
}

// member reads a member of the answer.
func (d *decoder) member(name string) (err error) {
	switch name {
	case "status":
		d.status, err = d.string()
	case "error":
		d.errText, err = d.string()
	case "data":
		d.hasData = true
		err = d.data()
	case "warnings":
		err = d.array(d.warning)
	case "isPartial": // VictoriaMetrics' cluster
		d.partial = d.partial || d.PeekKind() == jsontext.KindTrue
		err = d.SkipValue()
	default:
		err = d.SkipValue()
	}
	return err
}

const someWarnings = 3 // as many as an error repeats

func (d *decoder) warning() error {
	d.partial = true
	if len(d.warnings) == someWarnings {
		return d.SkipValue()
	}
	text, err := d.string()
	d.warnings = append(d.warnings, text)
	return err
}

// check says what is wrong with an answer that was read to its end.
func (d *decoder) check() error {
	switch {
	case d.status == "error":
		return fmt.Errorf("the upstream reports %q", d.errText)
	case d.status != "success" || !d.hasData:
		return fmt.Errorf("%w: it has no status and data", errNotPrometheus)
	case d.kind == "" || !d.hasRows:
		return fmt.Errorf("%w: it has no result, or no type of it", errNotPrometheus)
	case d.partial && len(d.warnings) > 0:
		return fmt.Errorf("%w: %s", errPartial, strings.Join(d.warnings, "; "))
	case d.partial:
		return errPartial
	case d.kind == "vector" && d.matrices || d.kind == "matrix" && d.vectors:
		return fmt.Errorf("its result is called a %s, and is none", d.kind)
	}
	return nil
}

func (d *decoder) data() error {
	return d.object(func(name string) error {
		switch name {
		case "resultType":
			var err error
			if d.kind, err = d.string(); err != nil {
				return err
			}
			if d.kind != "vector" && d.kind != "matrix" {
				return fmt.Errorf("its result type is %q", d.kind)
			}
			return nil
		case "result":
			d.hasRows = true
			return d.array(d.row)
		}
		return d.SkipValue()
	})
}

// object calls member for each name, which must read the value. Null is an empty object.
func (d *decoder) object(member func(name string) error) error {
	return d.between(jsontext.KindBeginObject, jsontext.KindEndObject, func() error {
		name, err := d.string()
		if err != nil {
			return err
		}
		return member(name)
	})
}

// array calls element until the array ends. Null is an empty array.
func (d *decoder) array(element func() error) error {
	return d.between(jsontext.KindBeginArray, jsontext.KindEndArray, element)
}

func (d *decoder) between(begin, end jsontext.Kind, item func() error) error {
	if d.PeekKind() == jsontext.KindNull {
		return d.SkipValue()
	}
	if err := d.expect(begin); err != nil {
		return err
	}
	for d.PeekKind() != end {
		if err := item(); err != nil {
			return err
		}
		if err := d.fits(); err != nil {
			return err
		}
	}
	return d.expect(end)
}

func (d *decoder) expect(kind jsontext.Kind) error {
	token, err := d.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	case token.Kind() != kind:
		return misplaced(token.Kind(), kind)
	}
	return nil
}

// scalar reads a number, or a string in its quotes, as it is written.
func (d *decoder) scalar(kind jsontext.Kind) (jsontext.Value, error) {
	if got := d.PeekKind(); got != kind && got != jsontext.KindInvalid { // an error comes with the value
		return nil, misplaced(got, kind)
	}
	return d.ReadValue()
}

func misplaced(got, want jsontext.Kind) error {
	return fmt.Errorf("%v stands where %v belongs", got, want)
}

// unquoted reads a string. Its bytes are valid until the next token is read.
func (d *decoder) unquoted() ([]byte, error) {
	quoted, err := d.scalar(jsontext.KindString)
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(quoted, '\\') >= 0 {
		text, _ := jsontext.AppendUnquote(nil, quoted) // it can only say that a character is invalid, and is replaced
		return text, nil
	}
	return quoted[1 : len(quoted)-1], nil
}

// text reads a string, of which it returns the one copy.
func (d *decoder) string() (string, error) {
	text, err := d.unquoted()
	if err != nil {
		return "", err
	}
	return d.intern(text), nil
}

// decodeError returns the API's words in the body of a refusal.
func decodeError(body []byte) (string, bool) {
	var refusal struct {
		ErrorType string `json:"errorType"`
		Error     string `json:"error"`
	}
	if err := json.Unmarshal(body, &refusal); err != nil || refusal.Error == "" {
		return "", false
	}
	return refusal.ErrorType + ": " + refusal.Error, true
}
