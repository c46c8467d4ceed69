package window

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/quick"
	"time"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestSettled(t *testing.T) {
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	for _, c := range []struct {
		name           string
		now            string
		period, settle time.Duration
		start, end     string
	}{
		{"in mid-hour", "2026-03-01T10:25:00Z", time.Hour, time.Minute, "2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"},
		{"closed but not settled", "2026-03-01T10:00:59.999Z", time.Hour, time.Minute, "2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z"},
		{"settled this instant", "2026-03-01T10:01:00Z", time.Hour, time.Minute, "2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"},
		{"no settle delay", "2026-03-01T10:00:00Z", time.Hour, 0, "2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"},
		{"another time zone, same window", "2026-03-01T12:25:00+02:00", day, time.Minute, "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"weeks begin on Thursdays, as the epoch did", "2026-03-01T10:25:00Z", week, time.Minute, "2026-02-19T00:00:00Z", "2026-02-26T00:00:00Z"},
		{"a period that divides no hour", "1970-01-01T00:15:00Z", 7 * time.Minute, time.Minute, "1970-01-01T00:07:00Z", "1970-01-01T00:14:00Z"},
		{"a period that is no whole second", "1970-01-01T00:04:32Z", 90500 * time.Millisecond, 0, "1970-01-01T00:03:01Z", "1970-01-01T00:04:31.5Z"},
		{"after nanoseconds have ended", "2300-01-01T10:25:00Z", time.Hour, time.Minute, "2300-01-01T09:00:00Z", "2300-01-01T10:00:00Z"},
		{"before nanoseconds began", "1600-01-01T10:25:00Z", time.Hour, time.Minute, "1600-01-01T09:00:00Z", "1600-01-01T10:00:00Z"},
		{"before the epoch", "1969-12-31T23:30:00Z", time.Hour, time.Minute, "1969-12-31T22:00:00Z", "1969-12-31T23:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Settled(at(c.now), c.period, c.settle)
			want := Window{Start: at(c.start), End: at(c.end)}
			if !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// Windows tile time: every time is in one window, and windows follow each other without gaps.
func TestWindowsTile(t *testing.T) {
	tile := func(sec int32, nsec uint32, minutes uint16) bool {
		now := time.Unix(int64(sec), int64(nsec%1e9)).UTC()
		period := time.Duration(minutes%44640+1) * time.Minute
		w := Containing(now, period)
		return !now.Before(w.Start) && now.Before(w.End) && w.Period() == period &&
			w.End.Unix()%int64(period.Seconds()) == 0 &&
			w.Next().Start.Equal(w.End) && w.Next().Previous().Equal(w) &&
			Containing(w.Start, period).Equal(w) && Containing(w.End, period).Equal(w.Next())
	}
	if err := quick.Check(tile, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

// The settled window is the newest one that is due.
func TestSettledIsNewestDue(t *testing.T) {
	newest := func(sec int32, minutes, settleSeconds uint16) bool {
		now := time.Unix(int64(sec), 0).UTC()
		period, settle := time.Duration(minutes%1440+1)*time.Minute, time.Duration(settleSeconds)*time.Second
		w := Settled(now, period, settle)
		return !now.Before(w.Due(settle)) && now.Before(w.Next().Due(settle))
	}
	if err := quick.Check(newest, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

func TestEqual(t *testing.T) {
	w := Containing(at("2026-03-01T10:25:00Z"), time.Hour)
	elsewhere := Window{Start: w.Start.In(time.FixedZone("", 3600)), End: w.End.In(time.FixedZone("", 3600))}
	if !w.Equal(elsewhere) || w.Equal(w.Next()) || w.Equal(Window{}) || w.IsZero() || !(Window{}).IsZero() {
		t.Error("windows are compared by more, or less, than their moments")
	}
	if ends := EndsOf(w); !ends.Has(elsewhere.End) || ends.Has(w.Start) {
		t.Errorf("ends %v", ends)
	}
}

// A window is text in JSON, too.
func TestLogged(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("computed", "window", Containing(at("2026-03-01T10:25:00Z"), time.Hour))
	if want := `"window":"[2026-03-01T10:00:00Z, 2026-03-01T11:00:00Z)"`; !strings.Contains(out.String(), want) {
		t.Errorf("logged %s, want %s", &out, want)
	}
}
