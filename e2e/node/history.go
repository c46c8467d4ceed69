package node

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// recording is what really happened, as the API and the kernel's counters have it.
type recording struct {
	events   []event
	counters counters
}

// history makes a history of the recording, as the simulator has them: from that follow the
// exact averages over a window, and the error that watching allows. Its origin is the window's
// start.
func (r recording) history(origin time.Time, window cluster.Span, ksm, kubelet scrapes) (cluster.History, lags) {
	h := cluster.History{
		Nodes:    []cluster.Node{{Name: nodeName, Address: "kubelet", Life: cluster.Always(), Driver: cluster.Cgroupfs}},
		KSMs:     []cluster.KSM{{Schedule: ksm.Schedule, Holes: ksm.holes, Job: "kube-state-metrics", Instance: "kube-state-metrics", Life: cluster.Always(), HonorLabels: true}},
		Kubelets: []cluster.Kubelet{{Schedule: kubelet.Schedule, Holes: kubelet.holes, Job: "kubelet", Life: cluster.Always(), PathLabel: true, HonorLabels: true, Timestamps: true}},
	}
	late := lags{}
	for _, events := range r.pods() {
		p := podHistory{recording: r, origin: origin, window: window, events: events, lags: late}
		h.Pods = append(h.Pods, p.pod())
	}
	return h, late
}

// pods returns the events of each pod, in the order in which the pods were created.
func (r recording) pods() [][]event {
	at := map[string]int{}
	var out [][]event
	for _, e := range r.events {
		uid := string(e.pod.UID)
		if _, known := at[uid]; !known {
			at[uid] = len(out)
			out = append(out, nil)
		}
		out[at[uid]] = append(out[at[uid]], e)
	}
	return out
}

// edge is a start or an end of a container.
type edge struct {
	uid, container string
	at             time.Duration // as offset from the origin
}

// lags are from when each edge can have been, by the second that the API has for it, until the
// API said so.
type lags map[edge]cluster.Span

// podHistory makes the history of one pod.
type podHistory struct {
	recording
	origin time.Time
	window cluster.Span
	events []event
	lags   lags
}

func (p podHistory) offset(t time.Time) time.Duration { return t.Sub(p.origin) }

func (p podHistory) pod() cluster.Pod {
	first := p.events[0].pod
	out := cluster.Pod{
		Namespace: first.Namespace, Name: first.Name, UID: string(first.UID), Node: nodeName,
		Life: cluster.Span{From: p.offset(p.events[0].at), To: cluster.Forever},
	}
	for _, e := range p.events {
		at := p.offset(e.at)
		if e.deleted {
			out.Life.To = at
			break
		}
		if n := len(out.Labels); n == 0 || !maps.Equal(out.Labels[n-1].Set, e.pod.Labels) {
			out.Labels = append(out.Labels, cluster.Labels{At: at, Set: e.pod.Labels})
		}
		phase := cmp.Or(string(e.pod.Status.Phase), cluster.Pending)
		if n := len(out.Phases); n == 0 || out.Phases[n-1].Name != phase {
			out.Phases = append(out.Phases, cluster.Phase{At: at, Name: phase})
		}
	}
	for i := range first.Spec.InitContainers {
		role := cluster.Init
		if policy := first.Spec.InitContainers[i].RestartPolicy; policy != nil && *policy == corev1.ContainerRestartPolicyAlways {
			role = cluster.Sidecar
		}
		out.Containers = append(out.Containers, p.container(first.Spec.InitContainers[i].Name, role, out.Life))
	}
	for i := range first.Spec.Containers {
		out.Containers = append(out.Containers, p.container(first.Spec.Containers[i].Name, cluster.Ordinary, out.Life))
	}
	return out
}

// container makes the history of one of the pod's containers.
func (p podHistory) container(name string, role cluster.Role, life cluster.Span) cluster.Container {
	out := cluster.Container{Name: name, Role: role}
	for _, e := range p.events {
		for _, c := range slices.Concat(e.pod.Spec.InitContainers, e.pod.Spec.Containers) {
			if c.Name != name || e.deleted {
				continue
			}
			at := p.offset(e.at)
			settings := c.Resources
			out.CPURequest = setting(out.CPURequest, at, settings.Requests, corev1.ResourceCPU)
			out.CPULimit = setting(out.CPULimit, at, settings.Limits, corev1.ResourceCPU)
			out.MemoryRequest = setting(out.MemoryRequest, at, settings.Requests, corev1.ResourceMemory)
			out.MemoryLimit = setting(out.MemoryLimit, at, settings.Limits, corev1.ResourceMemory)
		}
	}
	for _, r := range p.runs(name) {
		span := r.Span.And(life)
		if n := len(out.Runs); n > 0 {
			span.From = max(span.From, out.Runs[n-1].To)
		}
		if span.Length() == 0 {
			continue
		}
		out.Runs = append(out.Runs, cluster.Run{Span: span})
		out.CPU = append(out.CPU, p.cpu(span, p.counters[r.id])...)
		out.Memory = append(out.Memory, p.memory(span, p.counters[r.id])...)
	}
	return out
}

