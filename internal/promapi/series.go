package promapi

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/value"
)

// Answer is what a query returned.
type Answer struct {
	Series []Series
	Stats  Stats
}

// Series is one series of an answer; that of an instant vector holds one sample.
type Series struct {
	Labels  Labels
	Samples []Sample // in order of time
	Ends    []int64  // times (ms) of staleness markers, in order; only where the transport shows them
}

// Sample is a value and its time in milliseconds since the Unix epoch.
type Sample struct {
	T int64
	V float64
}

// Labels are a series' labels.
type Labels []Label

// Label is a name and its value.
type Label struct{ Name, Value string }

// Get returns the value of the label of that name, or "" where there is none, as PromQL has it.
func (l Labels) Get(name string) string {
	for i := range l {
		if l[i].Name == name {
			return l[i].Value
		}
	}
	return ""
}

// Stats is what the upstream says a query cost.
type Stats struct {
	Known       bool
	SamplesRead int64 // totalQueryableSamples
	PeakSamples int64 // the most that were held at once
}

var (
	errOrder  = errors.New("its samples are not in order of time")
	errLabels = errors.New("a label name stands in it twice")
)

// builder makes the series of one answer. They share one copy of each string, and lie in
// few pieces of memory: a window has tens of thousands of them.
type builder struct {
	from, to int64 // what lies outside is dropped
	limit    int64 // how many bytes the samples of one series may take

	strings map[string]string
	labels  block[Label]
	samples block[Sample]
	ends    block[int64]

	// The series that is being made.
	label  []Label
	sample []Sample
	end    []int64
	last   int64 // the time of its newest sample or marker
}

func newBuilder(from, to, limit int64) *builder {
	return &builder{from: from, to: to, limit: limit, strings: map[string]string{}, last: math.MinInt64}
}

// begin drops what was not taken.
func (b *builder) begin() {
	b.label, b.sample, b.end, b.last = b.label[:0], b.sample[:0], b.end[:0], math.MinInt64
}

// take returns the series that was made.
func (b *builder) take() Series {
	return Series{Labels: b.labels.keep(b.label), Samples: b.samples.keep(b.sample), Ends: b.ends.keep(b.end)}
}

// empty says whether the series has nothing between from and to.
func (b *builder) empty() bool { return len(b.sample) == 0 && len(b.end) == 0 }

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
		b.end = append(b.end, t)
	case int64(len(b.sample)) >= b.limit/sampleSize:
		return tooLarge(b.limit)
	default:
		b.sample = append(b.sample, Sample{t, v})
	}
	return nil
}

const sampleSize = 16

// sorted puts the labels in order of their names.
func sorted(labels []Label) error {
	byName := func(a, b Label) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(labels, byName) {
		slices.SortFunc(labels, byName)
	}
	for i := 1; i < len(labels); i++ {
		if labels[i].Name == labels[i-1].Name {
			return fmt.Errorf("%w: %q", errLabels, labels[i].Name)
		}
	}
	return nil
}

// intern returns the one copy of a text.
func (b *builder) intern(text []byte) string {
	if kept, ok := b.strings[string(text)]; ok {
		return kept
	}
	key := string(text)
	kept := strings.ToValidUTF8(key, "\uFFFD")
	b.strings[key] = kept
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
