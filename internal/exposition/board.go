package exposition

import (
	"sync/atomic"
	"time"
)

// Board holds the current page. Any number of scrapes may read it while a new page is
// published.
type Board struct {
	now      func() time.Time
	stamps   bool
	page     atomic.Pointer[Page]
	released bool
}

// NewBoard returns an empty board. The clock decides when a page expires.
func NewBoard(now func() time.Time) *Board { return &Board{now: now} }

// NewStampedBoard returns a board whose pages have the window's end as timestamp of the
// models' rows. They expire StampedLife after it, if not before.
func NewStampedBoard(now func() time.Time) *Board { return &Board{now: now, stamps: true} }

// Publish replaces the current page, unless that one is newer. Only one goroutine publishes.
func (b *Board) Publish(p *Page) {
	if b.stamps {
		p = p.stamped()
	}
	shown := b.Page()
	switch {
	case shown != nil && b.released && !b.valid(p):
		return
	case shown != nil && !b.released && shown.Window.End.After(p.Window.End):
		return
	}
	b.page.Store(p)
	b.released = false
}

// Release lets the next page replace the current one even if its window is older, because it is
// of other settings. The goroutine that publishes calls it.
func (b *Board) Release() { b.released = true }

// Page returns the current page, or nil if there is none or it has expired. Expiry is decided
// here, so that it needs no timer and works when the clock is set.
func (b *Board) Page() *Page {
	p := b.page.Load()
	if p == nil || !b.valid(p) {
		return nil
	}
	return p
}

// valid says whether a page may be served now. A window that has not begun yet was computed
// before the clock was set back.
func (b *Board) valid(p *Page) bool {
	now := b.now()
	return !now.Before(p.Window.Start) && now.Before(p.Expires)
}

// Head returns the current page in the given form. The first caller for a form waits until it
// is encoded; later callers share its bytes.
func (b *Board) Head(form Form) (Head, error) {
	if p := b.Page(); p != nil {
		return p.heads[form]()
	}
	return empty(form.Encoding), nil
}
