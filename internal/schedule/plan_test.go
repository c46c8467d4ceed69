package schedule

import (
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// FuzzPlan: whatever has happened, the next window is settled when it is computed,
// newer than the one served, and never waited for longer than a period.
func FuzzPlan(f *testing.F) {
	f.Add(int64(0), int64(3600), int64(60), int64(0), int64(0), int64(0), int64(0))
	f.Add(int64(1e9), int64(60), int64(60), int64(-1), int64(0), int64(5), int64(7200))
	f.Add(int64(1e9), int64(600), int64(0), int64(1), int64(-1), int64(1), int64(100))
	f.Fuzz(func(t *testing.T, unix, period, settle, doneBy, failedBy, failures, retryAfter int64) {
		p := plan{period: time.Duration(60+abs(period)%(31*86400)) * time.Second}
		p.settle = time.Duration(abs(settle)) % (p.period + 1)
		now := time.Unix(abs(unix)%(1<<33), 0)
		settled := window.Settled(now, p.period, p.settle)

		s := progress{}
		if doneBy != 0 { // counted in periods from the newest settled window
			s = s.succeeded(shift(settled, doneBy%5))
		}
		for range abs(failures) % 20 {
			s = p.failedAt(now, s, shift(settled, failedBy%3), time.Duration(abs(retryAfter)%(7*86400))*time.Second)
		}
		w, at := p.next(now, s)
		if at.Before(now) {
			at = now
		}
		if at.Before(w.Due(p.settle)) {
			t.Errorf("at %s window %s is not settled", at, w)
		}
		if p.computed(now, s) && !w.End.After(s.done.End) {
			t.Errorf("window %s was computed already, or is older than %s", w, s.done)
		}
		if at.Sub(now) > 2*p.period+p.settle {
			t.Errorf("waits for %s of %s periods", at.Sub(now), p.period)
		}
		if grace := p.expires(w).Sub(w.Next().Due(p.settle)); grace < time.Minute || grace < p.period/10 {
			t.Errorf("window %s expires %s after the next is due", w, grace)
		}
	})
}

func shift(w window.Window, periods int64) window.Window {
	d := time.Duration(periods) * w.Period()
	return window.Window{Start: w.Start.Add(d), End: w.End.Add(d)}
}

func abs(n int64) int64 {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
