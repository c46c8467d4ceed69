// Package backfill computes past windows in order, and stores each. It skips windows that are
// stored already, so that the same command continues an interrupted run.
package backfill

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/backoff"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/crash"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// Computer turns windows into averages.
type Computer interface {
	// ComputeAll computes consecutive windows together. It fails as a whole.
	ComputeAll(context.Context, []window.Window) ([]downsample.Result, error)
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
	Concurrency int           // groups of windows that are computed at the same time
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

// The bounds of what is computed together. Samples are read once for all of it, and the averages
// of all of it are held.
const (
	mostTogether    = 12
	longestTogether = 12 * time.Hour
)

// groups yields the windows in order, in groups of consecutive ones.
func groups(windows []window.Span) iter.Seq[[]window.Window] {
	return func(yield func([]window.Window) bool) {
		var group []window.Window
		for w := range window.Each(windows) {
			if n := len(group); n > 0 && (n == mostTogether || !group[n-1].End.Equal(w.Start) || w.End.Sub(group[0].Start) > longestTogether) {
				if !yield(group) {
					return
				}
				group = nil
			}
			group = append(group, w)
		}
		if group != nil {
			yield(group)
		}
	}
}

// computed yields the windows in order, each with a function that waits for its averages.
// Later ones are computed meanwhile, because the requests of one group depend on each other.
func (j Job) computed(ctx context.Context, windows []window.Span) iter.Seq2[window.Window, func() (*ledger.Averages, error)] {
	type computing struct {
		windows []window.Window
		done    <-chan []downsample.Result
	}
	begin := func(ctx context.Context, group []window.Window) computing {
		done := make(chan []downsample.Result, 1)
		go func() { done <- j.compute(ctx, group) }()
		return computing{group, done}
	}
	return func(yield func(window.Window, func() (*ledger.Averages, error)) bool) {
		ctx, stop := context.WithCancel(ctx)
		var pending []computing
		defer func() {
			stop()
			for _, c := range pending {
				<-c.done
			}
		}()
		wait := func() bool {
			next := pending[0]
			pending = pending[1:]
			var results []downsample.Result
			for i, w := range next.windows {
				averages := func() (*ledger.Averages, error) {
					if results == nil {
						results = <-next.done
					}
					return results[i].Averages, results[i].Err
				}
				if !yield(w, averages) {
					if results == nil {
						<-next.done
					}
					return false
				}
			}
			return true
		}
		for group := range groups(windows) {
			pending = append(pending, begin(ctx, group))
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
	tries     = 9               // of a group: with their waits, about five minutes
	slowAfter = 2 * time.Minute // a group that takes longer is logged
)

// compute computes a group of windows. If it cannot be computed as one, each window is computed
// by itself, so that only those fail that have to.
func (j Job) compute(ctx context.Context, group []window.Window) []downsample.Result {
	results, err := j.try(ctx, group)
	switch {
	case err == nil:
		return results
	case len(group) > 1 && ctx.Err() == nil && !transient(err):
		for _, w := range group {
			results = append(results, j.compute(ctx, []window.Window{w})...)
			if err := results[len(results)-1].Err; err != nil && !errors.Is(err, downsample.ErrNoSources) {
				break
			}
		}
	default:
		results = []downsample.Result{{Err: err}}
	}
	for len(results) < len(group) {
		results = append(results, results[len(results)-1]) // nothing is asked after the first that failed
	}
	return results
}

// try tries a group again for some minutes if that can help, so that a restart of the
// Prometheus does not end a long backfill.
func (j Job) try(ctx context.Context, group []window.Window) ([]downsample.Result, error) {
	waits := backoff.Policy{First: time.Second, Longest: time.Minute, RetryAfter: j.Period}
	for attempt := 1; ; attempt++ {
		slow := time.AfterFunc(slowAfter, func() {
			j.Log.Warn("Windows are still being computed", "from", group[0].Start, "to", group[len(group)-1].End, "after", slowAfter.String(), "remedy", "the upstream is slow or hangs: --log.level=debug shows its queries")
		})
		results, err := crash.Guard(func() ([]downsample.Result, error) { return j.Computer.ComputeAll(ctx, group) })
		slow.Stop()
		if err == nil || attempt == tries || ctx.Err() != nil || !transient(err) {
			return results, err
		}
		pause := waits.Wait(attempt, promapi.RetryAfterOf(err))
		j.Log.Warn("Windows failed, trying again", "from", group[0].Start, "to", group[len(group)-1].End, "attempt", attempt, "err", err, "next_try_in", pause.String())
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
