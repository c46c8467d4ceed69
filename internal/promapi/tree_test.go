package promapi

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The slow twin of the decoder: it makes a tree of an answer, and series of the tree.

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
		return number(token.String()), nil
	case 'n':
		return nil, nil
	}
	return token.Bool(), nil
}

// number is one as it is written.
type number string

var errTree = errors.New("not as an answer has it")

// get asserts that a value is a T, or null where that may be.
func get[T any](value any, orNull bool) T {
	t, ok := value.(T)
	if !ok && !(orNull && value == nil) {
		panic(errTree)
	}
	return t
}

func require(condition bool) {
	if !condition {
		panic(errTree)
	}
}

func seriesOf(tree any) (all []Series, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	var status, kind string
	var result bool
	for _, m := range get[[]member](tree, true) {
		switch m.name {
		case "status":
			status = get[string](m.value, false)
		case "error":
			get[string](m.value, false)
		case "isPartial":
			require(m.value != true)
		case "warnings":
			require(len(get[[]any](m.value, true)) == 0)
		case "data":
			for _, m := range get[[]member](m.value, true) {
				switch m.name {
				case "resultType":
					kind = get[string](m.value, false)
					require(kind == "vector" || kind == "matrix")
				case "result":
					result = true
					for _, row := range get[[]any](m.value, true) {
						all = append(all, seriesOfRow(row))
					}
				}
			}
		}
	}
	require(status == "success" && result && kind != "")
	// Which of value and values the rows have is looked up again.
	for _, m := range get[[]member](tree, true) {
		if m.name == "data" {
			for _, m := range get[[]member](m.value, true) {
				if m.name == "result" {
					for _, row := range get[[]any](m.value, true) {
						isVector := slices.ContainsFunc(get[[]member](row, true), func(m member) bool { return m.name == "value" })
						require(isVector == (kind == "vector"))
					}
				}
			}
		}
	}
	return all, nil
}

func seriesOfRow(row any) (s Series) {
	var one, many [][2]float64
	histograms := false
	for _, m := range get[[]member](row, true) {
		switch m.name {
		case "metric":
			for _, l := range get[[]member](m.value, true) {
				s.Labels = append(s.Labels, Label{l.name, get[string](l.value, false)})
			}
		case "value":
			one = append(one, pairOf(m.value))
		case "values":
			for _, x := range get[[]any](m.value, true) {
				many = append(many, pairOf(x))
			}
		case "histograms":
			histograms = true
		case "histogram":
			panic(errTree)
		}
	}
	require(len(one) == 1 && len(many) == 0 && !histograms || len(one) == 0 && (len(many) > 0 || histograms))
	slices.SortFunc(s.Labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	require(len(slices.CompactFunc(slices.Clone(s.Labels), func(a, b Label) bool { return a.Name == b.Name })) == len(s.Labels))
	if len(one) == 1 {
		require(!math.IsNaN(one[0][1]) && !math.IsInf(one[0][1], 0))
	}
	last := math.Inf(-1)
	for _, x := range append(one, many...) {
		require(x[0] >= last)
		again := x[0] == last
		last = x[0]
		newest := len(s.Samples) - 1
		switch isSample := newest >= 0 && s.Samples[newest].T == int64(x[0]); {
		case again && isSample && x[1] > s.Samples[newest].V:
			s.Samples[newest].V = x[1]
		case again:
		case math.IsNaN(x[1]):
			s.Ends = append(s.Ends, int64(x[0]))
		default:
			s.Samples = append(s.Samples, Sample{int64(x[0]), x[1]})
		}
	}
	switch newest := len(s.Samples) - 1; {
	case histograms && newest < 0:
		s.Samples = []Sample{{math.MinInt64, math.NaN()}}
	case histograms:
		s.Samples[newest].V = math.NaN()
	}
	return s
}

// pairOf returns the milliseconds and the value of a sample.
func pairOf(value any) [2]float64 {
	pair := get[[]any](value, false)
	require(len(pair) == 2)
	seconds, err := strconv.ParseFloat(string(get[number](pair[0], false)), 64)
	require(err == nil && math.Abs(seconds) <= 1e12)
	v, err := strconv.ParseFloat(get[string](pair[1], false), 64)
	require(err == nil)
	return [2]float64{math.Round(seconds * 1000), v}
}
