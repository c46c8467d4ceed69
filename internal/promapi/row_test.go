package promapi

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzRow reads rows as an answer's are read, and by way of a tree.
func FuzzRow(f *testing.F) {
	for _, row := range []string{
		`{"metric":{"pod":"a"},"value":[1700000000.123,"0.5"]}`,
		`{"metric":{"pod":"a"},"values":[[1700000000,"1"],[1700000030.5,"-2e-3"]],"value":[1,"1e21"]}`,
		` { "metric" : { "a" : "b" , "c":"" } , "more" : [ { "x" : [ 1 , true , null , "]}" ] } , { } ] , "values" : [ [ 1 , "2" ] , [ 2 , "3" ] ] } `,
		`{"metric":{"a\"b":"c\\","\u00e4\ud83d\ude00":"\n\/","ü":"😀"},"value":[1,"1"]}`,
		`{"metric":null,"values":null}`, `{}`, `null`, `{"values":[],"metric":{}}`,
		`{"metric":{"a":1},"value":[1,"1"]}`, `{"metric":[],"value":[1,"1"]}`, `{"metric":{"a":{}}}`,
		`{"value":{}}`, `{"value":[]}`, `{"value":[1]}`, `{"value":[1,"1",2]}`, `{"value":["1",1]}`, `{"value":[1,""]}`,
		`{"value":null}`, `{"value":7}`, `{"value":[1e999,"1"]}`, `{"value":[1,"0x1p-2"]}`, `{"value":[1,"NaN"]}`, `{"value":[1,"-Inf"]}`,
		`{"values":[1,"1"]}`, `{"values":[[1,"1"],7]}`, `{"values":{"a":[1,"1"]}}`,
		`{"histogram":[1,{"count":"1"}]}`, `[]`, `7`, `"{}"`,
	} {
		f.Add(row)
	}
	f.Fuzz(func(t *testing.T, row string) {
		tree, err := grow(jsontext.NewDecoder(strings.NewReader(row), jsontext.AllowDuplicateNames(true)))
		raw := jsontext.Value(row)
		if err != nil || !raw.IsValid(jsontext.AllowDuplicateNames(true)) {
			t.Skip("the syntax is checked before")
		}
		want, wantErr := fromTree(tree)
		r := rows{newBuilder(math.MinInt64, math.MaxInt64, 1<<20)}
		err = r.series(raw)
		got := r.take()
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, want %v", err, wantErr)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err == nil && diff != "" {
			t.Error(diff)
		}
	})
}

type member struct {
	name  string
	value any
}

// grow makes a tree of the next JSON value: of members, elements, strings and numbers.
func grow(d *jsontext.Decoder) (any, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		object := []member{}
		for d.PeekKind() == '"' {
			name, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			m := member{name: name.String()}
			if m.value, err = grow(d); err != nil {
				return nil, err
			}
			object = append(object, m)
		}
		_, err := d.ReadToken()
		return object, err
	case '[':
		array := []any{}
		for d.PeekKind() != ']' {
			element, err := grow(d)
			if err != nil {
				return nil, err
			}
			array = append(array, element)
		}
		_, err := d.ReadToken()
		return array, err
	case '"':
		return token.String(), nil
	case '0':
		number, err := token.Float()
		if err != nil {
			number = math.Inf(1)
		}
		return number, nil
	case 'n':
		return nil, nil
	}
	return token.Bool(), nil
}

var errTree = errors.New("not as a row has it")

func fromTree(tree any) (s Series, err error) {
	row, ok := tree.([]member)
	if !ok && tree != nil {
		return s, errTree
	}
	sample := func(of any) error {
		pair, _ := of.([]any)
		if len(pair) != 2 {
			return errTree
		}
		seconds, isNumber := pair[0].(float64)
		text, isString := pair[1].(string)
		v, err := strconv.ParseFloat(text, 64)
		if !isNumber || !isString || math.IsInf(seconds, 0) || err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return errTree
		}
		at := int64(math.Round(seconds * 1000))
		if n := len(s.Samples); n > 0 && at <= s.Samples[n-1].T {
			return errTree
		}
		s.Samples = append(s.Samples, Sample{at, v})
		return nil
	}
	for _, m := range row {
		switch m.name {
		case "metric":
			labels, ok := m.value.([]member)
			if !ok && m.value != nil {
				return s, errTree
			}
			for _, l := range labels {
				value, ok := l.value.(string)
				if !ok {
					return s, errTree
				}
				s.Labels = append(s.Labels, Label{l.name, value})
			}
		case "value":
			if err := sample(m.value); err != nil {
				return s, err
			}
		case "values":
			all, ok := m.value.([]any)
			if !ok && m.value != nil {
				return s, errTree
			}
			for _, x := range all {
				if err := sample(x); err != nil {
					return s, err
				}
			}
		case "histogram", "histograms":
			return s, errTree
		}
	}
	if len(s.Samples) == 0 {
		return s, errTree
	}
	return s, nil
}
