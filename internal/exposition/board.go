package exposition

import (
	"slices"
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Board is where the current page hangs. Any number of scrapes may read it while a
// new page is hung.
type Board struct {
	now    func() time.Time
	stamps bool
	page   atomic.Pointer[Page]
}

// NewBoard returns an empty board that judges pages by the given clock.
func NewBoard(now func() time.Time) *Board { return &Board{now: now} }

// NewStampedBoard returns a board on which models' rows carry their window's end as
// timestamp. They are withdrawn StampedLife after it, if not before.
func NewStampedBoard(now func() time.Time) *Board { return &Board{now: now, stamps: true} }

// Publish hangs a page in place of the one that is shown, unless that one is newer.
// One goroutine publishes.
func (b *Board) Publish(p *Page) {
	if shown := b.Page(); shown != nil && shown.Window.End.After(p.Window.End) {
		return
	}
	if b.stamps {
		p = p.stamped()
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

// Head returns the page that is shown in the given form. Who asks first for a form
// waits until it is made; later ones share its bytes.
func (b *Board) Head(form Form) (Head, error) {
	if p := b.Page(); p != nil {
		return p.heads[form]()
	}
	return empty(form.Encoding), nil
}

// Gather returns the metrics of the page that is shown, in a form that is expensive to
// make and to hold. It is a prometheus.Gatherer.
func (b *Board) Gather() ([]*dto.MetricFamily, error) {
	if p := b.Page(); p != nil {
		return slices.Collect(p.Families()), nil
	}
	return nil, nil
}
