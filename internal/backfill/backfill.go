// Package backfill computes past windows in order, and stores each. It skips windows that are
// stored already, so that the same command continues an interrupted run.
package backfill

import (
	"context"
	"errors"
	"fmt"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"iter"
	"log/slog"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/backoff"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/crash"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// Computer turns a window into averages.
type Computer interface {
	Compute(context.Context, window.Window) (*ledger.Averages, error)
}

// Inventory knows which windows are stored.
type Inventory interface {
	// Delivered returns the ends of the stored windows that end in (from, to].
	Delivered(ctx context.Context, from, to time.Time) (window.Ends, error)
}

// Destination stores windows.
type Destination interface {
	Inventory
	// Deliver stores a window, as a whole or not at all.
	Deliver(ctx context.Context, a *ledger.Averages) error
}

// Span is the windows of one period between two ends of such windows.
type Span struct {
	From, To time.Time
	Period   time.Duration
}

// Windows returns the windows that begin and end within s.
func (s Span) Windows() window.Span {
	from := window.Containing(s.From.Add(s.Period-time.Millisecond), s.Period).Start
	return window.SpanOf(from, window.Containing(s.To, s.Period).Start, s.Period)
}

// askedAtOnce is how many windows one request asks about, which bounds the memory.
const askedAtOnce = 10_000

// Split returns the windows that the inventory lacks and those that it has, as spans in order,
// because there may be many windows.
func (s Span) Split(ctx context.Context, in Inventory) (missing, there []window.Span, err error) {
	return split(ctx, in, s.Windows())
}

func split(ctx context.Context, in Inventory, all window.Span) (missing, there []window.Span, err error) {
	for i := int64(0); i < all.Windows; i += askedAtOnce {
		part := all.Part(i, min(i+askedAtOnce, all.Windows))
		ends, err := in.Delivered(ctx, part.Start, part.End)
		if err != nil {
			return nil, nil, err
		}
		for w := range part.All() {
			to := &missing
			if ends.Has(w.End) {
				to = &there
			}
			*to = window.Append(*to, w)
		}
	}
	return missing, there, nil
}

// Job is a backfill.
type Job struct {
	Computer    Computer
	Period      time.Duration // bounds the wait that an upstream may ask for
	Concurrency int           // windows that are computed at the same time
	Progress    Progress
	Log         *slog.Logger
}

// Run computes windows in order, and delivers each before the next. It ends at the first one
// that fails, because a receiver may accept nothing older than what it has.
func (j Job) Run(ctx context.Context, d Destination, windows []window.Span) error {
	begin := time.Now()
	count := window.Count(windows)
	j.Progress.Begin(count)
	delivered, unknown, err := j.run(ctx, d, windows)
	j.Progress.End()
	for _, s := range unknown {
		j.Log.Warn("Nothing is known of windows, and nothing is written", "from", s.Start, "to", s.End, "windows", s.Windows)
	}
	if err == nil {
		err = confirm(ctx, d, delivered)
	}
	if err == nil {
		j.Log.Info("Backfill complete", "windows", window.Count(delivered), "without_data", window.Count(unknown), "duration", time.Since(begin).Round(time.Millisecond).String())
	}
	return err
}

// run returns the windows that were delivered, and those without data.
func (j Job) run(ctx context.Context, d Destination, windows []window.Span) (delivered, unknown []window.Span, err error) {
	for w, averages := range j.computed(ctx, windows) {
		a, err := averages()
		if errors.Is(err, downsample.ErrNoSources) {
			unknown = window.Append(unknown, w)
			j.Progress.Skipped(w)
			continue
		}
		if err == nil {
			err = d.Deliver(ctx, a)
		}
		if stack := crash.StackOf(err); stack != nil {
			j.Log.Error("Window failed", append([]any{"window", w, "err", err}, stack...)...)
		}
		if err != nil {
			return delivered, unknown, fmt.Errorf("window %s: %w", w, err)
		}
		delivered = window.Append(delivered, w)
		j.Progress.Delivered(a)
	}
	return delivered, unknown, nil
}

// computed yields the windows in order, each with a function that waits for its averages.
// Later windows are computed meanwhile, because the requests of one window depend on each other.
func (j Job) computed(ctx context.Context, windows []window.Span) iter.Seq2[window.Window, func() (*ledger.Averages, error)] {
	type result struct {
		averages *ledger.Averages
		err      error
	}
	type computing struct {
		window window.Window
		done   <-chan result
	}
	begin := func(ctx context.Context, w window.Window) computing {
		done := make(chan result, 1)
		go func() {
			a, err := j.compute(ctx, w)
			done <- result{a, err}
		}()
		return computing{w, done}
	}
	return func(yield func(window.Window, func() (*ledger.Averages, error)) bool) {
		ctx, stop := context.WithCancel(ctx)
		var pending []computing
		defer func() {
			stop()
			for _, r := range pending {
				<-r.done
			}
		}()
		wait := func() bool {
			next := pending[0]
			pending = pending[1:]
			return yield(next.window, func() (*ledger.Averages, error) { r := <-next.done; return r.averages, r.err })
		}
		for w := range window.Each(windows) {
			pending = append(pending, begin(ctx, w))
			if len(pending) >= j.Concurrency && !wait() {
				return
			}
		}
		for len(pending) > 0 {
			if !wait() {
				return
			}
		}
	}
}

const (
	tries     = 9               // of a window: with their waits, about five minutes
	slowAfter = 2 * time.Minute // a window that takes longer is logged
)

// compute tries a window again for some minutes if that can help, so that a restart of the
// Prometheus does not end a long backfill.
func (j Job) compute(ctx context.Context, w window.Window) (*ledger.Averages, error) {
	waits := backoff.Policy{First: time.Second, Longest: time.Minute, RetryAfter: j.Period}
	for try := 1; ; try++ {
		slow := time.AfterFunc(slowAfter, func() {
			j.Log.Warn("Window is still being computed", "window", w, "after", slowAfter.String(), "remedy", "the upstream is slow or hangs: --log.level=debug shows its queries")
		})
		a, err := crash.Guard(func() (*ledger.Averages, error) { return j.Computer.Compute(ctx, w) })
		slow.Stop()
		if err == nil || try == tries || ctx.Err() != nil || !transient(err) {
			return a, err
		}
		pause := waits.Wait(try, promapi.RetryAfterOf(err))
		j.Log.Warn("Window failed, trying again", "window", w, "attempt", try, "err", err, "next_try_in", pause.String())
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}

func transient(err error) bool {
	switch promapi.KindOf(err) {
	case promapi.Unreachable, promapi.Timeout, promapi.Throttled, promapi.Unavailable:
		return true
	}
	return false
}
