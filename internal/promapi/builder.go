package promapi

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/value"
)

var (
	errOrder  = errors.New("a series' samples are not in order of time")
	errLabels = errors.New("a series has two labels of one name")
)

// stringSize is about what the one copy of a text takes of memory, besides its bytes.
const stringSize = 96

// A few bytes of an answer can become many, and MaxAnswerBytes bounds those too: what is kept,
// what it is read through, and what the receiver keeps together are no more than that. Garbage
// that is not collected yet can be as much again.
const (
	keptShare  = 3.0 / 8
	frameShare = 1.0 / 8
	textShare  = 1.0 / 16
)

func share(limit int64, of float64) int64 { return int64(float64(limit) * of) }

// builder makes the series of one answer. They share one copy of each string.
type builder struct {
	from, to int64 // samples outside are dropped
	limit    int64 // of the answer's bytes
	kept     int64 // bytes of memory

	strings map[string]string

	now        Series // the one that is being made; its memory is used again
	last       int64  // the time of its newest sample or marker
	histograms bool   // it also has some
}

func newBuilder(from, to, limit int64) *builder {
	return &builder{from: from, to: to, limit: limit, strings: map[string]string{}, last: math.MinInt64}
}

// begin drops what was not taken.
func (b *builder) begin() {
	b.now = Series{Labels: b.now.Labels[:0], Samples: b.now.Samples[:0], Ends: b.now.Ends[:0]}
	b.last, b.histograms = math.MinInt64, false
}

// complete ends the series. Native histograms are no numbers: one NaN stands for them, so that
// the series is left out for it, and no other.
func (b *builder) complete() {
	switch newest := len(b.now.Samples) - 1; {
	case !b.histograms:
	case newest < 0:
		b.now.Samples = append(b.now.Samples, Sample{b.from, math.NaN()})
	default:
		b.now.Samples[newest].V = math.NaN()
	}
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

// rawValue adds one of several samples. VictoriaMetrics shows staleness markers as NaN. It
// also shows what two servers wrote at the same time, of which the larger value is kept: its
// own deduplication does so.
func (b *builder) rawValue(t int64, v float64) error {
	if math.IsNaN(v) {
		v = math.Float64frombits(value.StaleNaN)
	}
	if t != b.last {
		return b.add(t, v)
	}
	if newest := len(b.now.Samples) - 1; newest >= 0 && b.now.Samples[newest].T == t && v > b.now.Samples[newest].V {
		b.now.Samples[newest].V = v
	}
	return nil
}

// fits says whether the answer, with the series that is being made, is not too large.
func (b *builder) fits() error {
	if b.kept+2*b.now.Size() > share(b.limit, keptShare) { // it is copied when it is complete
		return tooLarge(b.limit)
	}
	return nil
}

// empty says whether the series has nothing between from and to.
func (b *builder) empty() bool { return len(b.now.Samples) == 0 && len(b.now.Ends) == 0 }

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

// intern returns the one copy of a text. What is not UTF-8 is replaced: no Prometheus stores it,
// and if another server does, that must not fail a window.
func (b *builder) intern(text []byte) string {
	if kept, ok := b.strings[string(text)]; ok {
		return kept
	}
	key := string(text)
	kept := key
	if !utf8.ValidString(key) {
		kept = string([]rune(key))
	}
	b.strings[key] = kept
	b.kept += stringSize + int64(len(kept))
	return kept
}
