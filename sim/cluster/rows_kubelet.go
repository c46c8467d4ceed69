package cluster

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// rows returns everything that a node's kubelet ever answers to the job.
func (k *Kubelet) rows(n *Node, pods []*Pod) []row {
	c := cadvisor{answer: answer{target: k.target(n), honor: k.HonorLabels}, job: k, node: n}
	switch {
	case k.Endpoint == ResourceAPI:
		c.drop = []string{"id", "name", "image", "cpu"}
	case k.DropID && k.KeepName:
		c.drop = []string{"id"}
	case k.DropID:
		c.drop = []string{"id", "name"}
	case k.CRI:
		c.drop = []string{"name", "image", "cpu"}
	}
	if k.Endpoint == CAdvisor {
		c.slices()
		if !k.OnlyUsage {
			c.answer.add(n.Life, stamps{}, constant(4), "machine_cpu_cores")
		}
	} else {
		c.answer.add(n.Life, stamps{}, func(t time.Duration) float64 { return 4 * (t.Seconds() + 1e7) }, "node_cpu_usage_seconds_total")
	}
	for _, p := range pods {
		c.pod(p)
	}
	return c.answer.rows
}

// target returns the labels of the job's target on a node.
func (k *Kubelet) target(n *Node) []Label {
	labels := sourceLabels(k.Job, n.Address, Label{"node", n.Name}, Label{"cluster", n.Cluster})
	if k.PathLabel {
		labels = append(labels, Label{"metrics_path", k.Endpoint.path()})
	}
	return append(labels, k.Target...)
}

func (e Endpoint) path() string {
	if e == ResourceAPI {
		return "/metrics/resource"
	}
	return "/metrics/cadvisor"
}

// cadvisor collects the rows of one node.
type cadvisor struct {
	answer
	job  *Kubelet
	node *Node
}

// cgroup is what one or more rows speak of.
type cgroup struct {
	id     string
	alive  Span
	linger time.Duration
	cpu    func(time.Duration) float64 // seconds since it began
	memory func(time.Duration) float64
}

// add adds a cgroup's rows; pairs are its labels besides id.
func (c *cadvisor) add(g cgroup, pairs ...string) {
	var st stamps
	if c.job.Timestamps {
		st = stamps{hash(c.node.Name, g.id) | 1, g.alive}
	}
	visible := Span{g.alive.From, g.alive.To + g.linger}
	frozen := func(f func(time.Duration) float64) func(time.Duration) float64 {
		if g.linger == 0 {
			return f
		}
		return func(t time.Duration) float64 { return f(min(t, g.alive.To-1)) }
	}
	pairs = append([]string{"id", g.id}, pairs...)
	c.answer.add(visible, st, frozen(g.cpu), "container_cpu_usage_seconds_total", append(pairs, "cpu", "total")...)
	memory := "container_memory_usage_bytes"
	if c.job.Endpoint == ResourceAPI {
		memory = "container_memory_working_set_bytes"
	}
	if !c.job.DropMemory {
		c.answer.add(visible, st, frozen(g.memory), memory, pairs...)
	}
}

// slices adds the rows that are no pod's.
func (c *cadvisor) slices() {
	ids := []string{"/", "/kubepods.slice", "/kubepods.slice/kubepods-burstable.slice", "/system.slice/kubelet.service"}
	if c.node.Driver == Cgroupfs {
		ids = []string{"/", "/kubepods", "/kubepods/burstable", "/system.slice/kubelet.service"}
	}
	for i, id := range ids {
		cores := 4 / float64(i+1)
		c.add(cgroup{
			id: id, alive: c.node.Life,
			cpu:    func(t time.Duration) float64 { return cores * (t.Seconds() + 1e7) },
			memory: constant(cores * 1e9),
		})
	}
}

