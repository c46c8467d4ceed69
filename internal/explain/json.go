package explain

import (
	"encoding/json"
	"io"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// JSON writes an explanation of the metrics for programs. Times are in seconds; a value that
// is not known is null.
func JSON(out io.Writer, x *downsample.Explanation, metrics []usage.Metric) error {
	d := document{
		Model:  model{x.Model.Namespace, x.Model.Type, x.Model.Name},
		Window: interval{x.Window.Start, x.Window.End},
		Sources: map[string]source{
			"kube-state-metrics": sourceOf(x.KubeStateMetrics, x.Window.Period()),
			"cadvisor":           sourceOf(x.CAdvisor, x.Window.Period()),
		},
		Values:  []value{},
		Pods:    []explainedPod{},
		LeftOut: []leftOut{},
	}
	for _, metric := range metrics {
		info, v := usage.Table()[metric], x.Values[metric]
		shown := value{Metric: info.Name, Unit: info.Unit, Uncertain: v.Uncertain, Terms: []term{}}
		if v.OK {
			shown.Value = &v.V
		}
		for _, t := range v.Terms {
			shown.Terms = append(shown.Terms, term{pod(t.Pod), t.Container, t.Lived, t.Seen, t.Mean, t.Share, t.Changes})
		}
		d.Values = append(d.Values, shown)
	}
	for _, p := range x.Pods {
		d.Pods = append(d.Pods, explainedPod{pod(p.PodID), p.ToldBy, p.Shortcut, p.CloseLook})
	}
	for _, o := range x.LeftOut {
		d.LeftOut = append(d.LeftOut, leftOut{pod(o.Pod), o.Container, o.ID, o.Target, o.Why, o.Samples})
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

func sourceOf(s downsample.SourceTime, period time.Duration) source {
	return source{s.Observed, s.Observed / period.Seconds(), s.Interval}
}

type document struct {
	Model   model             `json:"model"`
	Window  interval          `json:"window"`
	Sources map[string]source `json:"sources"`
	Values  []value           `json:"values"`
	Pods    []explainedPod    `json:"pods"`
	LeftOut []leftOut         `json:"leftOut"`
}

type model struct {
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
	Metric    string   `json:"metric"`
	Unit      string   `json:"unit"`
	Value     *float64 `json:"value"`
	Uncertain float64  `json:"uncertain"`
	Terms     []term   `json:"terms"`
}

type term struct {
	Pod       pod     `json:"pod"`
	Container string  `json:"container"`
	Lived     float64 `json:"livedSeconds"`
	Seen      float64 `json:"seenSeconds"`
	Mean      float64 `json:"mean"`
	Share     float64 `json:"share"`
	Changes   int     `json:"changes"`
}

type pod struct {
	Cluster   string `json:"cluster,omitempty"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
}

type explainedPod struct {
	pod
	ToldBy    []string `json:"toldBy"`
	Shortcut  float64  `json:"shortcutSeconds"`
	CloseLook float64  `json:"closeLookSeconds"`
}

type leftOut struct {
	Pod       pod    `json:"pod"`
	Container string `json:"container"`
	ID        string `json:"id"`
	Target    string `json:"target"`
	Why       string `json:"why"`
	Samples   int    `json:"samples"`
}
