package backfill

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/promslog"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// forgetful accepts windows and stores none.
type forgetful struct{ memory }

func (forgetful) Delivered(context.Context, time.Time, time.Time) (window.Ends, error) {
	return nil, nil
}

func TestAReceiverThatLies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := Job{Computer: remember(hour(0), hour(1)), Progress: NewLines(promslog.NewNopLogger()), Log: promslog.NewNopLogger()}
		expectError(t, "the receiver accepted 2 windows that are not found there, the first [2026-01-31T00:00:00Z", func() error {
			return job.Run(t.Context(), forgetful{memory{}}, []window.Span{day(0, 2).Windows()})
		})
	})
}

type panicking struct{}

func (panicking) ComputeAll(context.Context, []window.Window) ([]downsample.Result, error) {
	panic("at the disco")
}

func TestAPanic(t *testing.T) {
	job := Job{Computer: panicking{}, Progress: NewLines(promslog.NewNopLogger()), Log: promslog.NewNopLogger()}
	expectError(t, "window [2026-01-31T00:00:00Z, 2026-01-31T01:00:00Z): panic: at the disco", func() error {
		return job.Run(t.Context(), memory{}, []window.Span{day(0, 2).Windows()})
	})
}

type hanging struct{}

func (hanging) ComputeAll(ctx context.Context, _ []window.Window) ([]downsample.Result, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAHangIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), slowAfter+time.Second)
		defer stop()
		var log bytes.Buffer
		logger := promslog.New(&promslog.Config{Writer: &log})
		job := Job{Computer: hanging{}, Progress: NewLines(promslog.NewNopLogger()), Log: logger}
		expectError(t, "deadline exceeded", func() error { return job.Run(ctx, memory{}, []window.Span{day(0, 1).Windows()}) })
		synctest.Wait()
		if n := strings.Count(log.String(), "Windows are still being computed"); n != 1 {
			t.Errorf("it logs that %d times:\n%s", n, &log)
		}
	})
}

type throttling struct{ calls []time.Time }

func (c *throttling) ComputeAll(context.Context, []window.Window) ([]downsample.Result, error) {
	c.calls = append(c.calls, time.Now())
	return nil, &promapi.Error{Kind: promapi.Throttled, RetryAfter: 1e9 * time.Second, Err: errors.New("slow down")}
}

// TestRetryAfterIsBounded by the period.
func TestRetryAfterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &throttling{}
		job := Job{Computer: c, Period: time.Hour, Progress: NewLines(promslog.NewNopLogger()), Log: promslog.NewNopLogger()}
		expectError(t, "slow down", func() error { return job.Run(t.Context(), memory{}, []window.Span{day(0, 1).Windows()}) })
		if len(c.calls) != tries || c.calls[1].Sub(c.calls[0]) != time.Hour {
			t.Errorf("it asked at %v", c.calls)
		}
	})
}

func TestRun(t *testing.T) {
	computed := remember(hour(0), hour(1), averages(2, 0, nil), averages(3, 0, nil), hour(4))
	stored := remember(hour(1))
	missing, _, err := day(0, 5).Split(t.Context(), stored)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := promslog.New(&promslog.Config{Writer: &log})
	if err := (Job{Computer: computed, Concurrency: 3, Progress: NewLines(logger), Log: logger}).Run(t.Context(), stored, missing); err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		if _, there := stored[hour(n).Window.End]; there != (n != 2 && n != 3) {
			t.Errorf("hour %d is there: %t", n, there)
		}
	}
	if want := "from=2026-01-31T02:00:00.000Z to=2026-01-31T04:00:00.000Z windows=2"; strings.Count(log.String(), want) != 1 {
		t.Errorf("the log does not say %s:\n%s", want, &log)
	}
}

// failing computes no group with a certain window in it.
type failing struct {
	memory
	end time.Time
}

func (f failing) ComputeAll(ctx context.Context, group []window.Window) ([]downsample.Result, error) {
	if slices.ContainsFunc(group, func(w window.Window) bool { return w.End.Equal(f.end) }) {
		return nil, errors.New("out of order")
	}
	return f.memory.ComputeAll(ctx, group)
}

// TestOneOfAGroup: a window that cannot be computed keeps none before it from being delivered.
func TestOneOfAGroup(t *testing.T) {
	var all []*ledger.Averages
	for n := range 10 {
		all = append(all, hour(n))
	}
	stored := memory{}
	job := Job{Computer: failing{remember(all...), hour(6).Window.End}, Concurrency: 2, Progress: NewLines(promslog.NewNopLogger()), Log: promslog.NewNopLogger()}
	expectError(t, "window [2026-01-31T06:00:00Z, 2026-01-31T07:00:00Z): out of order", func() error {
		return job.Run(t.Context(), stored, []window.Span{day(0, 10).Windows()})
	})
	if len(stored) != 6 {
		t.Errorf("%d windows were delivered", len(stored))
	}
}

// TestGroups: each window is in one group, in order, and no group is longer than it may be or
// could go on.
func TestGroups(t *testing.T) {
	start := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for _, period := range []time.Duration{time.Minute, time.Hour, 5 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour} {
		spans := []window.Span{
			window.SpanOf(start, start.Add(30*period), period),
			window.SpanOf(start.Add(31*period), start.Add(32*period), period),
			window.SpanOf(start.Add(40*period), start.Add(49*period), period),
		}
		want := slices.Collect(window.Each(spans))
		last, size := window.Window{}, 0
		for group := range groups(spans) {
			n := len(group)
			first := group[0]
			if length := group[n-1].End.Sub(first.Start); n > mostTogether || n > 1 && length > longestTogether || length != time.Duration(n)*period {
				t.Fatalf("a group of %d windows of %s from %s to %s", n, period, first, group[n-1])
			}
			if first.Start.Equal(last.End) && size < mostTogether && time.Duration(size+1)*period <= longestTogether {
				t.Errorf("%s could be in the group before", first)
			}
			if !slices.Equal(group, want[:n]) {
				t.Fatalf("a group is %v, want %v", group, want[:n])
			}
			last, size, want = group[n-1], n, want[n:]
		}
		if len(want) > 0 {
			t.Errorf("%d windows of %s are in no group", len(want), period)
		}
	}
}
