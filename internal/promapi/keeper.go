package promapi

import "slices"

// Keeper copies series. They lie in few pieces of memory: a window has tens of thousands of
// them.
type Keeper struct {
	labels  block[Label]
	samples block[Sample]
	ends    block[int64]
}

// Keep returns a copy of a series.
func (k *Keeper) Keep(s Series) Series {
	return Series{Labels: k.labels.keep(s.Labels), Samples: k.samples.keep(s.Samples), Ends: k.ends.keep(s.Ends)}
}

// block is memory that is handed out piece by piece.
type block[T any] struct{ free []T }

const blockSize = 1024

// keep returns a copy. What is long has memory of its own, so that little of a block is lost.
func (b *block[T]) keep(items []T) []T {
	switch {
	case len(items) == 0:
		return nil
	case len(items) > blockSize/4:
		return slices.Clone(items)
	case len(items) > len(b.free):
		b.free = make([]T, blockSize)
	}
	n := copy(b.free, items)
	kept := b.free[:n:n]
	b.free = b.free[n:]
	return kept
}
