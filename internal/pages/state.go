package pages

import (
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
)

// State is what the exporter is doing.
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

// status is the state with the window that is served.
type status struct {
	State
	HasWindow  bool
	Start, End time.Time
	SameDay    bool // the window is within one day
	Coverage   []ledger.Coverage
	Partial    bool // not all of the window was observed
}

func (s *site) status(a *ledger.Averages) status {
	st := status{State: s.State()}
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

func (st status) document() stateDocument {
	d := stateDocument{Period: st.Period, Upstream: st.Upstream, Transport: st.Transport, Error: st.Error, Coverage: map[string]float64{}}
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
