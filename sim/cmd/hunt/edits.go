package main

import (
	"reflect"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// stages are edits in the order in which they are tried: what makes most of a difference first.
var stages = []func(histories.Named) []edit{dropPods, dropWatchers, shorten, dropContainers, simplify, round}

// dropPods drops each pod.
func dropPods(n histories.Named) []edit {
	var out []edit
	for _, p := range n.History.Pods {
		out = append(out, func(n *histories.Named) bool {
			before := len(n.History.Pods)
			n.History.Pods = slices.DeleteFunc(n.History.Pods, func(o cluster.Pod) bool { return o.UID == p.UID })
			return len(n.History.Pods) < before
		})
	}
	return out
}

func set[T any](p *T, v T) bool {
	if reflect.DeepEqual(*p, v) {
		return false
	}
	*p = v
	return true
}

func without(s cluster.Spans, x cluster.Span) cluster.Spans {
	return slices.DeleteFunc(slices.Clone(s), func(o cluster.Span) bool { return o == x })
}

// dropWatchers drops targets, outages and holes.
func dropWatchers(n histories.Named) []edit {
	var out []edit
	add := func(e edit) { out = append(out, e) }
	add(func(n *histories.Named) bool { return set(&n.History.NoUp, false) })
	for _, o := range n.History.Outages {
		add(func(n *histories.Named) bool { return set(&n.History.Outages, without(n.History.Outages, o)) })
	}
	for _, k := range n.History.KSMs {
		add(func(n *histories.Named) bool {
			before := len(n.History.KSMs)
			n.History.KSMs = slices.DeleteFunc(n.History.KSMs, func(o cluster.KSM) bool { return o.Instance == k.Instance })
			return len(n.History.KSMs) < before
		})
		each := func(f func(*cluster.KSM) bool) {
			add(func(n *histories.Named) bool {
				for i := range n.History.KSMs {
					if n.History.KSMs[i].Instance == k.Instance {
						return f(&n.History.KSMs[i])
					}
				}
				return false
			})
		}
		for _, hole := range k.Holes {
			each(func(k *cluster.KSM) bool { return set(&k.Holes, without(k.Holes, hole)) })
		}
		each(func(k *cluster.KSM) bool { return set(&k.Life.From, cluster.Beginning) })
		each(func(k *cluster.KSM) bool { return set(&k.Life.To, cluster.Forever) })
		each(func(k *cluster.KSM) bool { a := set(&k.Shard, 0); return set(&k.Shards, 0) || a })
		each(func(k *cluster.KSM) bool { return set(&k.Version, cluster.KSM2) })
		each(func(k *cluster.KSM) bool { return set(&k.NoUID, false) })
		each(func(k *cluster.KSM) bool { a := set(&k.Target, nil); return set(&k.HonorLabels, true) || a })
		each(func(k *cluster.KSM) bool { return set(&k.Every, 30*time.Second) })
	}
	add(func(n *histories.Named) bool {
		changed := false
		for i := range n.History.KSMs {
			changed = set(&n.History.KSMs[i].NoUID, false) || changed
		}
		return changed
	})
	add(func(n *histories.Named) bool {
		changed := false
		for i := range n.History.KSMs {
			changed = set(&n.History.KSMs[i].Shards, 0) || changed
			n.History.KSMs[i].Shard = 0
		}
		return changed
	})
	add(func(n *histories.Named) bool {
		changed := false
		for i := range n.History.KSMs {
			changed = set(&n.History.KSMs[i].Every, 30*time.Second) || changed
		}
		return changed
	})
	for i := range n.History.Kubelets {
		k := n.History.Kubelets[i]
		same := func(o cluster.Kubelet) bool {
			return o.Job == k.Job && o.Endpoint == k.Endpoint && o.Offset == k.Offset
		}
		add(func(n *histories.Named) bool {
			before := len(n.History.Kubelets)
			n.History.Kubelets = slices.DeleteFunc(n.History.Kubelets, same)
			return len(n.History.Kubelets) < before
		})
		each := func(f func(*cluster.Kubelet) bool) {
			add(func(n *histories.Named) bool {
				if i := slices.IndexFunc(n.History.Kubelets, same); i >= 0 {
					return f(&n.History.Kubelets[i])
				}
				return false
			})
		}
		for _, hole := range k.Holes {
			each(func(k *cluster.Kubelet) bool { return set(&k.Holes, without(k.Holes, hole)) })
		}
		each(func(k *cluster.Kubelet) bool { return set(&k.Life, cluster.Always()) })
		each(func(k *cluster.Kubelet) bool { a := set(&k.Target, nil); return set(&k.HonorLabels, true) || a })
		each(func(k *cluster.Kubelet) bool { return set(&k.Timestamps, false) })
		each(func(k *cluster.Kubelet) bool { return set(&k.DropID, false) })
		each(func(k *cluster.Kubelet) bool { return set(&k.DropMemory, false) })
		each(func(k *cluster.Kubelet) bool { return set(&k.PathLabel, true) })
		each(func(k *cluster.Kubelet) bool { return set(&k.Every, 30*time.Second) })
		each(func(k *cluster.Kubelet) bool { return set(&k.Spread, 3100*time.Millisecond) })
		each(func(k *cluster.Kubelet) bool { return set(&k.Endpoint, cluster.CAdvisor) })
	}
	for _, node := range n.History.Nodes {
		add(func(n *histories.Named) bool {
			before := len(n.History.Nodes)
			n.History.Nodes = slices.DeleteFunc(n.History.Nodes, func(o cluster.Node) bool { return o.Name == node.Name })
			n.History.Pods = slices.DeleteFunc(n.History.Pods, func(p cluster.Pod) bool { return p.Node == node.Name })
			return len(n.History.Nodes) < before
		})
		each := func(f func(*cluster.Node) bool) {
			add(func(n *histories.Named) bool {
				i := slices.IndexFunc(n.History.Nodes, func(o cluster.Node) bool { return o.Name == node.Name })
				return i >= 0 && f(&n.History.Nodes[i])
			})
		}
		for _, hole := range node.Holes {
			each(func(k *cluster.Node) bool { return set(&k.Holes, without(k.Holes, hole)) })
		}
		each(func(k *cluster.Node) bool { return set(&k.Life, cluster.Always()) })
		each(func(k *cluster.Node) bool { return set(&k.Linger, 0) })
		each(func(k *cluster.Node) bool { return set(&k.Driver, cluster.Systemd) })
		each(func(k *cluster.Node) bool { return set(&k.Runtime, cluster.Containerd) })
	}
	return out
}

// lengths are those of windows, each of which six hours are a multiple of.
var lengths = []time.Duration{5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute}

// shorten cuts the window at its front and its end.
func shorten(n histories.Named) []edit {
	var out []edit
	for _, l := range lengths {
		if l >= n.Window.To {
			break
		}
		for shift := time.Duration(0); shift <= n.Window.To-l; shift += 5 * time.Minute {
			out = append(out, func(n *histories.Named) bool {
				if n.Window.To <= l {
					return false
				}
				moments(&n.History, func(t *time.Duration) {
					if *t > cluster.Beginning && *t < cluster.Forever {
						*t -= shift
					}
				})
				n.Window.To = l
				return true
			})
		}
	}
	return out
}

// dropContainers drops containers and what happens to each.
func dropContainers(n histories.Named) []edit {
	var out []edit
	for _, p := range n.History.Pods {
		each := func(f func(*cluster.Pod) bool) {
			out = append(out, func(n *histories.Named) bool {
				i := slices.IndexFunc(n.History.Pods, func(o cluster.Pod) bool { return o.UID == p.UID })
				return i >= 0 && f(&n.History.Pods[i])
			})
		}
		for _, l := range p.Labels {
			each(func(p *cluster.Pod) bool {
				before := len(p.Labels)
				p.Labels = slices.DeleteFunc(p.Labels, func(o cluster.Labels) bool { return o.At == l.At })
				return len(p.Labels) < before
			})
			for key := range l.Set {
				each(func(p *cluster.Pod) bool {
					changed := false
					for _, l := range p.Labels {
						if _, ok := l.Set[key]; ok && len(l.Set) > 1 {
							delete(l.Set, key)
							changed = true
						}
					}
					return changed
				})
			}
		}
		each(func(p *cluster.Pod) bool { // whole life from its end on
			return set(&p.Life.To, cluster.Forever)
		})
		each(func(p *cluster.Pod) bool {
			from := p.Life.From
			at := -20 * time.Minute
			if from <= at {
				return false
			}
			p.Life.From = at
			for i := range p.Labels {
				if p.Labels[i].At == from {
					p.Labels[i].At = at
				}
			}
			p.Phases[0].At = at
			return true
		})
		each(func(p *cluster.Pod) bool {
			return set(&p.Phases, []cluster.Phase{{At: p.Life.From, Name: cluster.Running}})
		})
		each(func(p *cluster.Pod) bool {
			return set(&p.Unscheduled, 0)
		})
		for _, ph := range p.Phases[1:] {
			each(func(p *cluster.Pod) bool {
				before := len(p.Phases)
				p.Phases = slices.DeleteFunc(p.Phases, func(o cluster.Phase) bool { return o == ph })
				return len(p.Phases) < before
			})
		}
		for _, c := range p.Containers {
			each(func(p *cluster.Pod) bool {
				before := len(p.Containers)
				p.Containers = slices.DeleteFunc(p.Containers, func(o cluster.Container) bool { return o.Name == c.Name })
				return len(p.Containers) < before
			})
			eachc := func(f func(*cluster.Container) bool) {
				each(func(p *cluster.Pod) bool {
					i := slices.IndexFunc(p.Containers, func(o cluster.Container) bool { return o.Name == c.Name })
					return i >= 0 && f(&p.Containers[i])
				})
			}
			for _, r := range c.Runs {
				eachc(func(c *cluster.Container) bool {
					before := len(c.Runs)
					c.Runs = slices.DeleteFunc(c.Runs, func(o cluster.Run) bool { return o == r })
					return len(c.Runs) < before
				})
				eachc(func(c *cluster.Container) bool { // one with the next
					i := slices.Index(c.Runs, r)
					if i < 0 || i+1 == len(c.Runs) {
						return false
					}
					c.Runs[i].To = c.Runs[i+1].To
					c.Runs = slices.Delete(c.Runs, i+1, i+2)
					return true
				})
			}
			eachc(func(c *cluster.Container) bool {
				if len(c.Runs) < 2 {
					return false
				}
				c.Runs = []cluster.Run{{Span: cluster.Span{From: c.Runs[0].From, To: c.Runs[len(c.Runs)-1].To}}}
				return true
			})
			each(func(p *cluster.Pod) bool {
				i := slices.IndexFunc(p.Containers, func(o cluster.Container) bool { return o.Name == c.Name })
				return i >= 0 && len(p.Containers[i].Runs) > 0 && set(&p.Containers[i].Runs, []cluster.Run{{Span: p.Life}})
			})
			eachc(func(c *cluster.Container) bool { return set(&c.Nested, false) })
			eachc(func(c *cluster.Container) bool { return set(&c.Role, cluster.Ordinary) })
			eachc(func(c *cluster.Container) bool { return set(&c.CPURequest, nil) })
			eachc(func(c *cluster.Container) bool { return set(&c.CPULimit, nil) })
			eachc(func(c *cluster.Container) bool { return set(&c.MemoryRequest, nil) })
			eachc(func(c *cluster.Container) bool { return set(&c.MemoryLimit, nil) })
			eachc(func(c *cluster.Container) bool { return set(&c.CPU, cluster.Flat(1)) })
			eachc(func(c *cluster.Container) bool { return set(&c.Memory, cluster.Flat(100<<20)) })
			eachc(func(c *cluster.Container) bool { return set(&c.CPU, cluster.Flat(c.CPU.At(0))) })
			eachc(func(c *cluster.Container) bool { return set(&c.Memory, cluster.Flat(c.Memory.At(0))) })
		}
	}
	return out
}

// simplify gives what is left the names and the schedules that a story begins with.
func simplify(n histories.Named) []edit {
	var out []edit
	for _, p := range n.History.Pods {
		for _, node := range n.History.Nodes {
			out = append(out, func(n *histories.Named) bool {
				i := slices.IndexFunc(n.History.Pods, func(o cluster.Pod) bool { return o.UID == p.UID })
				if i < 0 || node.Name >= n.History.Pods[i].Node {
					return false
				}
				return set(&n.History.Pods[i].Node, node.Name)
			})
		}
	}
	for _, k := range n.History.KSMs {
		out = append(out, func(n *histories.Named) bool {
			i := slices.IndexFunc(n.History.KSMs, func(o cluster.KSM) bool { return o.Instance == k.Instance })
			return i >= 0 && set(&n.History.KSMs[i].Offset, time.Duration(7+5*i)*time.Second+204*time.Millisecond)
		})
	}
	for _, k := range n.History.Kubelets {
		out = append(out, func(n *histories.Named) bool {
			i := slices.IndexFunc(n.History.Kubelets, func(o cluster.Kubelet) bool { return o.Job == k.Job && o.Endpoint == k.Endpoint })
			return i >= 0 && set(&n.History.Kubelets[i].Offset, time.Duration(11+8*i)*time.Second+731*time.Millisecond)
		})
	}
	return out
}

// round makes moments rounder, all that are the same alike.
func round(n histories.Named) []edit {
	seen := map[time.Duration]bool{}
	moments(&n.History, func(t *time.Duration) { seen[*t] = true })
	var out []edit
	for v := range seen {
		if v <= cluster.Beginning || v >= cluster.Forever {
			continue
		}
		for _, unit := range []time.Duration{10 * time.Minute, time.Minute, 10 * time.Second, time.Second} {
			to := v.Round(unit)
			if to == v || v%unit == 0 {
				break
			}
			out = append(out, func(n *histories.Named) bool {
				changed := false
				moments(&n.History, func(t *time.Duration) {
					if *t == v {
						*t, changed = to, true
					}
				})
				return changed
			})
		}
	}
	return out
}
