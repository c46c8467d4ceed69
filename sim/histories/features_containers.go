package histories

import (
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// The subject's containers.
const (
	classifier = 0
	agent      = 1
)

// containerFeatures are about what happens in a pod.
func containerFeatures() []Feature {
	return []Feature{
		{Name: "restarts", About: "a container restarts, once or twice", edit: func(c *scene) {
			p, at := c.subject()
			restart(&p.Containers[agent], at, oneOf(c, 0, 1*s, 10*s, 60*s))
			if c.oneIn(2) {
				restart(&p.Containers[agent], c.moment(), oneOf(c, 0, 5*s))
			}
		}},
		{Name: "crash-loop", About: "a container crashes after 40 s and waits for longer each time", edit: func(c *scene) {
			p, at := c.subject()
			var spans []cluster.Run
			for wait := 10 * s; at < c.window+2*m; wait = min(2*wait, 5*m) {
				spans = append(spans, cluster.Run{Span: span(at, at+40*s)})
				at += 40*s + wait
			}
			ct := &p.Containers[classifier]
			ct.Runs = slices.Concat(clip(ct.Runs, span(cluster.Beginning, spans[0].From)), clip(spans, span(p.Life.From+boot, p.Life.To)))
		}},
		{Name: "out-of-memory", About: "a container's memory rises until it is killed, again and again", edit: func(c *scene) {
			p, at := c.subject()
			lived := span(p.Life.From+boot, p.Life.To)
			runs, memory := []cluster.Span{span(lived.From, at)}, cluster.Flat(80*Mi)
			for ; at < c.window+2*m; at += 97 * s {
				runs = append(runs, span(at+1*s, at+97*s))
				memory = append(memory, cluster.Piece{At: at, Level: 80 * Mi, Slope: 2e6})
			}
			c.add(p, "cache", cluster.Ordinary, runs, cluster.Flat(0.2), memory)
		}},
		{Name: "container-ends", About: "a container ends and is not restarted", edit: func(c *scene) {
			p, at := c.subject()
			ct := &p.Containers[agent]
			ct.Runs = clip(ct.Runs, span(p.Life.From, at))
		}},
		{Name: "container-never-starts", About: "a container never starts", edit: func(c *scene) {
			p, _ := c.subject()
			c.add(p, "broken", cluster.Ordinary, nil, cluster.Flat(1), cluster.Flat(1*Gi))
		}},
		{Name: "pending", About: "a pod is slow to start", edit: func(c *scene) {
			p, at := c.subject()
			pend(p, at)
		}},
		{Name: "unscheduled", About: "a pod waits for a node", edit: func(c *scene) {
			p, at := c.subject()
			p.Unscheduled = at - p.Life.From
			pend(p, at+oneOf(c, boot, 20*s))
		}},
		{Name: "init-container", About: "an init container takes a minute or two, and much CPU", edit: func(c *scene) {
			p, at := c.subject()
			pend(p, at)
			ran := span(max(p.Life.From+p.Unscheduled+1*s, at-c.second(span(20*s, 2*m))), at)
			c.add(p, "storage-initializer", cluster.Init, []cluster.Span{ran}, cluster.Flat(3), cluster.Flat(2*Gi))
		}},
		{Name: "native-sidecar", About: "an init container keeps running beside the others", edit: func(c *scene) {
			for _, p := range c.subjects() {
				var runs []cluster.Span
				for _, r := range p.Containers[classifier].Runs {
					runs = append(runs, r.Span)
				}
				if len(runs) > 0 {
					runs = []cluster.Span{span(runs[0].From, runs[len(runs)-1].To)}
				}
				c.add(p, "istio-proxy", cluster.Sidecar, runs, cluster.Flat(0.15), cluster.Flat(60*Mi))
			}
		}},
		{Name: "finished", About: "a pod ends and stays, with its requests", edit: func(c *scene) {
			p, at := c.subject()
			for i := range p.Containers {
				p.Containers[i].Runs = clip(p.Containers[i].Runs, span(cluster.Beginning, at))
			}
			p.Phases = slices.DeleteFunc(p.Phases, func(ph cluster.Phase) bool { return ph.At >= at && ph.At > p.Life.From })
			if at > p.Life.From {
				p.Phases = append(p.Phases, cluster.Phase{At: at, Name: oneOf(c, cluster.Succeeded, cluster.Failed)})
			}
		}},
		{Name: "nested-cgroups", About: "a container makes a cgroup inside its own", edit: func(c *scene) {
			for _, p := range c.subjects() {
				p.Containers[classifier].Nested = true
			}
		}},
		{Name: "moving", Group: "curves", About: "what a container uses rises, swings or jumps", edit: func(c *scene) {
			for _, p := range c.subjects() {
				ct := &p.Containers[classifier]
				cores, bytes := ct.CPU.At(0), ct.Memory.At(0)
				switch at := c.moment(); c.IntN(3) {
				case 0:
					ct.CPU, ct.Memory = ct.CPU.Then(at, 3*cores), ct.Memory.Then(at, bytes/2)
				case 1:
					ct.CPU = cluster.Curve{{At: begin, Level: cores, Swing: cores * 0.8, Period: c.second(span(2*m, 10*m))}}
				case 2:
					ct.Memory = cluster.Curve{{At: begin, Level: bytes}, {At: 0, Level: bytes, Slope: bytes / 600}, {At: c.window, Level: 2 * bytes}}
				}
			}
		}},
		{Name: "idle", Group: "curves", About: "a container uses no CPU, or hardly any until it is busy", edit: func(c *scene) {
			for _, p := range c.subjects() {
				p.Containers[classifier].CPU = oneOf(c, cluster.Flat(0), cluster.Flat(1e-5).Then(c.moment(), 1.2))
			}
		}},
	}
}

// add gives a pod one more container, within its life.
func (c *scene) add(p *cluster.Pod, name string, role cluster.Role, runs []cluster.Span, cpu, memory cluster.Curve) {
	ct := cluster.Container{Name: name, Role: role, CPU: cpu, Memory: memory, CPURequest: cluster.Flat(0.7), MemoryRequest: cluster.Flat(300 * Mi)}
	for _, r := range runs {
		ct.Runs = append(ct.Runs, cluster.Run{Span: r})
	}
	ct.Runs = clip(ct.Runs, span(p.Life.From+p.Unscheduled, p.Life.To))
	p.Containers = append(p.Containers, ct)
}

// restart ends a run at a moment and goes on after a pause.
func restart(ct *cluster.Container, at, pause time.Duration) {
	for i, r := range ct.Runs {
		if r.From < at && at+pause < r.To {
			after := r
			ct.Runs[i].To, after.From = at, at+pause
			ct.Runs = slices.Insert(ct.Runs, i+1, after)
			return
		}
	}
}

// pend keeps a pod Pending until a moment.
func pend(p *cluster.Pod, until time.Duration) {
	until = min(max(until, p.Life.From+boot), p.Life.To)
	for i := range p.Containers {
		if p.Containers[i].Role != cluster.Init {
			p.Containers[i].Runs = clip(p.Containers[i].Runs, span(until, p.Life.To))
		}
	}
	p.Phases = []cluster.Phase{{At: p.Life.From, Name: cluster.Pending}}
	if until < p.Life.To {
		p.Phases = append(p.Phases, cluster.Phase{At: until, Name: cluster.Running})
	}
}
