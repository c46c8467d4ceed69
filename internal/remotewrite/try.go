package remotewrite

import (
	"context"
	"time"
)

// Try writes one sample of the series Trial, to see whether the receiver accepts it. It has the
// labels of this exporter's completion markers. The error is an *Error.
func (w *Writer) Try(ctx context.Context, at time.Time) error {
	err := w.receiver.write(ctx, w.id, []sample{{Trial, w.id.own, float64(at.UnixMilli()) / 1e3}}, at, true)
	return named(err, w.query.Engine(ctx))
}

// Tried says whether the sample that Try has written can be read. The error is an *Error.
func (w *Writer) Tried(ctx context.Context, at time.Time) (bool, error) {
	rows, err := w.at(ctx, at, selector(Trial, w.id.added, w.id.own))
	return len(rows) > 0, err
}
