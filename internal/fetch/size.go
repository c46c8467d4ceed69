package fetch

import (
	"sync"
	"time"
)

const (
	mostSamples = 200_000 // of one answer: what is held at once
	mostNames   = 1_000   // in one matcher of remote read

	assumedInterval = 10_000 // between samples, in milliseconds, before any was seen
	shortest        = int64(5 * time.Second / time.Millisecond)
)

// size is how much one request asks for: so many items over the whole span, or one item
// over a part of it.
type size struct {
	items  int
	length int64 // milliseconds
}

// sizes remember, by the question's name, how much the server takes. They outlive windows.
type sizes struct {
	most int // samples in one answer

	mu    sync.Mutex
	known map[string]*learned
}

// learned is what is known of one question. An amount is items times milliseconds.
type learned struct {
	density float64 // samples to one item and millisecond
	refused float64 // the smallest amount that was refused, 0 if none was
	again   bool    // it was refused since the last window began
}

func newSizes(most int) *sizes { return &sizes{most: most, known: map[string]*learned{}} }

// of returns how much to ask for: at most so many items, of which each is thought to have so
// many series before anything is known of them.
func (z *sizes) of(question string, series, mostItems int, span int64) size {
	z.mu.Lock()
	defer z.mu.Unlock()
	k := z.question(question, series)
	amount := float64(z.most) / k.density
	if k.refused > 0 {
		amount = min(amount, k.refused/2)
	}
	if items := int(amount / float64(span)); items > 0 {
		return size{min(items, mostItems), span}
	}
	return size{1, min(span, max(shortest, int64(amount)))}
}

func (z *sizes) question(name string, series int) *learned {
	k := z.known[name]
	if k == nil {
		k = &learned{density: float64(series) / assumedInterval}
		z.known[name] = k
	}
	return k
}

// answered enters how many samples a request had.
func (z *sizes) answered(question string, s size, samples int64) {
	z.mu.Lock()
	defer z.mu.Unlock()
	k := z.question(question, 1)
	seen := float64(samples+1) / s.amount()
	k.density = max(seen, (3*k.density+seen)/4) // the next items may have as many
	if samples > int64(z.most) && (k.refused == 0 || s.amount() < k.refused) {
		k.refused = s.amount()
	}
}

// refusedAt enters that a request was too much, and says whether to ask for less can help.
func (z *sizes) refusedAt(question string, s size) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	k := z.question(question, 1)
	if s.items == 1 && s.length <= shortest {
		k.refused, k.again = 0, false // it is not the size
		return false
	}
	if k.refused == 0 || s.amount() < k.refused {
		k.refused = s.amount()
	}
	k.again = true
	return true
}

// grow lets the next window ask for a quarter more than what the last one was given.
func (z *sizes) grow() {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, k := range z.known {
		if !k.again {
			k.refused *= 1.25
		}
		k.again = false
	}
}

func (s size) amount() float64 { return float64(s.items) * float64(s.length) }
