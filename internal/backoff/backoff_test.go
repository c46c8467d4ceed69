package backoff

import (
	"math"
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	p := Policy{First: time.Second, Longest: 5 * time.Minute, RetryAfter: time.Hour}
	for name, test := range map[string]struct {
		policy     Policy
		failures   int
		retryAfter time.Duration
		want       time.Duration
	}{
		"first":                    {p, 1, 0, time.Second},
		"second":                   {p, 2, 0, 2 * time.Second},
		"fifth":                    {p, 5, 0, 16 * time.Second},
		"ninth":                    {p, 9, 0, 256 * time.Second},
		"tenth":                    {p, 10, 0, 5 * time.Minute},
		"after a year":             {p, math.MaxInt, 0, 5 * time.Minute},
		"as asked":                 {p, 1, 7 * time.Minute, 7 * time.Minute},
		"longer than asked":        {p, 10, time.Minute, 5 * time.Minute},
		"asked for 31 years":       {p, 1, 1e9 * time.Second, time.Hour},
		"asked for as can be":      {p, 1, math.MaxInt64, time.Hour},
		"the first is the longest": {Policy{First: time.Minute, Longest: time.Second}, 3, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.policy.Wait(test.failures, test.retryAfter); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
