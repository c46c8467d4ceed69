package downsample

import (
	"sync"
	"time"
)

// question is a kind of query. It can be asked about many items at once or about few, and
// over all of its time or over a part of it, so that whoever refuses it as too much, or is
// too slow, may be asked for less.
type question struct {
	name     string // by which it is known from window to window
	most     int    // items in one query
	series   int64  // that it reads of one item, as a generous guess
	interval int64  // between their samples, in milliseconds
	lead     int64  // for which it reads before its time, in milliseconds
	raw      bool   // holds all these samples at once, and not one series' only
}

// portion is how much one query asks for.
type portion struct {
	items  int
	length int64 // of time, in milliseconds
}

// shortest is the least time that a question is cut down to.
const shortest = int64(time.Minute / time.Millisecond)

// halved returns the next smaller portion: fewer items, and once there is but one, less time.
func (p portion) halved() (_ portion, ok bool) {
	switch {
	case p.items > 1:
		p.items = (p.items + 1) / 2
	case p.length > shortest:
		p.length = max(shortest, (p.length+1)/2)
	default:
		return p, false
	}
	return p, true
}

// held estimates how many samples a query holds at once.
func (k question) held(p portion) int64 {
	points := (p.length+k.lead)/k.interval + 1
	if k.raw {
		return int64(p.items) * k.series * points
	}
	return int64(p.items)*k.series + points
}

// ladder returns the portions of a question about so many items, each half of the one before,
// and the first of them that holds no more samples than it may.
func (k question) ladder(items int, length int64, mayHold int) (portions []portion, first int) {
	p, ok := portion{max(1, min(k.most, items)), length}, true
	for ; ok; p, ok = p.halved() {
		portions = append(portions, p)
		if k.held(p) > int64(mayHold) {
			first++
		}
	}
	return portions, min(first, len(portions)-1)
}

// limits are what was learnt of how much can be asked at once. They outlive windows.
type limits struct {
	mu     sync.Mutex
	doubts map[string][]float64 // of each question, how much each rung of its ladder is doubted
}

// A refusal adds a doubt, an answer takes one away.
const (
	enough = 0.5 // doubt not to try a rung
	trust  = -2  // doubt at least: after many answers, three refusals are enough
	fading = 0.9 // of doubt with each window: after one refusal, the rung is tried again in seven
)

func newLimits() *limits { return &limits{doubts: map[string][]float64{}} }

// rung returns the first rung that is not doubted.
func (l *limits) rung(question string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, doubt := range l.doubts[question] {
		if doubt < enough {
			return i
		}
	}
	return len(l.doubts[question])
}

// answered and refused enter what became of a query.
func (l *limits) answered(question string, rung int) { l.note(question, rung, -1) }
func (l *limits) refused(question string, rung int)  { l.note(question, rung, 1) }

func (l *limits) note(question string, rung int, doubt float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.doubts[question]) <= rung {
		l.doubts[question] = append(l.doubts[question], 0)
	}
	l.doubts[question][rung] = max(trust, l.doubts[question][rung]+doubt)
}

// forget drops what was learnt of a question that nobody answers, however little is asked:
// it was not the size.
func (l *limits) forget(question string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.doubts, question)
}

// fade makes doubts weaker: what was refused may be answered another day.
func (l *limits) fade() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, doubts := range l.doubts {
		for i := range doubts {
			if doubts[i] > 0 {
				doubts[i] *= fading
			}
		}
	}
}
