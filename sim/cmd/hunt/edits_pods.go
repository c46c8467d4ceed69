package main

import (
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

func samePod(p cluster.Pod) func(cluster.Pod) bool {
	return func(o cluster.Pod) bool { return o.UID == p.UID }
}

// editPods leaves out pods.
func editPods(n histories.Named) []edit {
	var out []edit
	for _, p := range n.History.Pods {
		out = append(out, drop(pods, samePod(p)))
	}
	return out
}

// longAgo is when a pod begins that is simply there.
const longAgo = -20 * time.Minute

// editContainers leaves out containers, and what happens to pods and containers.
func editContainers(n histories.Named) []edit {
	var out []edit
	for _, p := range n.History.Pods {
		of := func(changes ...func(*cluster.Pod) bool) { out = append(out, each(pods, samePod(p), changes...)...) }
		of(
			func(p *cluster.Pod) bool { return set(&p.Life.To, cluster.Forever) },
			beginLongAgo,
			func(p *cluster.Pod) bool {
				return set(&p.Phases, []cluster.Phase{{At: p.Life.From, Name: cluster.Running}})
			},
			func(p *cluster.Pod) bool { return set(&p.Unscheduled, 0) },
		)
		for _, l := range p.Labels {
			of(func(p *cluster.Pod) bool {
				return remove(&p.Labels, func(o cluster.Labels) bool { return o.At == l.At })
			})
			for key := range l.Set {
				of(func(p *cluster.Pod) bool { return dropLabel(p, key) })
			}
		}
		for _, ph := range p.Phases[1:] {
			of(func(p *cluster.Pod) bool { return remove(&p.Phases, func(o cluster.Phase) bool { return o == ph }) })
		}
		for _, c := range p.Containers {
			of(func(p *cluster.Pod) bool {
				return remove(&p.Containers, func(o cluster.Container) bool { return o.Name == c.Name })
			})
			for _, change := range containerChanges(c) {
				of(func(p *cluster.Pod) bool {
					i := slices.IndexFunc(p.Containers, func(o cluster.Container) bool { return o.Name == c.Name })
					return i >= 0 && change(p, &p.Containers[i])
				})
			}
		}
	}
	return out
}

func remove[T any](items *[]T, which func(T) bool) bool {
	before := len(*items)
	*items = slices.DeleteFunc(*items, which)
	return len(*items) < before
}

func beginLongAgo(p *cluster.Pod) bool {
	from := p.Life.From
	if from <= longAgo {
		return false
	}
	p.Life.From, p.Phases[0].At = longAgo, longAgo
	for i := range p.Labels {
		if p.Labels[i].At == from {
			p.Labels[i].At = longAgo
		}
	}
	return true
}

func dropLabel(p *cluster.Pod, key string) bool {
	changed := false
	for _, l := range p.Labels {
		if _, ok := l.Set[key]; ok && len(l.Set) > 1 {
			delete(l.Set, key)
			changed = true
		}
	}
	return changed
}

// containerChanges are changes of one container of a pod.
func containerChanges(c cluster.Container) []func(*cluster.Pod, *cluster.Container) bool {
	var out []func(*cluster.Pod, *cluster.Container) bool
	of := func(change func(*cluster.Container) bool) {
		out = append(out, func(_ *cluster.Pod, c *cluster.Container) bool { return change(c) })
	}
	for _, r := range c.Runs {
		of(func(c *cluster.Container) bool { return remove(&c.Runs, func(o cluster.Run) bool { return o == r }) })
		of(func(c *cluster.Container) bool { // it goes on instead of starting again
			i := slices.Index(c.Runs, r)
			if i < 0 || i+1 == len(c.Runs) {
				return false
			}
			c.Runs[i].To = c.Runs[i+1].To
			c.Runs = slices.Delete(c.Runs, i+1, i+2)
			return true
		})
	}
	out = append(out, func(p *cluster.Pod, c *cluster.Container) bool {
		return len(c.Runs) > 0 && set(&c.Runs, []cluster.Run{{Span: p.Life, Ghost: c.Runs[len(c.Runs)-1].Ghost}})
	})
	of(func(c *cluster.Container) bool { return set(&c.Nested, false) })
	of(func(c *cluster.Container) bool { return set(&c.Role, cluster.Ordinary) })
	for _, field := range []func(*cluster.Container) *cluster.Curve{
		func(c *cluster.Container) *cluster.Curve { return &c.CPURequest },
		func(c *cluster.Container) *cluster.Curve { return &c.CPULimit },
		func(c *cluster.Container) *cluster.Curve { return &c.MemoryRequest },
		func(c *cluster.Container) *cluster.Curve { return &c.MemoryLimit },
	} {
		of(func(c *cluster.Container) bool { return set(field(c), nil) })
	}
	of(func(c *cluster.Container) bool { return set(&c.CPU, cluster.Flat(1)) })
	of(func(c *cluster.Container) bool { return set(&c.Memory, cluster.Flat(100<<20)) })
	of(func(c *cluster.Container) bool { return len(c.CPU) > 1 && set(&c.CPU, cluster.Flat(c.CPU.At(0))) })
	of(func(c *cluster.Container) bool {
		return len(c.Memory) > 1 && set(&c.Memory, cluster.Flat(c.Memory.At(0)))
	})
	return out
}
