package promapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// decoder reads an answer of the query API as a stream, row by row.
type decoder struct {
	*jsontext.Decoder
	rows *rows
}

func decode(r io.Reader, b *builder) (*Answer, error) {
	d := decoder{jsontext.NewDecoder(r, jsontext.AllowDuplicateNames(true)), &rows{builder: b}}
	var (
		answer          Answer
		status, errText string
		hasData         bool
		warnings        []string
		first           = true
	)
	err := d.object(func(name string) error {
		first = false
		switch name {
		case "status":
			return d.string(&status)
		case "error":
			return d.string(&errText)
		case "data":
			hasData = true
			return d.data(&answer)
		case "warnings":
			return d.array(func() error {
				var w string
				if err := d.string(&w); err != nil {
					return err
				}
				warnings = append(warnings, w)
				return nil
			})
		}
		return d.SkipValue()
	})
	switch {
	case err != nil && first && !errors.Is(err, errTooLarge):
		return nil, fmt.Errorf("%w: %w", errNotPrometheus, err)
	case err != nil:
		return nil, err
	case status == "error":
		return nil, fmt.Errorf("the upstream reports %q", errText)
	case status != "success" || !hasData:
		return nil, fmt.Errorf("%w: it has no status and data", errNotPrometheus)
	case len(warnings) > 0:
		return nil, fmt.Errorf("%w: %s", errPartial, strings.Join(warnings, "; "))
	}
	if _, err := d.ReadToken(); err == nil {
		return nil, errors.New("there is more after its end")
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return &answer, nil
}

func (d decoder) data(a *Answer) error {
	known := false
	err := d.object(func(name string) error {
		switch name {
		case "resultType":
			var kind string
			if err := d.string(&kind); err != nil {
				return err
			}
			if kind != "vector" && kind != "matrix" {
				return fmt.Errorf("its result type is %q", kind)
			}
			known = true
			return nil
		case "result":
			return d.array(func() error { return d.series(a) })
		case "stats":
			return d.stats(&a.Stats)
		}
		return d.SkipValue()
	})
	if err == nil && !known {
		return fmt.Errorf("%w: it has no result type", errNotPrometheus)
	}
	return err
}

func (d decoder) series(a *Answer) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	if err := d.rows.series(raw); err != nil {
		return err
	}
	if !d.rows.empty() {
		a.Series = append(a.Series, d.rows.take())
	}
	return nil
}

func (d decoder) stats(s *Stats) error {
	return d.object(func(name string) error {
		if name != "samples" {
			return d.SkipValue()
		}
		return d.object(func(name string) error {
			switch name {
			case "totalQueryableSamples":
				s.Known = true
				return d.int(&s.SamplesRead)
			case "peakSamples":
				return d.int(&s.PeakSamples)
			}
			return d.SkipValue()
		})
	})
}

// object calls member for each name, which must read the value. Null is an empty object.
func (d decoder) object(member func(name string) error) error {
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	if err := d.expect('{'); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := member(token.String()); err != nil {
			return err
		}
	}
	return d.expect('}')
}

// array calls element until the array ends. Null is an empty array.
func (d decoder) array(element func() error) error {
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	if err := d.expect('['); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	return d.expect(']')
}

func (d decoder) expect(kind jsontext.Kind) error {
	token, err := d.ReadToken()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	if token.Kind() != kind {
		return fmt.Errorf("%v stands where %v belongs", token.Kind(), kind)
	}
	return nil
}

func (d decoder) string(s *string) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '"' {
		return fmt.Errorf("%v stands where a string belongs", token.Kind())
	}
	*s = token.String()
	return nil
}

func (d decoder) int(i *int64) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '0' {
		return fmt.Errorf("%v stands where a number belongs", token.Kind())
	}
	*i, err = token.Int()
	return err
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
