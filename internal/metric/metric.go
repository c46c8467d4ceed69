// Package metric is the table of what is averaged: the metrics that models have, the series
// that each is read from, and the sources that carry these. Pure.
package metric

import "slices"

// Fold says how samples become a value over a time.
type Fold int

// The folds.
const (
	Count Fold = iota // each container counts as 1
	Level             // a setting: it stays until a scrape shows another value
	Mean              // a gauge: each sample counts for one scrape interval
	Rate              // a counter: what it rose, by the time in which it did
)

// Life says over which time of a container a metric counts.
type Life int

// The lives.
const (
	Running Life = iota // while the container runs
	Active              // while its pod is Pending or Running
)

// Role is what a metric is to the others of its chart.
type Role int

// The roles.
const (
	Used Role = iota
	Requested
	Limit

	Roles // how many there are
)

// Metric is one average that every model may have.
type Metric struct {
	Name   string
	Unit   string
	Help   string
	Source string // the name of the source whose targets carry the series
	Fold   Fold
	Life   Life
	Series []Series // any of which shows it
	Chart  string   // pages show metrics of one chart together
	Role   Role
}

// Series is a metric that Prometheus stores and a value is read from.
type Series struct {
	Name  string
	Match []Match
	Init  bool // of init containers, of which native sidecars count
	Old   bool // a form which another one of the same target overrules
}

// Match selects series by one label. A value "" selects those without it.
type Match struct {
	Label  string
	Not    bool // none of the values, rather than one of them
	Values []string
}

// Holds says whether a label value is selected.
func (m Match) Holds(value string) bool { return slices.Contains(m.Values, value) != m.Not }

// Source is a kind of scrape target.
type Source struct {
	Name string
	// Endpoints are what its targets are scraped for: one is enough.
	Endpoints []Endpoint
	// PathLabel tells several endpoints of one address apart, if there is such a label.
	PathLabel string
	// IDLabel tells the lives of one container apart, if there is such a label.
	IDLabel string
}

// Endpoint is what a target is scraped for. Markers are series of which each such target has
// some for itself, whatever pods there are. Fallback is asked for where there are none.
type Endpoint struct{ Markers, Fallback []Series }

// Marks says whether a series of that name is one of the markers.
func (e Endpoint) Marks(name string) bool {
	return slices.ContainsFunc(e.Markers, func(s Series) bool { return s.Name == name })
}

// Table is all that is averaged, and where it comes from. The first source says which pods
// and containers there are.
type Table struct {
	Sources []Source
	Metrics []Metric
}

// SourceIndex returns the place of the source of a name.
func (t Table) SourceIndex(name string) int {
	return slices.IndexFunc(t.Sources, func(s Source) bool { return s.Name == name })
}

// Index returns the place of the metric of a name, -1 if there is none.
func (t Table) Index(name string) int {
	return slices.IndexFunc(t.Metrics, func(m Metric) bool { return m.Name == name })
}

// Names returns the names of all metrics.
func (t Table) Names() []string {
	var names []string
	for _, m := range t.Metrics {
		names = append(names, m.Name)
	}
	return names
}

// Of returns the metrics that are read from a source, by their places in the table.
func (t Table) Of(source string) []int {
	var out []int
	for i, m := range t.Metrics {
		if m.Source == source {
			out = append(out, i)
		}
	}
	return out
}

// Show returns the place of the metric that a series shows and which of its series it is,
// false if the series shows none. A series shows one metric.
func (t Table) Show(name string, label func(string) string) (int, Series, bool) {
	for i, m := range t.Metrics {
		for _, s := range m.Series {
			if s.Name == name && !slices.ContainsFunc(s.Match, func(x Match) bool { return !x.Holds(label(x.Label)) }) {
				return i, s, true
			}
		}
	}
	return 0, Series{}, false
}

// Value is a metric of one model, if anything is known of it: absence is not zero.
type Value struct {
	V  float64
	OK bool
}
