// Package backfill computes past windows, one after the other, and hands each to where it
// is kept. What is there already is not computed again, so that whoever was interrupted
// goes on by beginning anew.
package backfill

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// Computer turns a window into averages.
type Computer interface {
	Compute(context.Context, window.Window) (*downsample.Averages, error)
}

// Destination keeps windows.
type Destination interface {
	// Delivered returns the ends, in UTC, of the windows in (from, to] that are there.
	Delivered(ctx context.Context, from, to time.Time) (window.Ends, error)
	// Deliver keeps a window. It is there when it is whole.
	Deliver(ctx context.Context, a *downsample.Averages) error
}

// Span is the windows of one period between two moments at which such begin and end.
type Span struct {
	From, To time.Time
	Period   time.Duration
}

// Windows returns them, the oldest first.
func (s Span) Windows() []window.Window {
	return window.EndingIn(s.From, s.To, s.Period)
}

// Missing returns those that the destination does not have, the oldest first.
func (s Span) Missing(ctx context.Context, d Destination) ([]window.Window, error) {
	there, err := d.Delivered(ctx, s.From, s.To)
	if err != nil {
		return nil, err
	}
	var missing []window.Window
	for _, w := range s.Windows() {
		if !there.Has(w.End) {
			missing = append(missing, w)
		}
	}
	return missing, nil
}

// Job is a backfill.
type Job struct {
	Computer Computer
	AtOnce   int // windows
	Progress Progress
	Log      *slog.Logger
}

// Run computes windows, which are in order, and delivers each before the next. It ends with
// the first that fails: a receiver may take nothing older than what it has.
func (j Job) Run(ctx context.Context, d Destination, windows []window.Window) error {
	begin := time.Now()
	j.Progress.Begin(len(windows))
	unknown, err := j.run(ctx, d, windows)
	j.Progress.End()
	for _, s := range window.Join(unknown) {
		j.Log.Warn("Nothing is known of windows, and nothing is written", "from", s.Start, "to", s.End, "windows", s.Windows)
	}
	if err == nil {
		j.Log.Info("Backfill complete", "windows", len(windows)-len(unknown), "without_data", len(unknown), "duration", time.Since(begin).Round(time.Millisecond).String())
	}
	return err
}

// run returns the windows of which nothing is known.
func (j Job) run(ctx context.Context, d Destination, windows []window.Window) (unknown []window.Span, err error) {
	for w, averages := range j.computed(ctx, windows) {
		a, err := averages()
		if errors.Is(err, downsample.ErrNoSources) {
			unknown = append(unknown, window.SpanOf(w.Start, w.End, w.Period()))
			j.Progress.Skipped(w)
			continue
		}
		if err == nil {
			err = d.Deliver(ctx, a)
		}
		if err != nil {
			return unknown, fmt.Errorf("window %s: %w", w, err)
		}
		j.Progress.Delivered(a)
	}
	return unknown, nil
}

// computed yields the windows in order, each with what waits for its averages. Others are
// computed meanwhile: one window's questions wait for each other's answers.
func (j Job) computed(ctx context.Context, windows []window.Window) iter.Seq2[window.Window, func() (*downsample.Averages, error)] {
	type result struct {
		averages *downsample.Averages
		err      error
	}
	begin := func(ctx context.Context, w window.Window) <-chan result {
		done := make(chan result, 1)
		go func() {
			a, err := j.compute(ctx, w)
			done <- result{a, err}
		}()
		return done
	}
	return func(yield func(window.Window, func() (*downsample.Averages, error)) bool) {
		ctx, stop := context.WithCancel(ctx)
		var pending []<-chan result
		defer func() {
			stop()
			for _, r := range pending {
				<-r
			}
		}()
		rest := windows
		for _, w := range windows {
			for len(pending) < max(1, j.AtOnce) && len(rest) > 0 {
				pending = append(pending, begin(ctx, rest[0]))
				rest = rest[1:]
			}
			next := pending[0]
			pending = pending[1:]
			if !yield(w, func() (*downsample.Averages, error) { r := <-next; return r.averages, r.err }) {
				return
			}
		}
	}
}

const (
	firstWait   = time.Second
	longestWait = time.Minute
	tries       = 9 // in all somewhat over five minutes
)

// compute asks again for a while where that can help: a Prometheus that is restarted at
// night should not end what was to be done in the morning.
func (j Job) compute(ctx context.Context, w window.Window) (*downsample.Averages, error) {
	wait := firstWait
	for try := 1; ; try++ {
		a, err := j.Computer.Compute(ctx, w)
		if err == nil || try == tries || ctx.Err() != nil || !transient(err) {
			return a, err
		}
		pause := max(wait, promapi.RetryAfterOf(err))
		j.Log.Warn("Window failed, trying again", "window", w, "attempt", try, "err", err, "next_try_in", pause.String())
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
		wait = min(2*wait, longestWait)
	}
}

func transient(err error) bool {
	switch promapi.KindOf(err) {
	case promapi.Unreachable, promapi.Timeout, promapi.Throttled, promapi.Unavailable:
		return true
	}
	return false
}
