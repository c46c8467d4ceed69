package downsample

import (
	"iter"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// integrateRequests adds up requests and limits while the pod is pending or running.
func (c *closeLook) integrateRequests(p *pod, raw *raws, w *witness, cl claim, out *entries) {
	active := cl.spans
	phases, told := map[bool]map[target][]int64{}, false
	for _, row := range raw.phases[p.podName] {
		if sameUID(row, cl.uid) {
			told = true
			note(phases, true, c.targetOf(row.Labels), row.Samples, isOne)
		}
	}
	if told {
		active = active.intersect(w.life(phases[true]))
	}

	type item struct {
		container string
		metric    usage.Metric
	}
	type level struct {
		item
		value float64
	}
	type telling struct {
		item
		who target
	}
	isNew := map[telling]bool{}
	for _, row := range raw.requests[p.podName] {
		if metric, old, ok := requestOf(row.Labels); ok && !old && sameUID(row, cl.uid) {
			isNew[telling{item{label(row.Labels, "container"), metric}, c.targetOf(row.Labels)}] = true
		}
	}
	levels := map[level]map[target][]int64{}
	for _, row := range raw.requests[p.podName] {
		metric, old, ok := requestOf(row.Labels)
		it := item{label(row.Labels, "container"), metric}
		if !ok || !sameUID(row, cl.uid) || old && isNew[telling{it, c.targetOf(row.Labels)}] {
			continue
		}
		if isInit(row) && !slices.Contains(p.sidecars, it.container) {
			continue
		}
		for same := range stretches(row.Samples) {
			note(levels, level{it, same[0].V}, c.targetOf(row.Labels), same, func(float64) bool { return true })
		}
	}
	for lv, seen := range levels {
		lived := w.life(seen).intersect(active)
		life := float64(lived.intersect(c.ksm.observed).length())
		out.requests = append(out.requests, requestEntry{
			model: cl.model, metric: lv.metric, containerKey: containerKey{p.podName, cl.uid, lv.container},
			evidence: evidence{life: life, seen: life, integral: lv.value * life}, changes: lived.changes(c.slice),
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

func isInit(row promapi.Series) bool {
	name := row.Labels.Get("__name__")
	return slices.Contains(initRequestNames("requests"), name) || slices.Contains(initRequestNames("limits"), name)
}