func (c *cadvisor) pod(p *Pod) {
	whole := Span{Forever, Beginning}
	for i := range p.Containers {
		for j, r := range p.Containers[i].Runs {
			c.container(p, &p.Containers[i], j)
			whole = Span{min(whole.From, r.From), max(whole.To, r.To)}
		}
	}
	if c.job.Endpoint != CAdvisor || c.job.CRI || whole.Length() == 0 {
		return
	}
	id := c.podCgroup(p)
	c.add(cgroup{id: id, alive: whole, cpu: p.cpu, memory: p.memory}, "namespace", p.Namespace, "pod", p.Name)

	pause := containerHash(p.UID, "", 0)
	container := ""
	if c.node.Runtime == Docker {
		container = "POD"
	}
	c.add(cgroup{
		id: id + "/" + c.scope(pause), alive: whole,
		cpu:    func(t time.Duration) float64 { return 1e-4 * (t - whole.From).Seconds() },
		memory: constant(700e3),
	}, "namespace", p.Namespace, "pod", p.Name, "container", container, "image", "pause:3.9", "name", pause)
}

func (c *cadvisor) container(p *Pod, ct *Container, run int) {
	r := ct.Runs[run]
	name := containerHash(p.UID, ct.Name, run)
	g := cgroup{
		id:     c.podCgroup(p) + "/" + c.scope(name),
		alive:  r.Span,
		linger: c.node.Linger,
		cpu:    func(t time.Duration) float64 { return ct.CPU.Integral(Span{r.From, t}) },
		memory: ct.Memory.At,
	}
	if c.job.Endpoint == ResourceAPI || c.job.CRI {
		g.linger = 0 // it lists what runs
	}
	if c.job.CRI {
		g.id = name
		seconds := g.cpu
		g.cpu = func(t time.Duration) float64 { return math.Floor(seconds(t)) }
	}
	if c.node.Runtime == Docker {
		name = strings.Join([]string{"k8s", ct.Name, p.Name, p.Namespace, p.UID, strconv.Itoa(run)}, "_")
	}
	labels := []string{"namespace", p.Namespace, "pod", p.Name, "container", ct.Name, "image", image(ct), "name", name}
	c.add(g, labels...)
	if ct.Nested && c.job.Endpoint == CAdvisor && !c.job.CRI {
		g.id += "/init.scope"
		c.add(g, labels...)
	}
}

// podCgroup returns the id of a pod's cgroup.
func (c *cadvisor) podCgroup(p *Pod) string {
	qos := p.qos()
	if c.node.Driver == Cgroupfs {
		return "/kubepods/" + qos + "pod" + p.UID
	}
	slice := "/kubepods.slice/"
	if qos != "" {
		qos = strings.TrimSuffix(qos, "/") + "-"
		slice += "kubepods-" + strings.TrimSuffix(qos, "-") + ".slice/"
	}
	return slice + "kubepods-" + qos + "pod" + strings.ReplaceAll(p.UID, "-", "_") + ".slice"
}

// scope returns the last part of a container's id.
func (c *cadvisor) scope(name string) string {
	switch {
	case c.node.Driver == Cgroupfs:
		return name
	case c.node.Runtime == Docker:
		return "docker-" + name + ".scope"
	}
	return "cri-containerd-" + name + ".scope"
}

// qos returns the part of a cgroup path that a pod's quality of service puts it under.
func (p *Pod) qos() string {
	guaranteed, some := true, false
	for i := range p.Containers {
		c := &p.Containers[i]
		for _, r := range [][2]Curve{{c.CPURequest, c.CPULimit}, {c.MemoryRequest, c.MemoryLimit}} {
			some = some || r[0] != nil || r[1] != nil
			guaranteed = guaranteed && r[0] != nil && r[1] != nil && r[0].At(p.Life.From) == r[1].At(p.Life.From)
		}
	}
	switch {
	case !some:
		return "besteffort/"
	case !guaranteed:
		return "burstable/"
	}
	return ""
}

// cpu returns the CPU seconds that the pod's containers used until t.
func (p *Pod) cpu(t time.Duration) float64 {
	var sum float64
	for i := range p.Containers {
		c := &p.Containers[i]
		for _, r := range c.Runs {
			sum += c.CPU.Integral(Span{r.From, min(t, r.To)})
		}
	}
	return sum
}

// memory returns what the pod's containers use at t.
func (p *Pod) memory(t time.Duration) float64 {
	var sum float64
	for i := range p.Containers {
		c := &p.Containers[i]
		for _, r := range c.Runs {
			if r.Holds(t) {
				sum += c.Memory.At(t)
			}
		}
	}
	return sum
}
