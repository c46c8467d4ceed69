package measure

import (
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// integrate extends what was seen of each incarnation in its share of the life to all of it.
// An incarnation's share ends with its node.
func (m Measurer) integrate(all []*incarnation, life timeline.Spans, seen func(i *incarnation, share timeline.Spans) (seen, integral float64)) Evidence {
	var sum Evidence
	for n, share := range m.shares(all, life) {
		share = share.Intersect(all[n].node)
		part := float64(share.Length())
		sum.Life += part
		if s, integral := seen(all[n], share); s > 0 {
			sum.Seen += part
			sum.Integral += integral / s * part
		}
	}
	return sum
}

// shares divides a life among the incarnations: each has it up to half-way between its last
// sample and the next one's first, of the part in which no scrape shows that it had ended
// or that the next had not begun; or up to a gap that the life has there.
func (m Measurer) shares(all []*incarnation, life timeline.Spans) []timeline.Spans {
	out := make([]timeline.Spans, len(all))
	from := m.Inventory.Span.From
	for n, i := range all {
		to := m.Inventory.Span.To
		if n+1 < len(all) {
			next := all[n+1]
			ended, began := max(min(i.end(), next.begin()), next.before), next.begin()
			if i.after > 0 {
				began = min(began, i.after)
			}
			to = max(from, ended+(began-ended)/2)
			for k := 1; k < len(life); k++ {
				if gap := (timeline.Span{From: life[k-1].To, To: life[k].From}); ended <= gap.From && gap.To <= began {
					to = max(from, gap.To)
				}
			}
		}
		out[n] = life.Intersect(timeline.Spans{{From: from, To: to}})
		from = to
	}
	return out
}

// rateSeen adds up what a counter rose between successive samples since a moment, of a pair that
// extends before the span the part in it. A pair across an edge of the life is left out: on which
// side the rise was is not known. A pair from before that moment counts where the target was out.
func (m Measurer) rateSeen(i *incarnation, samples []promapi.Sample, since int64, life, ran timeline.Spans, by *timeline.Targets) (seen, integral float64) {
	if began, ok := i.began(samples, ran, by); ok {
		samples = slices.Concat([]promapi.Sample{{T: began}}, samples)
	}
	for n := 1; n < len(samples); n++ {
		a, b := samples[n-1], samples[n]
		rise, inside := b.V-a.V, timeline.Span{From: max(a.T, m.Inventory.Span.From), To: b.T}
		switch {
		case rise < 0: // a reset says nothing of what was used in between
		case a.T < since && b.T-a.T <= 3*by.Interval/2:
		case inside.From < inside.To && life.Hold(inside.From, inside.To):
			part := float64(inside.Length())
			seen += part
			integral += rise * 1000 * part / float64(b.T-a.T) // unit-milliseconds
		}
	}
	return seen, integral
}

// began returns when the counter was zero, if kube-state-metrics saw the container start
// within the span. A first sample soon after says little more than that; one after a hole
// shows what was used in it, but not after an outage.
func (i *incarnation) began(samples []promapi.Sample, ran timeline.Spans, by *timeline.Targets) (int64, bool) {
	if len(samples) == 0 || !i.first {
		return 0, false
	}
	for _, r := range ran {
		if t := samples[0].T; by.Span.From < r.From && r.From+3*by.Interval/2 < t && t <= r.To && by.Observed.Hold(r.From, t) {
			return r.From, true
		}
	}
	return 0, false
}

// meanSeen takes each sample in the life to speak for the time that is nearest to it, up to half a
// scrape interval before it and after it.
func meanSeen(samples []promapi.Sample, life timeline.Spans, interval int64) (seen, integral float64) {
	for n, s := range samples {
		if !life.Hold(s.T, s.T) {
			continue
		}
		before, after := interval, interval
		if n > 0 {
			before = min(interval, s.T-samples[n-1].T)
		}
		if n+1 < len(samples) {
			after = min(interval, samples[n+1].T-s.T)
		}
		part := float64(before+after) / 2
		seen += part
		integral += s.V * part
	}
	return seen, integral
}
