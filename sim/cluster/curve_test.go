package cluster_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// TestCurvesAgreeWithSmallSteps holds integral, variation and range against what can be
// seen in steps of 10 ms.
func TestCurvesAgreeWithSmallSteps(t *testing.T) {
	const step = 10 * time.Millisecond
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		c := cluster.Flat(r.Float64())
		for at := time.Duration(0); at < time.Minute; at += time.Duration(1+r.IntN(30)) * time.Second {
			c = append(c, cluster.Piece{
				At: at, Level: 1 + r.Float64(), Slope: (r.Float64() - 0.5) * float64(r.IntN(2)) / 10,
				Swing: r.Float64() * float64(r.IntN(2)), Period: time.Duration(1+r.IntN(40)) * time.Second,
			})
		}
		from := time.Duration(r.IntN(60)) * time.Second
		span := cluster.Span{From: from, To: from + time.Duration(1+r.IntN(60))*time.Second}
		lo, hi := c.Range(span)
		var integral, variation float64
		last := c.At(span.From)
		for at := span.From; at < span.To; at += step {
			v := c.At(at + step/2)
			integral += v * step.Seconds()
			variation += math.Abs(v - last)
			if last = v; v < lo-1e-9 || v > hi+1e-9 {
				t.Fatalf("%v at %v is %g, outside of [%g, %g]", c, at, v, lo, hi)
			}
		}
		if got := c.Integral(span); math.Abs(got-integral) > 1e-3*(1+integral) {
			t.Errorf("%v over %v: integral %g, want %g", c, span, got, integral)
		}
		// A swing on a slope varies less than both do.
		if got := c.Variation(span); got < variation*0.99-0.01 || got > variation+lengthOfSlopes(c, span)+0.2 {
			t.Errorf("%v over %v: variation %g, want %g", c, span, got, variation)
		}
	}
}

func lengthOfSlopes(c cluster.Curve, span cluster.Span) float64 {
	var sum float64
	for _, p := range c {
		sum += 2 * math.Abs(p.Slope) * span.Length().Seconds()
	}
	return sum
}
