package pages

import (
	"slices"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
)

// State is what the exporter is doing with one upstream.
type State struct {
	Upstream  string // the Prometheus that is read, without secrets
	Transport string // how it is read
	Period    string
	Kinds     string
	Shard     string // "" if there is only one

	Next      time.Time // when the next step begins, zero during one
	Error     string    // of the last attempt, without secrets
	ErrorTime time.Time

	Receiver          string // of remote write, without secrets, "" for none
	Missing           int    // windows to deliver
	OldestMissing     time.Time
	DeliveryError     string // of the last delivery, without secrets
	DeliveryErrorTime time.Time
}

// status is that of each upstream on the page.
type status []upstreamStatus

// HasWindow says whether any window is served.
func (st status) HasWindow() bool {
	return slices.ContainsFunc(st, func(u upstreamStatus) bool { return u.HasWindow })
}

// Failing says whether any last attempt failed.
func (st status) Failing() bool {
	return slices.ContainsFunc(st, func(u upstreamStatus) bool { return u.Error != "" })
}

// Kinds lists what models are.
func (st status) Kinds() string {
	var all []string
	for _, u := range st {
		all = append(all, u.Kinds)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "; ")
}

// Folded says whether the upstreams are so many that they are shown on demand.
func (st status) Folded() bool { return len(st) > 4 }

// upstreamStatus is the state of an upstream with its window that is served.
type upstreamStatus struct {
	Name string
	State
	HasWindow  bool
	Start, End time.Time
	SameDay    bool // the window is within one day
	Coverage   []ledger.Coverage
	Partial    bool // not all of the window was observed
}

func (u *upstream) status(a *ledger.Averages) upstreamStatus {
	st := upstreamStatus{Name: u.Name, State: u.State()}
	if a == nil {
		return st
	}
	st.HasWindow, st.Start, st.End, st.Coverage = true, a.Window.Start, a.Window.End, a.Coverage
	st.SameDay = st.Start.UTC().Format(time.DateOnly) == st.End.Add(-time.Millisecond).UTC().Format(time.DateOnly)
	for _, c := range a.Coverage {
		st.Partial = st.Partial || c.Ratio < 1
	}
	return st
}

// stateDocument is the state in JSON.
type stateDocument struct {
	Name      string             `json:"name,omitempty"`
	Window    *windowDocument    `json:"window"`
	Coverage  map[string]float64 `json:"coverage"`
	Period    string             `json:"period"`
	Next      *time.Time         `json:"next"`
	Upstream  string             `json:"upstream"`
	Transport string             `json:"transport"`
	Error     string             `json:"error,omitempty"`
}

type windowDocument struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// document is the state of the only upstream, or a list of several.
func (st status) document() any {
	if len(st) == 1 && st[0].Name == "" {
		return st[0].document()
	}
	all := make([]stateDocument, len(st))
	for i, u := range st {
		all[i] = u.document()
	}
	return map[string][]stateDocument{"upstreams": all}
}

func (st upstreamStatus) document() stateDocument {
	d := stateDocument{Name: st.Name, Period: st.Period, Upstream: st.Upstream, Transport: st.Transport, Error: st.Error, Coverage: map[string]float64{}}
	if st.HasWindow {
		d.Window = &windowDocument{st.Start, st.End}
	}
	if !st.Next.IsZero() {
		d.Next = &st.State.Next
	}
	for _, c := range st.Coverage {
		d.Coverage[c.Source] = c.Ratio
	}
	return d
}
