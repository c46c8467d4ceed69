package doctor

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrRunning is why there is no report yet: the checks are being made for somebody else.
var ErrRunning = errors.New("the checks are being made")

// The pace of checks that many may ask for.
const (
	runEvery = time.Minute
	runLimit = 90 * time.Second // of one run: an answer must end within two minutes
)

// Shared makes the checks for all who ask, at most once in a minute.
type Shared struct {
	cfg Config

	mu      sync.Mutex
	running bool
	began   time.Time // the last run, zero before the first one
	report  *Report
	err     error
}

// NewShared returns checks that were not made yet. They write nothing.
func NewShared(cfg Config) *Shared {
	cfg.MayWrite = false
	return &Shared{cfg: cfg}
}

// Report makes the checks, or returns the last report if that began less than a minute ago or
// another one is being made. A run goes on for the others if who asked for it leaves.
func (s *Shared) Report(ctx context.Context) (*Report, error) {
	if run, report, err := s.begin(); !run {
		return report, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), runLimit)
	defer cancel()
	report, err := Run(ctx, s.cfg, func(string) {})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.report, s.err = false, report, err
	return report, err
}

// begin says whether the caller is to make the checks, or else with what it must be content.
func (s *Shared) begin() (run bool, report *Report, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	switch {
	case s.running && s.report == nil:
		return false, nil, ErrRunning
	case s.running || !s.began.IsZero() && now.Sub(s.began).Abs() < runEvery:
		return false, s.report, s.err
	}
	s.running, s.began = true, now
	return true, nil, nil
}