// setting adds what a container requests from a moment on, or its limit.
func setting(c cluster.Curve, at time.Duration, of corev1.ResourceList, name corev1.ResourceName) cluster.Curve {
	quantity, found := of[name]
	value := quantity.AsApproximateFloat64()
	switch {
	case !found:
		return c
	case c == nil:
		return cluster.Flat(value)
	case c[len(c)-1].Level == value:
		return c
	}
	return c.Then(at, value)
}

// run is one life of a container.
type run struct {
	cluster.Span
	id string
}

// runs returns the lives of a container in the order of their starts.
func (p podHistory) runs(name string) []run {
	found := map[string]*run{}
	for _, e := range p.events {
		for _, status := range slices.Concat(e.pod.Status.InitContainerStatuses, e.pod.Status.ContainerStatuses) {
			if status.Name != name {
				continue
			}
			if s := status.State.Running; s != nil {
				p.started(found, name, status.ContainerID, s.StartedAt.Time, e.at)
			}
			for _, state := range []corev1.ContainerState{status.LastTerminationState, status.State} {
				if s := state.Terminated; s != nil && s.ContainerID != "" {
					p.started(found, name, s.ContainerID, s.StartedAt.Time, e.at)
					p.ended(found[s.ContainerID], name, s.FinishedAt.Time, e.at)
				}
			}
		}
	}
	if last := p.events[len(p.events)-1]; last.deleted {
		for id, r := range found {
			if readings := p.counters[bare(id)]; r.To == cluster.Forever && len(readings) > 0 {
				p.ended(r, name, readings[len(readings)-1].at, last.at)
			}
		}
	}
	out := make([]run, 0, len(found))
	for id, r := range found {
		r.id = bare(id)
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b run) int { return cmp.Compare(a.From, b.From) })
	return out
}

// bare cuts the runtime's name off a container's id.
func bare(id string) string { return strings.TrimPrefix(id, "containerd://") }

// started enters the start of a run, which the API told at a moment.
func (p podHistory) started(found map[string]*run, name, id string, at, told time.Time) {
	if found[id] == nil {
		found[id] = &run{Span: cluster.Span{From: p.edge(name, at, told), To: cluster.Forever}}
	}
}

// ended enters its end.
func (p podHistory) ended(r *run, name string, at, told time.Time) {
	if r.To == cluster.Forever {
		r.To = p.edge(name, at, told)
	}
}

// edge places a start or end, which the API has in whole seconds, in the middle of what it can
// have been.
func (p podHistory) edge(name string, at, told time.Time) time.Duration {
	latest := at.Add(time.Second)
	if told.Before(latest) {
		latest = told
	}
	middle := at.Add(max(0, latest.Sub(at)) / 2)
	offset := p.offset(middle)
	p.lags[edge{string(p.events[0].pod.UID), name, offset}] = cluster.Span{From: min(p.offset(at), offset), To: max(p.offset(told), offset)}
	return offset
}

// stretch is over how long a rate of CPU is taken at least: no two rows of cAdvisor's, from which
// the exporter takes rates, are nearer to each other.
const stretch = 5 * time.Second

// cpu returns the rate at which a run used CPU between readings of its counter: those next to
// the window's start and end, and others as far apart as rows are.
func (p podHistory) cpu(span cluster.Span, readings []reading) cluster.Curve {
	out := cluster.Curve{{At: span.From}}
	at, used := span.From, time.Duration(0)
	for i, r := range readings {
		next := min(p.offset(r.at), span.To)
		last := i+1 == len(readings)
		if next <= at || next-at < stretch && !last && !p.besideEdge(readings[max(i-1, 0):i+2]) {
			continue
		}
		piece := cluster.Piece{At: at, Level: float64(r.cpu-used) / float64(next-at)}
		if at == span.From {
			out = nil
		}
		out = append(out, piece)
		at, used = next, r.cpu
	}
	return out // the last rate holds until the end
}

// besideEdge says whether an end of the window lies among the readings.
func (p podHistory) besideEdge(readings []reading) bool {
	around := cluster.Span{From: p.offset(readings[0].at), To: p.offset(readings[len(readings)-1].at)}
	return around.Holds(p.window.From) || around.Holds(p.window.To)
}

// memory returns what a run held, from reading to reading.
func (p podHistory) memory(span cluster.Span, readings []reading) cluster.Curve {
	var out cluster.Curve
	for i, r := range readings {
		piece := cluster.Piece{At: max(p.offset(r.at), span.From), Level: r.memory}
		if i == 0 {
			out = append(out, cluster.Piece{At: span.From, Level: r.memory})
		}
		if i+1 < len(readings) {
			piece.Slope = (readings[i+1].memory - r.memory) / readings[i+1].at.Sub(r.at).Seconds()
		}
		if n := len(out); piece.At < span.To && piece.At > out[n-1].At {
			out = append(out, piece)
		}
	}
	if out == nil {
		return cluster.Curve{{At: span.From}}
	}
	return out
}
