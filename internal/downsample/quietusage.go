package downsample

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// edgeRow is one of a pod's rows: a counter's samples around the slice's start, and before
// its end.
type edgeRow struct {
	container, id string
	target        target
	samples       []promapi.Sample
}

// askEdges reads the counters at the slice's edges only: a row that is there at both is one
// container's, which ran all the time between.
func (z *quiet) askEdges(ctx context.Context, q *querier, pods []*pod) ([]promapi.Series, error) {
	if !z.kubelet.any() {
		return nil, nil
	}
	lead := z.kubelet.lead()
	from := max(z.slice.from-lead, z.since) // what lies before says nothing
	parts := []span{{from, z.slice.from + lead}, {z.slice.to - lead, z.slice.to}}
	if z.slice.length() < 4*lead {
		parts = []span{{from, z.slice.to}}
	}
	var all []promapi.Series
	for _, part := range parts {
		for _, sel := range z.kubelet.selectors(pods) {
			rows, err := q.over(ctx, part, func(length string) string {
				return fmt.Sprintf("%s{%s,%s}[%s]", cpuUsage, sel, wholeCPU, length)
			})
			if err != nil {
				return nil, err
			}
			for i := range rows {
				rows[i].Samples = inside(rows[i].Samples, part)
			}
			all = append(all, rows...)
		}
	}
	return all, nil
}

// oneRowThroughout says whether each container that ran is one row at both edges.
func (z *quiet) oneRowThroughout(p *quietPod, rows []promapi.Series) bool {
	if !z.kubelet.any() {
		return true
	}
	edges := z.edgeRows(rows)
	means := p.means
	p.means = nil // they are many, and the close look has no use for them
	for i, c := range p.containers {
		if !c.ran {
			continue
		}
		var ok bool
		if p.containers[i].cpu, p.containers[i].memory, ok = z.usage(c.name, means, edges); !ok {
			return false
		}
	}
	return true
}

// edgeRows puts together what the queries at both edges tell of a row.
func (z *quiet) edgeRows(rows []promapi.Series) []edgeRow {
	var out []edgeRow
	for _, row := range rows {
		e := edgeRow{label(row.Labels, "container"), idOf(row.Labels), z.kubeletOf(row.Labels), row.Samples}
		i := slices.IndexFunc(out, func(o edgeRow) bool { return o.id == e.id && o.container == e.container && o.target == e.target })
		if i < 0 {
			out = append(out, e)
		} else {
			out[i].samples = slices.Concat(out[i].samples, e.samples)
		}
	}
	return out
}

// usage returns the container's evidence, if it is one row at both edges.
func (z *quiet) usage(container string, means []meanRow, edges []edgeRow) (cpu, memory evidence, ok bool) {
	means = slices.DeleteFunc(slices.Clone(means), func(r meanRow) bool { return r.container != container })
	var ids []string
	for _, r := range means {
		ids = append(ids, r.id)
	}
	for _, e := range edges {
		if e.container == container {
			ids = append(ids, e.id)
		}
	}
	ids = genuine(ids)
	if len(ids) != 1 || strings.HasPrefix(ids[0], anonymous) {
		return cpu, memory, false
	}
	slices.SortFunc(means, func(a, b meanRow) int { return a.target.compare(b.target) })
	life := float64(z.slice.length())
	for _, r := range means {
		i := slices.IndexFunc(edges, func(e edgeRow) bool { return e.container == container && e.id == r.id && e.target == r.target })
		if r.id != ids[0] || i < 0 || !z.kubelet.exists[r.target].is(z.slice) {
			continue
		}
		if cpu, ok = rise(edges[i].samples, z.since, z.slice, z.kubelet.targets[r.target].silence()); ok {
			cpu.life = life
			if r.told {
				memory = evidence{life: life, seen: life, integral: r.mean * life}
			}
			return cpu, memory, true
		}
	}
	return cpu, memory, false
}

// rise integrates a counter from edge to edge, of samples since a moment.
func rise(all []promapi.Sample, since int64, slice span, lead int64) (evidence, bool) {
	after, _ := slices.BinarySearchFunc(all, slice.from, func(s promapi.Sample, t int64) int { return int(min(1, max(-1, s.T-t))) })
	if after >= len(all) || all[after].T >= slice.from+lead || all[len(all)-1].T < slice.to-lead {
		return evidence{}, false
	}
	first, last := all[after], all[len(all)-1]
	if after > 0 && all[after-1].T >= max(since, slice.from-lead) {
		first = between(all[after-1], first, slice.from)
	}
	if last.T <= first.T || last.V < first.V {
		return evidence{}, false
	}
	for i := after + 1; i < len(all); i++ {
		if all[i].V < all[i-1].V {
			return evidence{}, false
		}
	}
	return evidence{seen: float64(last.T - first.T), integral: (last.V - first.V) * 1000}, true
}

// between returns what a counter showed at a moment between two samples.
func between(a, b promapi.Sample, t int64) promapi.Sample {
	return promapi.Sample{T: t, V: a.V + (b.V-a.V)*float64(t-a.T)/float64(b.T-a.T)}
}
