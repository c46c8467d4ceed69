package backfill

import (
	"bytes"
	"context"
	"errors"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/promslog"

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

func (panicking) Compute(context.Context, window.Window) (*ledger.Averages, error) {
	panic("at the disco")
}

func TestAPanic(t *testing.T) {
	job := Job{Computer: panicking{}, Progress: NewLines(promslog.NewNopLogger()), Log: promslog.NewNopLogger()}
	expectError(t, "window [2026-01-31T00:00:00Z, 2026-01-31T01:00:00Z): panic: at the disco", func() error {
		return job.Run(t.Context(), memory{}, []window.Span{day(0, 2).Windows()})
	})
}

type hanging struct{}

func (hanging) Compute(ctx context.Context, _ window.Window) (*ledger.Averages, error) {
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
		if n := strings.Count(log.String(), "Window is still being computed"); n != 1 {
			t.Errorf("it logs that %d times:\n%s", n, &log)
		}
	})
}

type throttling struct{ calls []time.Time }

func (c *throttling) Compute(context.Context, window.Window) (*ledger.Averages, error) {
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
