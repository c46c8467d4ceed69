package explain

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
)

// JSON writes an explanation as JSON, of one metric, or of all metrics if none is named. Times
// are in seconds; an unknown value is null.
func JSON(out io.Writer, x *ledger.Explanation, metric string) error {
	d := document{
		Model:   model{x.Model.Cluster, x.Model.Namespace, x.Model.Type, x.Model.Name},
		Window:  interval{x.Window.Start, x.Window.End},
		Sources: map[string]source{},
		Values:  []value{},
		Pods:    []explainedPod{},
		LeftOut: []leftOut{},
	}
	for _, s := range x.Sources {
		d.Sources[s.Name] = source{s.Observed, s.Observed / x.Window.Period().Seconds(), s.Interval}
	}
	for _, v := range x.Values {
		if metric != "" && metric != v.Name {
			continue
		}
		shown := value{Metric: v.Name, Unit: v.Unit, Bound: finite(v.Bound), Terms: []term{}}
		if v.OK {
			shown.Value = &v.V
		}
		for _, t := range v.Terms {
			shown.Terms = append(shown.Terms, term{podOf(t.Pod, t.UID), t.Container.Name, t.Lived, t.Seen, finite(t.Mean), finite(t.Share), t.Changes})
		}
		d.Values = append(d.Values, shown)
	}
	for _, p := range x.Pods {
		shown := explainedPod{pod: podOf(p.PodName, p.UID), ShownBy: []string{}}
		for _, t := range p.ShownBy {
			shown.ShownBy = append(shown.ShownBy, t.String())
		}
		d.Pods = append(d.Pods, shown)
	}
	for _, o := range x.LeftOut {
		d.LeftOut = append(d.LeftOut, leftOut{podOf(o.Pod, o.UID), o.Container.Name, o.ID, o.Target.String(), o.Why, o.Samples})
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

func podOf(p inventory.PodName, uid string) pod { return pod{p.Cluster, p.Namespace, p.Name, uid} }

type document struct {
	Model   model             `json:"model"`
	Window  interval          `json:"window"`
	Sources map[string]source `json:"sources"`
	Values  []value           `json:"values"`
	Pods    []explainedPod    `json:"pods"`
	LeftOut []leftOut         `json:"leftOut"`
}

type model struct {
	Cluster   string `json:"cluster,omitempty"`
	Namespace string `json:"namespace"`
	Type      string `json:"type"`
	Name      string `json:"name"`
}

type interval struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

type source struct {
	Observed float64 `json:"observedSeconds"`
	Coverage float64 `json:"coverage"`
	Interval float64 `json:"scrapeIntervalSeconds"`
}

type value struct {
	Metric string   `json:"metric"`
	Unit   string   `json:"unit"`
	Value  *float64 `json:"value"`
	Bound  finite   `json:"bound"`
	Terms  []term   `json:"terms"`
}

type term struct {
	Pod       pod     `json:"pod"`
	Container string  `json:"container"`
	Lived     float64 `json:"livedSeconds"`
	Seen      float64 `json:"seenSeconds"`
	Mean      finite  `json:"mean"`
	Share     finite  `json:"share"`
	Changes   int     `json:"changes"`
}

// finite is null where it is too large for a number.
type finite float64

// MarshalJSON writes the number.
func (f finite) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

type pod struct {
	Cluster   string `json:"cluster,omitempty"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
}

type explainedPod struct {
	pod
	ShownBy []string `json:"shownBy"`
}

type leftOut struct {
	Pod       pod    `json:"pod"`
	Container string `json:"container"`
	ID        string `json:"id"`
	Target    string `json:"target"`
	Why       string `json:"why"`
	Samples   int    `json:"samples"`
}
