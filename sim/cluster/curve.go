package cluster

import (
	"math"
	"time"
)

// Curve is a value over time: each piece holds from its At until the next one's. The
// first also holds before its own. A nil curve is no value at all.
type Curve []Piece

// Piece is a shape whose integral is known in closed form: a level, a slope and a
// swing around them, all from the moment At.
type Piece struct {
	At     time.Duration
	Level  float64
	Slope  float64       // per second
	Swing  float64       // amplitude of a sine that begins at At
	Period time.Duration // of the swing
}

// Flat is a curve that never moves.
func Flat(v float64) Curve { return Curve{{At: Beginning, Level: v}} }

// Then returns the curve with a step to v at a moment.
func (c Curve) Then(at time.Duration, v float64) Curve {
	return append(c[:len(c):len(c)], Piece{At: at, Level: v})
}

// At returns the value at t, 0 for a curve without one.
func (c Curve) At(t time.Duration) float64 {
	for i := len(c) - 1; i >= 0; i-- {
		if t >= c[i].At || i == 0 {
			return c[i].at(t)
		}
	}
	return 0
}

// Integral returns the integral over a span, in units times seconds.
func (c Curve) Integral(s Span) float64 {
	var sum float64
	c.each(s, func(p Piece, part Span) { sum += p.integral(part) })
	return sum
}

// Variation returns how far the value moves up and down within a span, jumps included.
// It is exact except for a swing on a slope, where it is the sum of both.
func (c Curve) Variation(s Span) float64 {
	var sum float64
	c.each(s, func(p Piece, part Span) {
		sum += math.Abs(p.Slope)*part.Length().Seconds() + p.swung(part)
	})
	for _, jump := range c.Jumps(s) {
		sum += math.Abs(jump.Level)
	}
	return sum
}

// Range returns bounds of the value within a span.
func (c Curve) Range(s Span) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	c.each(s, func(p Piece, part Span) {
		swing := math.Abs(p.Swing)
		a := p.Level + p.Slope*secondsBetween(p, part.From)
		b := p.Level + p.Slope*secondsBetween(p, part.To)
		lo, hi = min(lo, a-swing, b-swing), max(hi, a+swing, b+swing)
	})
	if lo > hi {
		return 0, 0
	}
	return lo, hi
}

// Jumps returns the steps inside a span: when, and (as Level) by how much.
func (c Curve) Jumps(s Span) []Piece {
	var out []Piece
	for i := 1; i < len(c); i++ {
		if at := c[i].At; at > s.From && at < s.To {
			if by := c[i].at(at) - c[i-1].at(at); by != 0 {
				out = append(out, Piece{At: at, Level: by})
			}
		}
	}
	return out
}

// each hands out the parts of a span, piece by piece.
func (c Curve) each(s Span, f func(Piece, Span)) {
	for i, p := range c {
		reign := Span{p.At, Forever}
		if i == 0 {
			reign.From = Beginning
		}
		if i+1 < len(c) {
			reign.To = c[i+1].At
		}
		if part := reign.And(s); part.Length() > 0 {
			f(p, part)
		}
	}
}

func secondsBetween(p Piece, t time.Duration) float64 {
	if p.Slope == 0 && p.Swing == 0 {
		return 0 // a flat piece may begin at the Beginning
	}
	return (t - p.At).Seconds()
}

func (p Piece) turn(t time.Duration) float64 {
	return 2 * math.Pi * float64(t-p.At) / float64(p.Period)
}

func (p Piece) at(t time.Duration) float64 {
	v := p.Level
	if p.Slope != 0 {
		v += p.Slope * (t - p.At).Seconds()
	}
	if p.Swing != 0 {
		v += p.Swing * math.Sin(p.turn(t))
	}
	return v
}

func (p Piece) integral(s Span) float64 {
	length := s.Length().Seconds()
	sum := p.Level * length
	if p.Slope != 0 {
		middle := (s.From - p.At).Seconds() + length/2
		sum += p.Slope * middle * length
	}
	if p.Swing != 0 {
		sum += p.Swing * p.Period.Seconds() / (2 * math.Pi) * (math.Cos(p.turn(s.From)) - math.Cos(p.turn(s.To)))
	}
	return sum
}

// swung returns the variation of the sine alone: it moves by its amplitude in every
// quarter turn, and monotonically between two crests.
func (p Piece) swung(s Span) float64 {
	if p.Swing == 0 {
		return 0
	}
	travelled := func(t time.Duration) float64 { // since the sine's crest at -1/4 turn
		half := p.turn(t)/math.Pi + 0.5
		whole := math.Floor(half)
		return 2*whole + 1 - math.Cos(math.Pi*(half-whole))
	}
	return math.Abs(p.Swing) * (travelled(s.To) - travelled(s.From))
}
