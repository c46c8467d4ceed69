package promapi

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/value"
)

var (
	errOrder  = errors.New("a series' samples are not in order of time")
	errLabels = errors.New("a series has two labels of one name")
)

// What is kept takes about so many bytes. A few bytes of an answer can become many, and
// MaxAnswerBytes bounds those too.
const (
	stringSize = 48 // and its bytes
	seriesSize = 72
	labelSize  = 32
	sampleSize = 16
)

// builder makes the series of one answer. They share one copy of each string, and lie in
// few pieces of memory: a window has tens of thousands of them.
type builder struct {
	from, to int64 // samples outside are dropped
	limit    int64 // of the answer's bytes; of memory twice as many may be kept
	kept     int64 // bytes

	strings map[string]string
	labels  block[Label]
	samples block[Sample]
	ends    block[int64]

	now  Series // the one that is being made; its memory is used again
	last int64  // the time of its newest sample or marker
}

func newBuilder(from, to, limit int64) *builder {
	return &builder{from: from, to: to, limit: limit, strings: map[string]string{}, last: math.MinInt64}
}

// begin drops what was not taken.
func (b *builder) begin() {
	b.now = Series{Labels: b.now.Labels[:0], Samples: b.now.Samples[:0], Ends: b.now.Ends[:0]}
	b.last = math.MinInt64
}

// add adds a sample that must be newer than those before it. A staleness marker is not a
// sample: it says that the series ended.
func (b *builder) add(t int64, v float64) error {
	if t <= b.last {
		return errOrder
	}
	b.last = t
	switch {
	case t < b.from || t >= b.to:
	case value.IsStaleNaN(v):
		b.now.Ends = append(b.now.Ends, t)
	default:
		b.now.Samples = append(b.now.Samples, Sample{t, v})
	}
	return nil
}

// fits says whether the answer, with the series that is being made, is not too large.
func (b *builder) fits() error {
	if b.kept+b.size() > 2*b.limit {
		return tooLarge(b.limit)
	}
	return nil
}

func (b *builder) size() int64 {
	return seriesSize + labelSize*int64(len(b.now.Labels)) + sampleSize*int64(len(b.now.Samples)+len(b.now.Ends))
}

// empty says whether the series has nothing between from and to.
func (b *builder) empty() bool { return len(b.now.Samples) == 0 && len(b.now.Ends) == 0 }

// take returns the series that was made.
func (b *builder) take() Series {
	return Series{Labels: b.labels.keep(b.now.Labels), Samples: b.samples.keep(b.now.Samples), Ends: b.ends.keep(b.now.Ends)}
}

// sortLabels puts labels in order of their names.
func sortLabels(labels Labels) error {
	byName := func(a, b Label) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(labels, byName) {
		slices.SortFunc(labels, byName)
	}
	for i := 1; i < len(labels); i++ {
		if labels[i].Name == labels[i-1].Name {
			return fmt.Errorf("%w: %.40q", errLabels, labels[i].Name)
		}
	}
	return nil
}

// internLike returns the one copy of a text, which is quick if it is the given one.
func (b *builder) internLike(text []byte, like string) string {
	if string(text) == like {
		return like
	}
	return b.intern(text)
}

// intern returns the one copy of a text.
func (b *builder) intern(text []byte) string {
	if kept, ok := b.strings[string(text)]; ok {
		return kept
	}
	key := string(text)
	kept := strings.ToValidUTF8(key, "\uFFFD")
	b.strings[key] = kept
	b.kept += stringSize + int64(len(kept))
	return kept
}

// block is memory that is handed out piece by piece.
type block[T any] struct{ free []T }

const blockSize = 1024

// keep returns a copy.
func (b *block[T]) keep(items []T) []T {
	if len(items) == 0 {
		return nil
	}
	if len(items) > len(b.free) {
		b.free = make([]T, max(blockSize, len(items)))
	}
	n := copy(b.free, items)
	kept := b.free[:n:n]
	b.free = b.free[n:]
	return kept
}
