package cluster

import (
	"slices"
	"strconv"
)

// rows returns everything that a kube-state-metrics ever answers.
func (k *KSM) rows(h *History) []row {
	a := &answer{target: k.target(), honor: k.HonorLabels}
	for _, n := range h.Nodes {
		if n.Cluster == k.Cluster {
			a.add(n.Life, stamps{}, constant(1), "kube_node_info", "node", n.Name, "internal_ip", host(n.Address))
		}
	}
	for i := range h.Pods {
		if p := &h.Pods[i]; k.Knows(p) {
			k.pod(a, p)
		}
	}
	return a.rows
}

// target returns the labels of its target.
func (k *KSM) target() []Label {
	return append(sourceLabels(k.Job, k.Instance, Label{"cluster", k.Cluster}), k.Target...)
}

func (k *KSM) pod(a *answer, p *Pod) {
	uid := p.UID
	if k.NoUID || k.Version != KSM2 {
		uid = ""
	}
	id := []string{"namespace", p.Namespace, "pod", p.Name, "uid", uid}
	with := func(pairs ...string) []string { return append(slices.Clone(id), pairs...) }
	now := stamps{}

	for i, l := range p.Labels {
		pairs := with()
		for key, value := range l.Set {
			pairs = append(pairs, labelName(key), value)
		}
		until := p.Life.To
		if i+1 < len(p.Labels) {
			until = p.Labels[i+1].At
		}
		a.add(Span{l.At, until}.And(p.Life), now, constant(1), "kube_pod_labels", pairs...)
	}
	for _, name := range []string{Pending, Succeeded, Failed, Unknown, Running} {
		a.add(p.Life, now, during(p.in(name)), "kube_pod_status_phase", with("phase", name)...)
	}

	// A pod without a node has no container statuses, and its series no node.
	waiting, placed := p.places()
	for _, place := range []struct {
		when Span
		node string
	}{{waiting, ""}, {placed, p.Node}} {
		a.add(place.when, now, constant(1), "kube_pod_info",
			"namespace", p.Namespace, "pod", p.Name, "uid", p.UID, "node", place.node, "created_by_kind", "ReplicaSet")
		for i := range p.Containers {
			k.resources(a, place.when, &p.Containers[i], with("node", place.node))
		}
	}
	for i := range p.Containers {
		k.status(a, p, placed, &p.Containers[i], id)
	}
}

// resources adds the requests and limits of a container.
func (k *KSM) resources(a *answer, when Span, c *Container, id []string) {
	prefix := "kube_pod_container_resource_"
	if c.Role != Ordinary {
		prefix = "kube_pod_init_container_resource_"
	}
	for _, r := range []struct {
		curve                             Curve
		what, resource, unit, oldResource string
	}{
		{c.CPURequest, "requests", "cpu", "core", "_cpu_cores"},
		{c.MemoryRequest, "requests", "memory", "byte", "_memory_bytes"},
		{c.CPULimit, "limits", "cpu", "core", "_cpu_cores"},
		{c.MemoryLimit, "limits", "memory", "byte", "_memory_bytes"},
	} {
		if r.curve == nil {
			continue
		}
		pairs := append(slices.Clone(id), "container", c.Name)
		if k.Version != KSM2 && c.Role == Ordinary {
			a.add(when, stamps{}, r.curve.At, prefix+r.what+r.oldResource, pairs...)
		}
		if k.Version != KSM1 {
			a.add(when, stamps{}, r.curve.At, prefix+r.what, append(pairs, "resource", r.resource, "unit", r.unit)...)
		}
	}
}

// status adds what a container is and whether it runs.
func (k *KSM) status(a *answer, p *Pod, when Span, c *Container, id []string) {
	prefix, policy := "kube_pod_container_", ""
	if c.Role != Ordinary {
		prefix = "kube_pod_init_container_"
	}
	if c.Role == Sidecar && k.Version == KSM2 {
		policy = "Always"
	}
	pairs := append(slices.Clone(id), "container", c.Name)
	running := make([]Span, len(c.Runs))
	for i, r := range c.Runs {
		running[i] = Span{r.From, r.To + r.Ghost}
	}
	a.add(when, stamps{}, during(Union(running...)), prefix+"status_running", pairs...)

	// The info series names the instance, and stays when that has ended.
	info := func(when Span, container string) {
		a.add(when, stamps{}, constant(1), prefix+"info",
			append(slices.Clone(pairs), "image", image(c), "container_id", container, "restart_policy", policy)...)
	}
	first := when.To
	for i, r := range c.Runs {
		until := when.To
		if i+1 < len(c.Runs) {
			until = c.Runs[i+1].From
		}
		first = min(first, r.From)
		info(Span{r.From, until}.And(when), "containerd://"+containerHash(p.UID, c.Name, i))
	}
	info(Span{when.From, first}, "")
}

// in returns when the pod was in a phase.
func (p *Pod) in(phase string) Spans {
	var spans []Span
	for i, ph := range p.Phases {
		until := p.Life.To
		if i+1 < len(p.Phases) {
			until = p.Phases[i+1].At
		}
		if ph.Name == phase {
			spans = append(spans, Span{ph.At, until}.And(p.Life))
		}
	}
	return Union(spans...)
}

// places returns when the pod had no node, and when it had its own.
func (p *Pod) places() (waiting, placed Span) {
	at := p.Life.From + p.Unscheduled
	if p.Node == "" {
		at = p.Life.To
	}
	return Span{p.Life.From, at}, Span{at, p.Life.To}
}

func image(c *Container) string { return c.Name + ":" + strconv.Itoa(len(c.Name)) + ".0" }

// host returns an address without its port.
func host(address string) string {
	for i := len(address) - 1; i >= 0; i-- {
		if address[i] == ':' {
			return address[:i]
		}
	}
	return address
}
