package doctor

import (
	"encoding/json"
	"io"
	"time"
)

// JSON writes the report for programs.
func (r *Report) JSON(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(r.Document())
}

// Document returns the report as it is encoded as JSON.
func (r *Report) Document() any {
	d := document{
		Prometheus: r.URL, At: r.At, Status: r.Worst(), Checks: []result{},
		Summary:  summary{r.Count(Pass), r.Count(Warn), r.Count(Fail), r.Count(Skipped)},
		Calendar: []daily{},
	}
	if !r.Window.IsZero() {
		d.Window = &interval{r.Window.Start, r.Window.End}
	}
	for _, x := range r.Results {
		d.Checks = append(d.Checks, result{x.Group, x.Name, x.Question, x.Status, x.Fault, x.Found, x.Remedy, x.Link()})
	}
	if c := r.Cost; c != nil {
		d.Cost = &cost{c.Queries, c.Samples, c.Bytes, c.Took.Seconds(), c.Estimated}
	}
	if r.Calendar != nil {
		for _, x := range r.Calendar.Days {
			shown := daily{Date: x.Date.Format(time.DateOnly), Scraped: x.Scraped}
			if r.Calendar.Recorded {
				shown.Recorded = &x.Recorded
			}
			d.Calendar = append(d.Calendar, shown)
		}
	}
	return d
}

type document struct {
	Prometheus string    `json:"prometheus"`
	At         time.Time `json:"at"`
	Status     Status    `json:"status"`
	Summary    summary   `json:"summary"`
	Window     *interval `json:"window"`
	Checks     []result  `json:"checks"`
	Cost       *cost     `json:"cost"`
	Calendar   []daily   `json:"calendar"`
}

type summary struct {
	Pass    int `json:"pass"`
	Warn    int `json:"warn"`
	Fail    int `json:"fail"`
	Skipped int `json:"skipped"`
}

type interval struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

type result struct {
	Group    string `json:"group"`
	Name     string `json:"name"`
	Question string `json:"question"`
	Status   Status `json:"status"`
	Fault    string `json:"fault,omitempty"`
	Found    string `json:"found"`
	Remedy   string `json:"remedy,omitempty"`
	Link     string `json:"link"`
}

type cost struct {
	Requests  int     `json:"requests"`
	Samples   int64   `json:"samples"`
	Bytes     int64   `json:"bytes"`
	Seconds   float64 `json:"seconds"`
	Estimated bool    `json:"estimated"`
}

type daily struct {
	Date     string   `json:"date"`
	Scraped  float64  `json:"scraped"`
	Recorded *float64 `json:"recorded"` // null where that is not known
}
