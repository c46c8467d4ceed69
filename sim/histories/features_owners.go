package histories

import (
	"maps"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// ownerFeatures are about whose a pod is.
func ownerFeatures() []Feature {
	return []Feature{
		{Name: "relabelled", About: "a pod becomes another model's", edit: func(c *scene) {
			p, at := c.subject()
			relabel(p, at, end, cluster.SeldonLabel, "beer")
		}},
		{Name: "relabelled-to-another-kind", About: "a pod changes from one kind to another", edit: func(c *scene) {
			p, at := c.subject()
			relabel(p, p.Life.From, at, cluster.SeldonLabel, "")
			relabel(p, p.Life.From, end, cluster.KServeLabel, "wine")
			relabel(p, at, end, cluster.SeldonLabel, "wine")
		}},
		{Name: "released", About: "a pod is nobody's any more", edit: func(c *scene) {
			p, at := c.subject()
			relabel(p, at, end, cluster.SeldonLabel, "")
		}},
		{Name: "lent", About: "a pod is another model's for some minutes", edit: func(c *scene) {
			p, at := c.subject()
			relabel(p, at, at+c.second(span(40*s, 5*m)), cluster.SeldonLabel, "tea")
		}},
		{Name: "another-label-changes", About: "a label changes that names no model", edit: func(c *scene) {
			p, at := c.subject()
			relabel(p, at, end, "version", "2")
		}},
		{Name: "both-kinds", About: "pods carry the labels of two kinds", edit: func(c *scene) {
			for _, p := range c.subjects() {
				relabel(p, p.Life.From, end, cluster.KServeLabel, "tea")
			}
		}},
		{Name: "same-name-elsewhere", About: "another namespace has a pod, and a model, of the same name", edit: func(c *scene) {
			model := oneOf(c, "wine", "")
			c.pod(subjectName, append(c.owned(model), in("red"), on("node-1"), lives(begin, oneOf(c, end, c.moment())))...)
		}},
		{Name: "dots-in-names", About: "a pod's name holds a dot, which another pod's name would match", edit: func(c *scene) {
			for _, p := range c.subjects() {
				p.Name = "serving.0"
			}
			c.pod("servingx0", append(c.owned(oneOf(c, "wine.x", "")), on("node-1"))...)
		}},
	}
}

// relabel sets a label of a pod for a time, or takes it away.
func relabel(p *cluster.Pod, from, to time.Duration, key, value string) {
	for _, at := range []time.Duration{from, to} {
		if at > p.Life.From && at < p.Life.To {
			split(p, at)
		}
	}
	for i := range p.Labels {
		if at := max(p.Labels[i].At, p.Life.From); at < from || at >= to {
			continue
		}
		set := maps.Clone(p.Labels[i].Set)
		if set[key] = value; value == "" {
			delete(set, key)
		}
		p.Labels[i].Set = set
	}
}

// split has a pod's labels be set again at a moment, to what they are.
func split(p *cluster.Pod, at time.Duration) {
	n, found := slices.BinarySearchFunc(p.Labels, at, func(l cluster.Labels, at time.Duration) int { return int(l.At - at) })
	if !found && n > 0 {
		p.Labels = slices.Insert(p.Labels, n, cluster.Labels{At: at, Set: maps.Clone(p.Labels[n-1].Set)})
	}
}
