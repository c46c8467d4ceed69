package measure

import (
	"cmp"
	"iter"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// NeedsPhases says whether a pod's phases decide anything: while one of its containers runs,
// it is Running.
func (m Measurer) NeedsPhases(p *inventory.Pod, rows []promapi.Series) bool {
	running := timeline.Sightings{}
	seen, check := 0, 1 // mostly the first container is enough; of thousands, not all are tried
	for _, row := range rows {
		if row.Labels.Get("__name__") != metric.ContainerRunning {
			continue
		}
		m.note(running, row, row.Samples, isOne)
		if seen++; seen == check {
			if p.ShownOnlyAt(running) {
				return false
			}
			check *= 2
		}
	}
	return !p.ShownOnlyAt(running)
}

// active returns when the pod's requests and limits count: while it is Pending or Running.
func (m Measurer) active(t inventory.Tenure, phases []promapi.Series) timeline.Spans {
	seen := timeline.Sightings{}
	for _, row := range phases {
		m.note(seen, row, row.Samples, isOne)
	}
	if len(phases) == 0 {
		return t.Spans
	}
	return t.Spans.Intersect(t.Presence.Life(seen))
}

// setting is one container's request or limit.
type setting struct {
	container string
	metric    int
}

// level is a setting while it had one value.
type level struct {
	setting
	value float64
}

// levels enters the settings of the pod's containers while it is active.
func (m Measurer) levels(p *inventory.Pod, t inventory.Tenure, state, phases []promapi.Series, out *Result) {
	type form struct {
		setting
		by timeline.Target
	}
	type settingRow struct {
		promapi.Series
		form
		old bool
	}
	var rows []settingRow
	newForm := map[form]bool{}
	for _, row := range state {
		i, series, ok := m.Table.Show(row.Labels.Get("__name__"), row.Labels.Get)
		if !ok || m.Table.Metrics[i].Fold != metric.Level {
			continue
		}
		container := inventory.Label(row.Labels, "container")
		if series.Init && !slices.Contains(p.Sidecars, container) {
			continue
		}
		f := form{setting{container, i}, m.Inventory.Target(row.Labels, m.Table.Sources[0])}
		newForm[f] = newForm[f] || !series.Old
		rows = append(rows, settingRow{row, f, series.Old})
	}
	if len(rows) == 0 {
		return
	}
	seen := map[level]timeline.Sightings{}
	var order []level
	for _, row := range rows {
		if row.old && newForm[row.form] {
			continue // both forms, as of 1.9: they are never added up
		}
		for same := range stretches(row.Samples) {
			l := level{row.setting, same[0].V}
			if seen[l] == nil {
				seen[l] = timeline.Sightings{}
				order = append(order, l)
			}
			m.note(seen[l], row.Series, same, func(float64) bool { return true })
		}
	}
	active := m.active(t, phases)
	slices.SortFunc(order, func(a, b level) int {
		return cmp.Or(cmp.Compare(a.container, b.container), cmp.Compare(a.metric, b.metric), cmp.Compare(a.value, b.value))
	})
	for _, l := range order {
		lived := t.Presence.Life(seen[l]).Intersect(active)
		life := float64(lived.Intersect(m.state().Observed).Length())
		out.Evidence = append(out.Evidence, Evidence{
			Model: t.Model, Container: Container{p.Name, t.UID, l.container}, Metric: l.metric,
			Life: life, Seen: life, Integral: l.value * life,
			Changes: lived.Changes(m.Inventory.Span), Interval: m.state().Interval,
		})
	}
}

// stretches cuts samples where their value changes.
func stretches(samples []promapi.Sample) iter.Seq[[]promapi.Sample] {
	return func(yield func([]promapi.Sample) bool) {
		for len(samples) > 0 {
			n := 1
			for n < len(samples) && samples[n].V == samples[0].V {
				n++
			}
			if !yield(samples[:n]) {
				return
			}
			samples = samples[n:]
		}
	}
}
