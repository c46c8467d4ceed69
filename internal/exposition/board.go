package exposition

import (
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Board is where the current page hangs. Any number of scrapes may read it while a
// new page is hung.
type Board struct {
	now  func() time.Time
	page atomic.Pointer[Page]
}

// NewBoard returns an empty board that judges pages by the given clock.
func NewBoard(now func() time.Time) *Board { return &Board{now: now} }

// Publish hangs a page in place of the one that is shown, unless that one is newer.
// One goroutine publishes.
func (b *Board) Publish(p *Page) {
	if shown := b.Page(); shown != nil && shown.Window.End.After(p.Window.End) {
		return
	}
	b.page.Store(p)
}

// Page returns the page that is shown now, or nil. That it is stale is judged when
// it is read, so that nothing has to run in time for it, whatever hangs and however
// the clock jumps.
func (b *Board) Page() *Page {
	p := b.page.Load()
	if p == nil {
		return nil
	}
	// A window that has not begun yet was made before the clock was put right.
	if now := b.now(); now.Before(p.Window.Start) || !now.Before(p.Expires) {
		return nil
	}
	return p
}

// Gather returns the metrics of the page that is shown. It is a prometheus.Gatherer.
func (b *Board) Gather() ([]*dto.MetricFamily, error) {
	if p := b.Page(); p != nil {
		return p.families, nil
	}
	return nil, nil
}
