package histories

import (
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// outageFeatures are about nodes, and about time that was not observed.
func outageFeatures() []Feature {
	return []Feature{
		{Name: "node-out", About: "a kubelet is out of reach for some minutes, its pods run on", edit: func(c *scene) {
			c.Nodes[oneOf(c, 0, 0, 1)].Holes = cluster.Spans{c.silence()}
		}},
		{Name: "node-leaves", About: "a node is taken away, and its pods with it, evicted at once or later", edit: func(c *scene) {
			at := c.moment()
			ghost := oneOf(c, 0, c.second(span(1*m, 5*m)))
			c.node("node-3")
			for i := range c.Pods {
				leave(&c.Pods[i], at, ghost, c.Pods)
			}
			c.Nodes[0].Life.To = at
		}},
		{Name: "node-joins", About: "a node and a pod appear in the window", edit: func(c *scene) {
			at := c.moment()
			c.node("node-4").Life.From = at
			c.pod("wine-joined", append(c.owned("wine"), on("node-4"), lives(at+c.second(span(0, 50*s)), end))...)
		}},
		{Name: "scrapes-of-kubelets-fail", About: "single scrapes of the kubelets fail", edit: func(c *scene) {
			for i := range c.Nodes {
				c.Nodes[i].Holes = cluster.Union(append(c.Nodes[i].Holes, c.failure(c.Kubelets[0].Every))...)
			}
		}},
		{Name: "prometheus-down", About: "Prometheus is down for some minutes", edit: func(c *scene) {
			c.Outages = append(c.Outages, c.silence())
		}},
		{Name: "prometheus-restarts", About: "Prometheus misses a scrape of everything", edit: func(c *scene) {
			at := c.moment()
			c.Outages = cluster.Union(append(c.Outages, span(at, at+26*s))...)
		}},
		{Name: "no-up", About: "the up series are relabelled away", edit: func(c *scene) {
			c.NoUp = true
		}},
	}
}

// intervalFeatures are about how often everything is scraped.
func intervalFeatures() []Feature {
	return []Feature{
		{Name: "every-10s", Group: intervals, About: "everything is scraped every 10 s", edit: func(c *scene) {
			c.every(10*s, 10*s)
		}},
		{Name: "every-60s", Group: intervals, About: "everything is scraped every 60 s", edit: func(c *scene) {
			c.every(60*s, 60*s)
		}},
		{Name: "mixed-intervals", Group: intervals, About: "kube-state-metrics and the kubelets are scraped at different intervals", edit: func(c *scene) {
			if c.oneIn(2) {
				c.every(10*s, 60*s)
			} else {
				c.every(60*s, 15*s)
			}
		}},
	}
}

// leave has a pod go with its node: its containers end with it, and the pod is deleted a
// while later, unless its name has been taken before. A pod created later goes elsewhere.
func leave(p *cluster.Pod, at, ghost time.Duration, all []cluster.Pod) {
	switch {
	case p.Node != "node-1" || p.Life.To <= at:
		return
	case p.Life.From >= at:
		p.Node = "node-3"
		return
	}
	to := min(at+ghost, p.Life.To)
	for _, o := range all {
		if o.Name == p.Name && o.Namespace == p.Namespace && o.Life.From >= p.Life.To {
			to = min(to, o.Life.From)
		}
	}
	to = max(to, p.Life.From+p.Unscheduled+1*s)
	cut(p, to)
	for i := range p.Containers {
		ct := &p.Containers[i]
		ct.Runs = clip(ct.Runs, span(cluster.Beginning, at))
		if n := len(ct.Runs); n > 0 && ct.Runs[n-1].To == at {
			ct.Runs[n-1].Ghost = to - at
		}
	}
	p.Phases = slices.DeleteFunc(p.Phases, func(ph cluster.Phase) bool { return ph.At > at && ph.At > p.Life.From })
}
