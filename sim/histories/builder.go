package histories

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// The units that histories are told in.
const (
	s  = time.Second
	m  = time.Minute
	Mi = 1 << 20
	Gi = 1 << 30
)

// begin is when the pods that are simply there were created, end when they go: never.
const (
	begin = -23*m - 17*s
	end   = cluster.Forever
)

// boot is how long a pod is Pending before its containers start.
const boot = 4 * s

// builder tells a history. It begins with two nodes, one kube-state-metrics and one
// cAdvisor job, all scraped every 30 s, and no pods.
type builder struct {
	cluster.History
	window  time.Duration
	stamped bool // kubelets' rows have the times of their looks, as real ones do
}

func newBuilder(stamped bool) *builder {
	b := &builder{window: 20 * m, stamped: stamped}
	b.node("node-1")
	b.node("node-2")
	b.ksm("ksm-1")
	b.kubelets("kubelet")
	return b
}

// every sets the scrape intervals of everything that is there.
func (b *builder) every(ksm, kubelets time.Duration) {
	for i := range b.KSMs {
		b.KSMs[i].Every = ksm
	}
	for i := range b.Kubelets {
		b.Kubelets[i].Every = kubelets
	}
}

// node adds a node.
func (b *builder) node(name string) *cluster.Node {
	b.Nodes = append(b.Nodes, cluster.Node{
		Name: name, Address: fmt.Sprintf("10.0.0.%d:10250", len(b.Nodes)+1), Life: cluster.Always(),
	})
	return &b.Nodes[len(b.Nodes)-1]
}

// ksm adds a kube-state-metrics.
func (b *builder) ksm(instance string) *cluster.KSM {
	b.KSMs = append(b.KSMs, cluster.KSM{
		Schedule: cluster.Schedule{Every: 30 * s, Offset: time.Duration(7+5*len(b.KSMs))*s + 204*time.Millisecond},
		Job:      "kube-state-metrics", Instance: instance + ":8080", Life: cluster.Always(), HonorLabels: true,
	})
	return &b.KSMs[len(b.KSMs)-1]
}

// kubelets adds a scrape job over all kubelets.
func (b *builder) kubelets(job string) *cluster.Kubelet {
	b.Kubelets = append(b.Kubelets, cluster.Kubelet{
		Schedule: cluster.Schedule{Every: 30 * s, Offset: time.Duration(11+8*len(b.Kubelets))*s + 731*time.Millisecond},
		Job:      job, Spread: 3100 * time.Millisecond, Life: cluster.Always(), HonorLabels: true, PathLabel: true, Timestamps: b.stamped,
	})
	return &b.Kubelets[len(b.Kubelets)-1]
}

// cast adds what most histories have besides what they are about: two quiet models, and
// a pod that is no model's.
func (b *builder) cast() {
	b.pod("income-0", seldon("income"),
		container("classifier", uses(0.5, 300*Mi), requests(0.6, 256*Mi), limits(1, 512*Mi)),
		container("engine", uses(0.05, 80*Mi), requests(0.1, 64*Mi), limits(0.5, 128*Mi)))
	b.pod("iris-0", kserve("iris"),
		container("kserve-container", uses(0.25, 700*Mi), requests(1, 1*Gi), limits(2, 2*Gi)))
	b.pod("postgres-0", container("postgres", uses(1.5, 4*Gi), requests(2, 4*Gi)))
}

// hole is a single failed scrape of a 30 s schedule: the first one after at.
func hole(at time.Duration) cluster.Span { return span(at, at+30*s) }

func span(from, to time.Duration) cluster.Span { return cluster.Span{From: from, To: to} }

// pod adds a pod, Running from shortly after its creation on.
func (b *builder) pod(name string, parts ...podPart) *cluster.Pod {
	p := cluster.Pod{
		Namespace: "models", Name: name,
		Node: b.Nodes[len(b.Pods)%len(b.Nodes)].Name,
		Life: span(begin, end),
	}
	for _, part := range parts {
		part(&p)
	}
	p.UID = cluster.UID(p.Cluster, p.Namespace, p.Name, fmt.Sprint(len(b.Pods)))
	start := p.Life.From + p.Unscheduled + boot
	if len(p.Labels) == 0 {
		p.Labels = []cluster.Labels{{At: p.Life.From, Set: map[string]string{"app": name}}}
	}
	if len(p.Phases) == 0 {
		p.Phases = []cluster.Phase{{At: p.Life.From, Name: cluster.Pending}, {At: start, Name: cluster.Running}}
	}
	for i := range p.Containers {
		if c := &p.Containers[i]; c.Runs == nil {
			c.Runs = []cluster.Run{{Span: span(start, p.Life.To)}}
		}
	}
	b.Pods = append(b.Pods, p)
	return &b.Pods[len(b.Pods)-1]
}

