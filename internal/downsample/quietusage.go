package downsample

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/upstream"
)

type edgeKey struct {
	container, id string
	target        target
}

// edges are a counter's samples around the slice's start, and before its end.
type edges struct{ start, end []upstream.Sample }

// askEdges reads the counters at the slice's edges only: a row that is there at both is one
// container's, which ran all the time between.
func (z *quiet) askEdges(ctx context.Context, q *querier, pods []*pod) error {
	if !z.kubelet.any() {
		return nil
	}
	lead := z.kubelet.lead()
	type part struct {
		span
		into func(*edges) *[]upstream.Sample
	}
	parts := []part{
		{span{z.slice.from - lead, z.slice.from + lead}, func(e *edges) *[]upstream.Sample { return &e.start }},
		{span{z.slice.to - lead, z.slice.to}, func(e *edges) *[]upstream.Sample { return &e.end }},
	}
	if z.slice.length() < 4*lead {
		parts = []part{{span{z.slice.from - lead, z.slice.to}, func(e *edges) *[]upstream.Sample { return &e.start }}}
	}
	answers := make([][]upstream.Series, len(parts))
	for i, part := range parts {
		for _, sel := range z.kubelet.selectors(pods) {
			rows, err := q.over(ctx, part.span, func(length string) string {
				return fmt.Sprintf("%s{%s,%s}[%s]", cpuUsage, sel, wholeCPU, length)
			})
			if err != nil {
				return err
			}
			answers[i] = append(answers[i], rows...)
		}
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for i, part := range parts {
		for _, row := range answers[i] {
			p := z.pods[z.podOf(row.Labels)]
			if p == nil {
				continue
			}
			key := edgeKey{label(row.Labels, "container"), idOf(row.Labels), z.kubeletOf(row.Labels)}
			if p.edges[key] == nil {
				p.edges[key] = &edges{}
			}
			*part.into(p.edges[key]) = append(*part.into(p.edges[key]), inside(row.Samples, part.span)...)
		}
	}
	return nil
}

// oneRowThroughout says whether each container that ran is one row at both edges.
func (z *quiet) oneRowThroughout(p *quietPod) bool {
	if !z.kubelet.any() {
		return true
	}
	for container := range p.running {
		if !p.runs(container) {
			continue
		}
		if _, _, ok := z.usage(p, container); !ok {
			return false
		}
	}
	return true
}

// usage returns the container's evidence, if it is one row at both edges.
func (z *quiet) usage(p *quietPod, container string) (cpu, memory evidence, ok bool) {
	var ids []string
	means := z.kubelet.means[p.podName]
	for _, r := range means {
		if r.container == container {
			ids = append(ids, r.id)
		}
	}
	for key := range p.edges {
		if key.container == container {
			ids = append(ids, key.id)
		}
	}
	ids = genuine(ids)
	if len(ids) != 1 || strings.HasPrefix(ids[0], anonymous) {
		return cpu, memory, false
	}
	rows := slices.DeleteFunc(slices.Clone(means), func(r meanRow) bool { return r.container != container || r.id != ids[0] })
	slices.SortFunc(rows, func(a, b meanRow) int { return a.target.compare(b.target) })
	life := float64(z.slice.length())
	for _, r := range rows {
		e := p.edges[edgeKey{container, r.id, r.target}]
		if e == nil || !z.kubelet.exists[r.target].is(z.slice) {
			continue
		}
		if cpu, ok = e.rise(z.since, z.slice, z.kubelet.lead()); ok {
			cpu.life = life
			if r.told {
				memory = evidence{life: life, seen: life, integral: r.mean * life}
			}
			return cpu, memory, true
		}
	}
	return cpu, memory, false
}

// rise integrates the counter from edge to edge, of samples since a moment.
func (e *edges) rise(since int64, slice span, lead int64) (evidence, bool) {
	all := slices.Concat(e.start, e.end)
	after, _ := slices.BinarySearchFunc(all, slice.from, func(s upstream.Sample, t int64) int { return int(min(1, max(-1, s.T-t))) })
	if after >= len(all) || all[after].T >= slice.from+lead || all[len(all)-1].T < slice.to-lead {
		return evidence{}, false
	}
	first, last := all[after], all[len(all)-1]
	if after > 0 && all[after-1].T >= since {
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
func between(a, b upstream.Sample, t int64) upstream.Sample {
	return upstream.Sample{T: t, V: a.V + (b.V-a.V)*float64(t-a.T)/float64(b.T-a.T)}
}
