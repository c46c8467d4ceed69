package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/doctor"
)

// Doctor makes the checks of doctor, as often as it will. A doctor.Shared is one.
type Doctor interface {
	Report(ctx context.Context) (*doctor.Report, error)
}

// doctorPage is the content of the page about the checks.
type doctorPage struct {
	*doctor.Report
	Upstreams []link // to choose from, nil if there is one without a name
	Groups    []checkGroup
	Calendar  []calendarRow // nil if there is none
	First     time.Time     // day of the calendar
	Last      time.Time
}

type checkGroup struct {
	Title  string
	Checks []shownCheck
}

type shownCheck struct {
	doctor.Result
	Word   string
	Advice []paragraph
}

// paragraph is a part of a remedy.
type paragraph struct {
	Text string
	Code bool
}

// calendarRow has a bar for each day.
type calendarRow struct {
	Title string
	Days  []calendarDay
}

type calendarDay struct {
	Date   time.Time
	Share  float64 // from 0 to 1
	X, Y   int     // of the bar
	Height int
}

func (s *site) doctorParams() []string {
	if s.upstreams[0].Name == "" {
		return nil
	}
	return []string{"upstream"}
}

// doctor answers for the page about the checks, of one upstream.
func (s *site) doctor(r *http.Request) (view, error) {
	name := r.URL.Query().Get("upstream")
	i := slices.IndexFunc(s.upstreams, func(u *upstream) bool { return u.Name == name })
	if name == "" {
		i = 0
	}
	if i < 0 {
		return view{}, badParameter("upstream", name, "is unknown: choose "+s.names())
	}
	report, err := s.upstreams[i].Doctor.Report(r.Context())
	switch {
	case errors.Is(err, doctor.ErrRunning):
		return view{}, &failure{http.StatusServiceUnavailable, "The checks are being made", "Somebody else has asked for them.", "Look again in a few seconds."}
	case errors.Is(err, context.DeadlineExceeded):
		return view{}, &failure{http.StatusGatewayTimeout, "The checks take too long", "They did not end in time for a page.", "Run the command: seldon-prometheus-exporter doctor. The page tries again in a minute."}
	case err != nil:
		return view{}, err
	}
	p := doctorPage{Report: report}
	for _, u := range s.upstreams {
		if u.Name != "" {
			p.Upstreams = append(p.Upstreams, link{with(r.URL.Query(), "upstream", u.Name), u.Name, u == s.upstreams[i]})
		}
	}
	for _, x := range report.Results {
		if n := len(p.Groups); n == 0 || p.Groups[n-1].Title != x.Group {
			p.Groups = append(p.Groups, checkGroup{Title: x.Group})
		}
		last := &p.Groups[len(p.Groups)-1]
		last.Checks = append(last.Checks, shownCheck{x, word(x.Status), paragraphs(x.Remedy)})
	}
	if c := report.Calendar; c != nil {
		p.First, p.Last = c.Days[0].Date, c.Days[len(c.Days)-1].Date
		p.Calendar = append(p.Calendar, calendarOf("kube-state-metrics was scraped", c, func(d doctor.Day) float64 { return d.Scraped }))
		if c.Recorded {
			p.Calendar = append(p.Calendar, calendarOf("Windows are recorded", c, func(d doctor.Day) float64 { return d.Recorded }))
		}
	}
	return view{body: p, json: report.Document(), csv: func(write func(...string) error) error {
		if err := write("group", "check", "status", "fault", "found", "remedy"); err != nil {
			return err
		}
		for _, x := range report.Results {
			if err := write(x.Group, x.Name, string(x.Status), x.Fault, x.Found, x.Remedy); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

func word(s doctor.Status) string {
	return map[doctor.Status]string{doctor.Pass: "Pass", doctor.Warn: "Warning", doctor.Fail: "Fail", doctor.Skipped: "Skipped"}[s]
}

// Summary says how the checks ended.
func (p doctorPage) Summary() string {
	return fmt.Sprintf("%d passed, %d with a warning, %d failed, %d skipped",
		p.Count(doctor.Pass), p.Count(doctor.Warn), p.Count(doctor.Fail), p.Count(doctor.Skipped))
}

// Problems are the checks that failed, and then those with a warning.
func (p doctorPage) Problems() []doctor.Result {
	var all []doctor.Result
	for _, status := range []doctor.Status{doctor.Fail, doctor.Warn} {
		for _, x := range p.Results {
			if x.Status == status {
				all = append(all, x)
			}
		}
	}
	return all
}

// paragraphs splits a remedy into text and code, which is indented by four spaces.
func paragraphs(remedy string) []paragraph {
	var all []paragraph
	for line := range strings.SplitSeq(remedy, "\n") {
		text, code := strings.CutPrefix(line, "    ")
		n := len(all)
		switch {
		case line == "":
		case code && n > 0 && all[n-1].Code:
			all[n-1].Text += "\n" + text
		default:
			all = append(all, paragraph{text, code})
		}
	}
	return all
}

// The calendar's drawing.
const (
	dayWidth  = 10
	dayHeight = 24
)

func calendarOf(title string, c *doctor.Calendar, of func(doctor.Day) float64) calendarRow {
	row := calendarRow{Title: title}
	for i, d := range c.Days {
		share := min(1, max(0, of(d)))
		height := int(share*dayHeight + 0.5)
		if share > 0 {
			height = max(1, height)
		}
		row.Days = append(row.Days, calendarDay{Date: d.Date, Share: share, X: i * dayWidth, Y: dayHeight - height, Height: height})
	}
	return row
}
