package downsample

import (
	"context"
	"sync"
	"time"
)

// pace lets no more queries run at once than it takes to have a window computed within a
// tenth of its period, going by how long the window before took.
type pace struct {
	slots  chan struct{}
	closed int // slots that are not open yet

	mu     sync.Mutex
	serial time.Duration // all queries' time, added up
}

// newPace returns a pace of at most so many queries at once. Of the first window nothing is
// known, and somebody may wait for it: all may run.
func newPace(most int, before, period time.Duration) *pace {
	open := most
	if before > 0 {
		open = min(most, int(before/(period/10))+1)
	}
	p := &pace{slots: make(chan struct{}, most), closed: most - open}
	for range open {
		p.slots <- struct{}{}
	}
	return p
}

// hurry opens the other slots once half of the tenth has passed, until it is stopped.
func (p *pace) hurry(period time.Duration) (stop func() bool) {
	return time.AfterFunc(period/20, func() {
		for range p.closed {
			p.slots <- struct{}{}
		}
	}).Stop
}

// begin waits for a query's turn.
func (p *pace) begin(ctx context.Context) error {
	select {
	case <-p.slots:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// end tells how long the query took.
func (p *pace) end(took time.Duration) {
	p.slots <- struct{}{}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial += took
}

func (p *pace) took() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.serial
}
