package doctor

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

const (
	calendarDays = 30
	calendarStep = 30 * time.Minute // one moment of each is looked at
	day          = 24 * time.Hour
)

// Calendar shows the coverage of the last days.
type Calendar struct {
	Days     []Day
	First    time.Time // of the oldest sample, zero if there is none
	Recorded bool      // what is recorded could be read
}

// Day is one day in UTC, or today so far.
type Day struct {
	Date     time.Time
	Scraped  float64       // the share of the day in which kube-state-metrics was scraped
	Recorded float64       // the mean coverage of the windows that are stored, as a share of the day
	Missing  time.Duration // not scraped since the first sample
}

// readCalendar asks how much of each day was scraped, and how much of that is recorded.
func (e *exam) readCalendar(ctx context.Context) error {
	now := e.now().UTC()
	from := now.Truncate(day).Add(-(calendarDays - 1) * day)
	c := &Calendar{}
	for at := from; !at.After(now); at = at.Add(day) {
		c.Days = append(c.Days, Day{Date: at})
	}
	up, err := e.Server.Range(ctx, "max("+upOf(e.found.Targets[0])+")", from, now, calendarStep)
	if err != nil {
		return err
	}
	// Whatever is delivered or scraped of a window is found within a period of its end.
	step := min(max(e.Period, calendarStep), day)
	of := fmt.Sprintf("source=%q", e.Table.Sources[0].Name)
	if e.Upstream != "" {
		of += fmt.Sprintf(",upstream=%q", e.Upstream)
	}
	recorded, failure := e.Stored.Range(ctx, fmt.Sprintf(`max(last_over_time(seldon_exporter_window_coverage_ratio{%s}[%dms]))`,
		of, step.Milliseconds()), from, now, step)
	if c.Recorded = failure == nil; failure != nil {
		recorded = &promapi.Answer{}
	}
	scraped := points(up)
	for at := from; !at.After(now); at = at.Add(calendarStep) {
		ok := scraped[at.UnixMilli()] > 0
		d := &c.Days[at.Sub(from)/day]
		switch {
		case ok && c.First.IsZero():
			c.First = at
		case !ok && !c.First.IsZero():
			d.Missing += calendarStep
		}
		if ok {
			d.Scraped++
		}
	}
	for t, ratio := range points(recorded) {
		c.Days[time.UnixMilli(t).Sub(from)/day].Recorded += ratio
	}
	for i := range c.Days {
		d := &c.Days[i]
		past := min(now.Sub(d.Date), day)
		d.Scraped /= moments(past, calendarStep)
		d.Recorded /= moments(past, step)
	}
	e.calendar = c
	return nil
}

// moments is how many steps begin in a time.
func moments(past, step time.Duration) float64 { return max(1, math.Ceil(float64(past)/float64(step))) }

// points returns what a range query has at each moment.
func points(a *promapi.Answer) map[int64]float64 {
	all := map[int64]float64{}
	for _, row := range a.Series {
		for _, s := range row.Samples {
			all[s.T] = s.V
		}
	}
	return all
}
