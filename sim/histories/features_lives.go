package histories

import (
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// lifeFeatures are about pods that come and go.
func lifeFeatures() []Feature {
	return []Feature{
		{Name: "late", About: "the subject is created in the window", edit: func(c *scene) {
			start(&c.Pods[0], c.moment())
		}},
		{Name: "deleted", About: "the subject is deleted in the window", edit: func(c *scene) {
			p, at := c.subject()
			cut(p, at)
		}},
		{Name: "replaced-at-once", About: "a pod is replaced under its name", edit: func(c *scene) {
			c.replace(oneOf(c, 1*s, 2*s), "wine", 0)
		}},
		{Name: "replaced-after-a-pause", About: "a pod is replaced under its name after some 40 s", edit: func(c *scene) {
			c.replace(oneOf(c, 40*s, c.second(span(20*s, 90*s))), "wine", 0)
		}},
		{Name: "taken-over", About: "a pod's name goes to another model's pod", edit: func(c *scene) {
			c.replace(oneOf(c, 1*s, 40*s), "beer", c.IntN(2))
		}},
		{Name: "taken-by-a-stranger", About: "a pod's name goes to a pod that is no model's", edit: func(c *scene) {
			c.replace(oneOf(c, 1*s, 40*s), "", c.IntN(2))
		}},
		{Name: "moved", About: "a pod is replaced under its name on another node", edit: func(c *scene) {
			c.replace(oneOf(c, 1*s, 5*s, 40*s), "wine", 1)
		}},
		{Name: "brief", About: "a pod of the model lives for one to four scrapes", edit: func(c *scene) {
			at := c.moment()
			c.pod("wine-job-0", append(c.owned("wine"), on("node-1"), lives(at, at+c.second(span(12*s, 100*s))))...)
		}},
	}
}

// replace deletes one of the subject's pods and creates another one of its name after a
// pause, a model's or nobody's, on the same node or so many further.
func (c *scene) replace(pause time.Duration, model string, nodes int) {
	p, at := c.subject()
	old := *p
	if at+pause >= old.Life.To-boot-1*s {
		return // another feature has its pods follow each other too closely
	}
	cut(p, at)
	node := (slices.IndexFunc(c.Nodes, func(n cluster.Node) bool { return n.Name == old.Node }) + nodes) % len(c.Nodes)
	c.pod(old.Name, append(c.owned(model), in(old.Namespace), on(c.Nodes[node].Name), lives(at+pause, old.Life.To))...)
}

// cut ends a pod's life.
func cut(p *cluster.Pod, at time.Duration) {
	at = max(at, p.Life.From+1*s)
	p.Life.To = min(p.Life.To, at)
	p.Labels = slices.DeleteFunc(p.Labels, func(l cluster.Labels) bool { return l.At >= at })
	p.Phases = slices.DeleteFunc(p.Phases, func(ph cluster.Phase) bool { return ph.At >= at })
	for i := range p.Containers {
		p.Containers[i].Runs = clip(p.Containers[i].Runs, span(p.Life.From, at))
	}
}

// start has a pod be created later.
func start(p *cluster.Pod, at time.Duration) {
	p.Life.From = at
	p.Labels[0].At = at
	p.Phases = []cluster.Phase{{At: at, Name: cluster.Pending}, {At: at + boot, Name: cluster.Running}}
	for i := range p.Containers {
		p.Containers[i].Runs = clip(p.Containers[i].Runs, span(at+boot, p.Life.To))
	}
}

// clip keeps what of runs lies in a span.
func clip(all []cluster.Run, in cluster.Span) []cluster.Run {
	out := []cluster.Run{}
	for _, r := range all {
		if r.Span = r.And(in); r.Length() > 0 {
			out = append(out, r)
		}
	}
	return out
}
