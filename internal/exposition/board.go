package exposition

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Board shows the current page of each upstream, as one. Any number of scrapes may read it
// while pages are published.
type Board struct {
	Log *slog.Logger // of what is left out, nil for none

	now    func() time.Time
	stamps bool
	slots  atomic.Pointer[[]*Slot] // in the order of the upstreams
	shown  atomic.Pointer[selection]

	mu     sync.Mutex // of who makes a selection
	logged duplicate
}

// Slot is the place of one upstream's page. Only one goroutine publishes there.
type Slot struct {
	name     string
	board    *Board
	page     atomic.Pointer[Page]
	released bool
}

// NewBoard returns an empty board with the slot of an upstream without a name. The clock decides
// when a page expires.
func NewBoard(now func() time.Time) *Board {
	b := &Board{now: now}
	b.Arrange([]*Slot{{board: b}})
	return b
}

// NewStampedBoard returns a board whose pages have the window's end as timestamp of the
// models' rows. They expire StampedLife after it, if not before.
func NewStampedBoard(now func() time.Time) *Board {
	b := NewBoard(now)
	b.stamps = true
	return b
}

// Slot returns the slot of an upstream: the one that is there, or a new one, which is not.
func (b *Board) Slot(upstream string) *Slot {
	for _, s := range *b.slots.Load() {
		if s.name == upstream {
			return s
		}
	}
	return &Slot{name: upstream, board: b}
}

// Arrange replaces the slots that are there, while nobody publishes. The next page in a slot may
// replace the current one even if its window is older, because it is of other settings.
func (b *Board) Arrange(slots []*Slot) {
	for _, s := range slots {
		s.released = true
	}
	b.slots.Store(&slots)
}

// Publish replaces the current page, unless that one is newer.
func (s *Slot) Publish(p *Page) {
	if s.board.stamps {
		p = p.stamped()
	}
	now := s.board.now()
	shown := s.at(now)
	switch {
	case shown != nil && s.released && !p.valid(now):
		return
	case shown != nil && !s.released && shown.Window.End.After(p.Window.End):
		return
	}
	s.page.Store(p)
	s.released = false
}

// Page returns the current page, or nil if there is none or it has expired. Expiry is decided
// here, so that it needs no timer and works when the clock is set.
func (s *Slot) Page() *Page { return s.at(s.board.now()) }

func (s *Slot) at(now time.Time) *Page {
	p := s.page.Load()
	if p == nil || !p.valid(now) {
		return nil
	}
	return p
}

// Pages returns the current pages in the order of the upstreams, without models that an earlier
// one has.
func (b *Board) Pages() []*Page { return b.selection().pages }

// Head returns the current pages in the given form. The first caller for a form waits until it
// is encoded; later callers share its bytes.
func (b *Board) Head(form Form) (Head, error) {
	if head := b.selection().heads[form]; head != nil {
		return head()
	}
	return empty(form.Encoding), nil
}

// selection returns what is shown now: the same as before, unless a page was replaced or has
// expired.
func (b *Board) selection() *selection {
	now := b.now()
	var current []*Page
	for _, s := range *b.slots.Load() {
		if p := s.at(now); p != nil {
			current = append(current, p)
		}
	}
	if shown := b.shown.Load(); shown != nil && slices.Equal(shown.of, current) {
		return shown
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if shown := b.shown.Load(); shown != nil && slices.Equal(shown.of, current) {
		return shown // somebody else was faster
	}
	shown := newSelection(current)
	if twice := shown.twice; twice != b.logged && b.Log != nil {
		b.logged = twice
		if twice != (duplicate{}) {
			b.Log.Warn("Two upstreams have the same model: the second one's is left out", "cluster", twice.Cluster, "namespace", twice.Namespace, "type", twice.Type, "name", twice.Name,
				"served", twice.first, "left_out", twice.second, "remedy", "give each cluster a name of its own")
		}
	}
	b.shown.Store(shown)
	return shown
}
