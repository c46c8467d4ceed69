package schedule

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// FuzzPlan: in every state, the window to serve next is settled when it is computed, newer than
// the served one, and due within a period.
func FuzzPlan(f *testing.F) {
	f.Add(int64(0), int64(3600), int64(60), int64(0), int64(0), int64(0), int64(0), int64(0))
	f.Add(int64(1e9), int64(60), int64(60), int64(7), int64(-1), int64(0), int64(5), int64(7200))
	f.Add(int64(1e9), int64(600), int64(0), int64(3), int64(1), int64(-1), int64(1), int64(100))
	f.Fuzz(func(t *testing.T, unix, period, settle, jitter, doneBy, failedBy, failures, retryAfter int64) {
		p := plan{period: time.Duration(60+abs(period)%(31*86400)) * time.Second}
		p.settle = time.Duration(abs(settle)) % (p.period + 1)
		p.jitter = time.Duration(abs(jitter)) % (mostJitter(p.period) + 1)
		now := time.Unix(abs(unix)%(1<<33), 0)
		settled := window.Settled(now, p.period, p.settle)

		s := progress{}
		if doneBy != 0 { // counted in periods from the newest settled window
			s = s.succeeded(shift(settled, doneBy%5))
		}
		for range abs(failures) % 20 {
			s = p.failedAt(now, s, shift(settled, failedBy%3), time.Duration(abs(retryAfter)%(7*86400))*time.Second)
		}
		w, at := p.refresh(now, s)
		if at.Before(now) {
			at = now
		}
		if at.Before(w.Due(p.settle)) {
			t.Errorf("at %s window %s is not settled", at, w)
		}
		if first := s.none() || w.Equal(s.failed); !first && at.Before(p.due(w)) {
			t.Errorf("at %s window %s lacks the jitter of %s", at, w, p.jitter)
		}
		if p.computed(now, s) && !w.End.After(s.done.End) {
			t.Errorf("window %s was computed already, or is older than %s", w, s.done)
		}
		if at.Sub(now) > 2*p.period+p.settle+p.jitter {
			t.Errorf("waits for %s of %s periods", at.Sub(now), p.period)
		}
		if grace := p.expires(w).Sub(p.due(w.Next())); grace < time.Minute || grace < p.period/10 {
			t.Errorf("window %s expires %s after the next is computed", w, grace)
		}
	})
}

// The jitter is at most a tenth of the period, and no page expires before its successor
// comes because of it.
func TestJitter(t *testing.T) {
	for _, period := range []time.Duration{time.Minute, 7 * time.Minute, time.Hour, 24 * time.Hour, 31 * 24 * time.Hour} {
		if most := mostJitter(period); most <= 0 || most > period/10 || most > time.Minute {
			t.Errorf("%s of %s", most, period)
		}
	}
	p := plan{period: time.Hour, settle: time.Minute, jitter: 30 * time.Second}
	at := func(clock string) time.Time { return mustParse(t, clock) }
	hour := func(end string) window.Window { return window.Containing(at(end), time.Hour).Previous() }

	w, from := p.refresh(at("02:01:05"), progress{})
	if !w.Equal(hour("02:00:00")) || !from.Equal(at("02:01:05")) {
		t.Errorf("the first window is %s at %s, want the settled one at once", w, from)
	}
	served := progress{}.succeeded(hour("01:00:00"))
	if w, from = p.refresh(at("02:01:05"), served); !w.Equal(hour("02:00:00")) || !from.Equal(at("02:01:30")) {
		t.Errorf("the second window is %s at %s, want the settled one after the jitter", w, from)
	}
	if got := p.expires(hour("01:00:00")); !got.Equal(at("02:07:30")) {
		t.Errorf("the first expires at %s", got)
	}
}

