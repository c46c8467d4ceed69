// Package doctor checks whether a Prometheus, and what it scrapes, is as the exporter needs it.
// Every check is a row of one table.
package doctor

import (
	"context"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Querier evaluates queries.
type Querier interface {
	Instant(ctx context.Context, expr string, at time.Time) (*promapi.Answer, error)
	Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) (*promapi.Answer, error)
}

// Server is the Prometheus that is read. A promapi.Client is one.
type Server interface {
	Querier
	BuildInfo(ctx context.Context) (promapi.BuildInfo, error)
	Engine(ctx context.Context) promapi.Engine
	ServerNow() (time.Time, bool)
	Received() int64 // bytes
}

// Surveyor computes a window. A downsample.Downsampler is one.
type Surveyor interface {
	Survey(ctx context.Context, w window.Window) (*inventory.Inventory, *ledger.Averages, error)
}

// Receiver is a remote-write receiver. A remotewrite.Writer is one.
type Receiver interface {
	Try(ctx context.Context, at time.Time) error
	Tried(ctx context.Context, at time.Time) (bool, error)
	Delivered(ctx context.Context, from, to time.Time) (window.Ends, error)
}

// Config is what the checks work with.
type Config struct {
	Server   Server
	Surveyor Surveyor
	Stored   Querier  // has the averages that were scraped or delivered
	Receiver Receiver // nil without remote write
	MayWrite bool     // two samples to the receiver
	ReadBy   func(context.Context) fetch.Transport
	Remedy   func(error) string  // for a request that failed, "" if there is none
	Named    func(string) string // names the flags in a text as the user has set them
	Now      func() time.Time

	URL          string // of the Prometheus, without secrets
	Credentials  bool   // there are some
	Unverified   bool   // its TLS certificate is not verified
	Transport    string // as it is set
	Period       time.Duration
	SettleDelay  time.Duration
	CatchUp      time.Duration
	Table        metric.Table
	Kinds        []workload.Kind
	ClusterLabel string
	Upstream     string // the name of the Prometheus, "" if it has none
}

// Status is the result of a check.
type Status string

// The results.
const (
	Pass    Status = "pass"
	Warn    Status = "warn"
	Fail    Status = "fail"
	Skipped Status = "skipped"
)

// Check is a row of the table: a question, and what can be wrong.
type Check struct {
	Name     string
	Question string
	Judged   string   // how the answer is found
	Needs    []string // checks without which it cannot be judged: it is skipped if one failed
	Faults   []Fault
	run      func(context.Context, *exam) (Finding, error)
}

// Fault is something that a check can find to be wrong. Texts are Markdown: what is indented by
// four spaces is code.
type Fault struct {
	Name     string
	Status   Status // Warn or Fail
	Means    string
	Remedy   string
	Settings string // that the remedy refers to; {labels} stands for the allow-list of kube-state-metrics
}

// Group is a part of the table.
type Group struct {
	Title  string
	Checks []Check
}

// Finding is what a check has found.
type Finding struct {
	Fault   string // the name of a fault, "" if there is none
	Found   string
	Remedy  string // instead of the fault's
	skipped bool
}

// Result is a check's finding, judged.
type Result struct {
	Group string
	Check
	Status Status
	Fault  string
	Found  string
	Remedy string // plain text; what is indented by four spaces is code
}

// Report is what all checks have found.
type Report struct {
	URL      string
	At       time.Time
	Window   window.Window // that was computed for the checks
	Results  []Result
	Calendar *Calendar // nil if there is nothing to show
	Cost     *Cost     // nil if no window could be computed
}

// Cost is what one window of the exporter's period costs the Prometheus.
type Cost struct {
	Queries   int
	Samples   int64
	Bytes     int64
	Took      time.Duration
	Estimated bool // from the last part of a long window
}

// Worst returns the worst status.
func (r *Report) Worst() Status {
	for _, s := range []Status{Fail, Warn, Pass} {
		if r.Count(s) > 0 {
			return s
		}
	}
	return Skipped
}

// Count returns how many checks have a status.
func (r *Report) Count(s Status) int {
	n := 0
	for _, x := range r.Results {
		if x.Status == s {
			n++
		}
	}
	return n
}

// Failed returns the names of the checks that failed.
func (r *Report) Failed() []string {
	var names []string
	for _, x := range r.Results {
		if x.Status == Fail {
			names = append(names, x.Name)
		}
	}
	return names
}

// Run makes all checks, one after the other. Each is announced before it is made.
func Run(ctx context.Context, cfg Config, announce func(name string)) (*Report, error) {
	e := &exam{Config: cfg, unmet: map[string]string{}}
	report := &Report{URL: cfg.URL, At: cfg.Now().UTC()}
	for _, group := range Groups() {
		for _, c := range group.Checks {
			announce(c.Name)
			r := e.make(ctx, c)
			r.Group = group.Title
			report.Results = append(report.Results, r)
			switch r.Status {
			case Fail:
				e.unmet[c.Name] = "it needs " + c.Name
			case Skipped:
				e.unmet[c.Name] = r.Found
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
		}
	}
	report.Window, report.Cost, report.Calendar = e.window, e.cost, e.calendar
	return report, nil
}

// make makes one check.
func (e *exam) make(ctx context.Context, c Check) Result {
	r := Result{Check: c, Status: Pass}
	if i := slices.IndexFunc(c.Needs, func(name string) bool { return e.unmet[name] != "" }); i >= 0 {
		r.Status, r.Found = Skipped, e.unmet[c.Needs[i]]
		return r
	}
	finding, err := c.run(ctx, e)
	if err != nil {
		// What was asked could not be answered: that is no finding about what is scraped.
		r.Status, r.Found, r.Remedy = Fail, "the question failed: "+printable(err.Error()), printable(e.Remedy(err))
		return r
	}
	r.Found = printable(finding.Found)
	if finding.skipped {
		r.Status = Skipped
	}
	if i := slices.IndexFunc(c.Faults, func(f Fault) bool { return f.Name == finding.Fault }); i >= 0 {
		f := c.Faults[i]
		r.Status, r.Fault, r.Remedy = f.Status, f.Name, plain(f.Advice(e.Kinds))
		if finding.Remedy != "" {
			r.Remedy = finding.Remedy
		}
		r.Remedy = e.Named(r.Remedy)
	}
	return r
}

// Link returns where the documents explain the check.
func (c Check) Link() string { return "docs/troubleshooting.md#" + c.Name }
