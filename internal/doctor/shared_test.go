package doctor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// slow is a Prometheus that answers each query after a while, or when ctx is done.
type slow struct {
	fake
	wait  time.Duration
	asked int
}

func (s *slow) Instant(ctx context.Context, _ string, _ time.Time) (*promapi.Answer, error) {
	s.asked++
	select {
	case <-ctx.Done():
		return nil, &promapi.Error{Kind: promapi.Timeout, Err: context.Cause(ctx)}
	case <-time.After(s.wait):
		return nil, &promapi.Error{Kind: promapi.Unreachable, Err: errors.New("no answer")}
	}
}

func shared(s *slow) *Shared {
	cfg := s.exam(time.Hour).Config
	cfg.Server, cfg.Stored, cfg.Now = s, s, time.Now
	return NewShared(cfg)
}

// TestShared has many visitors, of whom the first one leaves: the checks are made once in a
// minute.
func TestShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{wait: 10 * time.Second}
		all := shared(s)
		ctx, leave := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() {
			_, err := all.Report(ctx)
			first <- err
		}()
		synctest.Wait()
		leave()
		if _, err := all.Report(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("beside the first run: %v", err)
		}
		if err := <-first; err != nil {
			t.Errorf("the first run ends with %v", err)
		}
		time.Sleep(49 * time.Second)
		report, err := all.Report(t.Context())
		if err != nil || s.asked != 1 || report.Count(Fail) != 1 {
			t.Errorf("%d queries: %v", s.asked, err)
		}
		for _, r := range report.Results {
			if r.Name == "receiver" && (r.Status != Skipped || r.Found != "only the command writes a sample, this page does not") {
				t.Errorf("%+v", r)
			}
		}
		time.Sleep(2 * time.Second)
		second := make(chan struct{})
		go func() {
			defer close(second)
			_, _ = all.Report(t.Context())
		}()
		synctest.Wait()
		if before, err := all.Report(t.Context()); before != report || err != nil {
			t.Errorf("during the second run: %v", err)
		}
		<-second
		if s.asked != 2 {
			t.Errorf("%d queries", s.asked)
		}
	})
}

// TestSharedEnds has a Prometheus that does not answer.
func TestSharedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if _, err := shared(&slow{wait: time.Hour}).Report(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != runLimit {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
	})
}