func TestBacklog(t *testing.T) {
	const maxAge = 4 * time.Hour
	p := plan{period: time.Hour, maxAge: maxAge}
	hour := func(end int) window.Window {
		e := midnight.Add(time.Duration(end) * time.Hour)
		return window.Window{Start: e.Add(-time.Hour), End: e}
	}
	at := func(h float64) time.Time { return midnight.Add(time.Duration(h * float64(time.Hour))) }
	asked := func(s *state) { s.backlog.checked(nil) }
	done := func(end int) func(*state) {
		return func(s *state) { asked(s); s.progress, s.held = s.progress.succeeded(hour(end)), hour(end) }
	}
	type moment struct {
		at   float64 // hours since midnight
		do   func(*state)
		want []int // ends of the missing windows
	}
	for name, test := range map[string]struct {
		moments   []moment
		gone      map[reason][]window.Span
		unchecked bool
	}{
		"at the start, those of the last hours": {
			[]moment{{10.5, nil, []int{7, 8, 9, 10}}}, nil, true,
		},
		"then each that is due": {
			[]moment{{10.5, func(s *state) { s.backlog.checked(window.EndsOf(hour(7), hour(8), hour(9))) }, []int{10}}, {11, nil, []int{10, 11}}}, nil, false,
		},
		"those of a suspension, as far as they are young": {
			[]moment{{10, func(s *state) { s.backlog.windows, s.backlog.unchecked = nil, false }, nil}, {20.5, nil, []int{17, 18, 19, 20}}},
			map[reason][]window.Span{tooLate: {window.SpanOf(at(10), at(16), time.Hour)}}, true,
		},
		"none that is too old": {
			[]moment{{10, asked, []int{7, 8, 9, 10}}, {11, asked, []int{8, 9, 10, 11}}, {12, nil, []int{9, 10, 11, 12}}},
			map[reason][]window.Span{tooLate: {window.SpanOf(at(6), at(8), time.Hour)}}, false,
		},
		"though those whose markers are not known": {
			[]moment{{10, nil, []int{7, 8, 9, 10}}, {11, nil, []int{7, 8, 9, 10, 11}}}, map[reason][]window.Span{}, true,
		},
		"an old one that is at hand": {
			[]moment{{10, done(10), []int{7, 8, 9, 10}}, {16, asked, []int{7, 8, 9, 10, 13, 14, 15, 16}}, {16, nil, []int{10, 13, 14, 15, 16}}},
			map[reason][]window.Span{tooLate: {window.SpanOf(at(6), at(9), time.Hour), window.SpanOf(at(10), at(12), time.Hour)}}, false,
		},
		"after the clock was put back, again": {
			[]moment{{10, func(s *state) { s.backlog.windows = nil }, nil}, {600, nil, []int{597, 598, 599, 600}}, {10.5, nil, []int{7, 8, 9, 10}}},
			map[reason][]window.Span{tooLate: {window.SpanOf(at(10), at(596), time.Hour)}}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var s state
			for _, m := range test.moments {
				p.advance(at(m.at), &s)
				if m.do != nil {
					m.do(&s)
				}
				var got []int
				for _, x := range s.backlog.windows {
					got = append(got, int(x.End.Sub(midnight)/time.Hour))
				}
				if diff := cmp.Diff(m.want, got); diff != "" {
					t.Errorf("missing at %v: %s", m.at, diff)
				}
			}
			if s.backlog.unchecked != test.unchecked {
				t.Errorf("unchecked: %v", s.backlog.unchecked)
			}
			for why, spans := range s.backlog.abandoned {
				s.backlog.abandoned[why] = window.Join(spans)
			}
			if diff := cmp.Diff(test.gone, s.backlog.abandoned, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("given up: %s", diff)
			}
		})
	}
}

var midnight = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestNext(t *testing.T) {
	const period = time.Hour
	p := plan{period: period, maxAge: 24 * time.Hour}
	hour := func(end int) window.Window {
		e := midnight.Add(time.Duration(end) * time.Hour)
		return window.Window{Start: e.Add(-time.Hour), End: e}
	}
	list := func(ends ...int) (out []missing) {
		for _, end := range ends {
			out = append(out, missing{Window: hour(end)})
		}
		return out
	}
	now := midnight.Add(10*time.Hour + 30*time.Minute)
	soon, soonest := now.Add(2*time.Minute), now.Add(time.Minute)
	served := progress{}.succeeded(hour(10))
	for name, test := range map[string]struct {
		state state
		want  step
	}{
		"first of all, the newest is served":    {state{backlog: backlog{windows: list(9, 10), unchecked: true}}, step{refresh, hour(10), now}},
		"then what is there is checked":         {state{progress: served, backlog: backlog{windows: list(9, 10), unchecked: true}}, step{check, hour(9), now}},
		"then the oldest is delivered":          {state{progress: served, backlog: backlog{windows: list(9, 10)}}, step{deliver, hour(9), now}},
		"in the end the newest":                 {state{progress: served, backlog: backlog{windows: list(10)}}, step{deliver, hour(10), now}},
		"and then there is nothing to do":       {state{progress: served}, step{wait, hour(11), hour(11).End}},
		"a window that is due goes first":       {state{progress: progress{}.succeeded(hour(9)), backlog: backlog{windows: list(8, 9, 10)}}, step{refresh, hour(10), now}},
		"but not twice in a row":                {state{progress: progress{}.succeeded(hour(9)), backlog: backlog{windows: list(8, 9, 10)}, refreshed: true}, step{deliver, hour(8), now}},
		"what is to be served is not delivered": {state{progress: progress{failed: hour(10), retryAt: soon}, backlog: backlog{windows: list(10)}}, step{wait, hour(10), soon}},
		"nor does it hold up the others":        {state{progress: progress{failed: hour(10), retryAt: soon}, backlog: backlog{windows: list(9, 10)}}, step{deliver, hour(9), now}},
		"a window that failed is passed over":   {state{progress: served, backlog: backlog{windows: []missing{{Window: hour(9), retryAt: soon}, {Window: hour(10)}}}}, step{deliver, hour(10), now}},
		"the soonest retry is next":             {state{progress: served, backlog: backlog{windows: []missing{{Window: hour(9), failures: 9, retryAt: soon}, {Window: hour(10), failures: 9, retryAt: soonest}}}}, step{wait, hour(10), soonest}},
		"a pause is for all":                    {state{progress: served, backlog: backlog{windows: list(9, 10), pause: pause{1, soon}}}, step{wait, hour(9), soon}},
		"an upstream's wish is for all":         {state{progress: progress{failed: hour(10), retryAt: soonest, quietUntil: soon}, backlog: backlog{windows: list(9)}}, step{wait, hour(10), soon}},
		"what had no data waits for others":     {state{progress: served, backlog: backlog{windows: []missing{{Window: hour(8), noDataAt: hour(10).End}, {Window: hour(9)}}}}, step{deliver, hour(9), now}},
		"and then is looked at again":           {state{progress: served, backlog: backlog{windows: []missing{{Window: hour(8), noDataAt: hour(9).End}, {Window: hour(9)}}}}, step{deliver, hour(8), now}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, p.next(now, &test.state), cmp.AllowUnexported(step{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func mustParse(t *testing.T, clock string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateTime, "2000-01-01 "+clock)
	if err != nil {
		t.Fatal(err)
	}
	return at
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
