package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// edge reads a time at which one window of the period ends and the next one begins.
func edge(period time.Duration) func(string) (time.Time, error) {
	return func(s string) (time.Time, error) {
		if s == "" {
			return time.Time{}, errors.New("is missing: write 2026-01-31T10:00:00Z, 2026-01-31 or seconds since 1970")
		}
		t, err := moment(s)
		if err != nil || period == 0 { // a wrong period is reported already
			return t, err
		}
		if w := window.Containing(t, period); !t.Equal(w.Start) {
			return t, fmt.Errorf("is not the end of a window: choose %s or %s", w.Start.Format(time.RFC3339), w.End.Format(time.RFC3339))
		}
		return t, nil
	}
}

// moment reads a time as Prometheus' own tools do, or a date, which begins in UTC.
func moment(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return sensible(t.UTC())
		}
	}
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(seconds) {
		return time.Time{}, errors.New("is not a time: write 2026-01-31T10:00:00Z, 2026-01-31 or seconds since 1970")
	}
	whole, part := math.Modf(min(max(seconds, -1), math.MaxUint32))
	return sensible(time.Unix(int64(whole), int64(part*1e9)).UTC())
}

// sensible refuses times that no Prometheus has, such as milliseconds given as seconds, or the
// zero of an unset variable.
func sensible(t time.Time) (time.Time, error) {
	if t.Unix() <= 0 || t.Unix() >= math.MaxUint32 {
		return time.Time{}, errors.New("is out of range: choose a time after 1970-01-01 and before 2106")
	}
	return t, nil
}

// orNothing reads an optional value.
func orNothing[T any](read func(string) (T, error)) func(string) (T, error) {
	return func(s string) (T, error) {
		if s == "" {
			var none T
			return none, nil
		}
		return read(s)
	}
}