// server adds a pod of a SeldonDeployment, with one plain container.
func (b *builder) server(name, model string, parts ...podPart) *cluster.Pod {
	return b.pod(name, append([]podPart{seldon(model), plain("classifier")}, parts...)...)
}

// plain is a container that uses most of what it asks for, and is limited to twice that.
func plain(name string, parts ...containerPart) podPart {
	return container(name, append([]containerPart{
		uses(0.4, 200*Mi), requests(0.5, 256*Mi), limits(1, 512*Mi),
	}, parts...)...)
}

// podPart is something to say of a pod.
type podPart func(*cluster.Pod)

func in(namespace string) podPart { return func(p *cluster.Pod) { p.Namespace = namespace } }

func on(node string) podPart { return func(p *cluster.Pod) { p.Node = node } }

func lives(from, to time.Duration) podPart {
	return func(p *cluster.Pod) { p.Life = span(from, to) }
}

// label sets a pod label from the pod's creation on.
func label(key, value string) podPart { return labelFrom(cluster.Beginning, key, value) }

// labelFrom sets a pod label from a moment on; an empty value takes it away.
func labelFrom(at time.Duration, key, value string) podPart {
	return func(p *cluster.Pod) {
		set := map[string]string{"app": p.Name}
		if n := len(p.Labels); n > 0 {
			for k, v := range p.Labels[n-1].Set {
				set[k] = v
			}
			if p.Labels[n-1].At == at {
				p.Labels = p.Labels[:n-1]
			}
		}
		if set[key] = value; value == "" {
			delete(set, key)
		}
		p.Labels = append(p.Labels, cluster.Labels{At: at, Set: set})
	}
}

func seldon(name string) podPart { return label(cluster.SeldonLabel, name) }

func kserve(name string) podPart { return label(cluster.KServeLabel, name) }

// phase sets the pod's phase from a moment on; the first one holds from its creation.
func phase(at time.Duration, name string) podPart {
	return func(p *cluster.Pod) { p.Phases = append(p.Phases, cluster.Phase{At: at, Name: name}) }
}

// unscheduled keeps the pod from finding a node for a while.
func unscheduled(d time.Duration) podPart {
	return func(p *cluster.Pod) { p.Unscheduled = d }
}

// container adds a container to a pod. It runs while the pod does.
func container(name string, parts ...containerPart) podPart {
	return func(p *cluster.Pod) {
		c := cluster.Container{Name: name, CPU: cluster.Flat(0.1), Memory: cluster.Flat(100 * Mi)}
		for _, part := range parts {
			part(&c)
		}
		p.Containers = append(p.Containers, c)
	}
}

// containerPart is something to say of a container.
type containerPart func(*cluster.Container)

// uses sets what it uses: cores and bytes.
func uses(cpu, memory float64) containerPart { return moves(cluster.Flat(cpu), cluster.Flat(memory)) }

// moves sets what it uses as curves.
func moves(cpu, memory cluster.Curve) containerPart {
	return func(c *cluster.Container) { c.CPU, c.Memory = cpu, memory }
}

func requests(cpu, memory float64) containerPart {
	return func(c *cluster.Container) { c.CPURequest, c.MemoryRequest = cluster.Flat(cpu), cluster.Flat(memory) }
}

func limits(cpu, memory float64) containerPart {
	return func(c *cluster.Container) { c.CPULimit, c.MemoryLimit = cluster.Flat(cpu), cluster.Flat(memory) }
}

// runs sets when it runs, instance by instance; no spans are never.
func runs(spans ...cluster.Span) containerPart {
	return func(c *cluster.Container) {
		c.Runs = make([]cluster.Run, len(spans))
		for i, s := range spans {
			c.Runs[i].Span = s
		}
	}
}

func role(r cluster.Role) containerPart { return func(c *cluster.Container) { c.Role = r } }
