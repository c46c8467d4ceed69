package main

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// size is how large a cluster is, and which window of it is measured.
type size struct {
	Models, Pods, Others int // models, pods of each, and pods that are no model's
	Replaced             int // one in so many of the models' pods is replaced in the window; 0 is none
	Window               window.Window
}

func (s size) String() string {
	text := fmt.Sprintf("%s models x %d pods x 2 containers among %s other pods", thousands(s.Models), s.Pods, thousands(s.Others))
	if s.Replaced > 0 {
		text += fmt.Sprintf(", one pod in %d replaced", s.Replaced)
	}
	return text
}

const (
	scrapeInterval = 30 * time.Second
	ksmJob         = "kube-state-metrics"
	podsPerNode    = 50
)

// settledHour returns the hour that is the newest settled one, now and for half an hour
// to come, and the settle delay that makes it so.
func settledHour(now time.Time) (window.Window, time.Duration) {
	const period = time.Hour
	settle := (now.Sub(window.Containing(now, period).Start) + period/2) % period
	return window.Settled(now, period, settle), settle.Round(time.Second)
}

// modelsOnly returns the part of the cluster that the averages speak of, for their truth.
func (s size) modelsOnly() accuracy.Placed { return s.part(0, s.Models*s.Pods) }

// part returns the part of the cluster that has pods from..to, the models' pods first.
func (s size) part(from, to int) accuracy.Placed {
	b := builder{size: s}
	b.KSMs = []cluster.KSM{{
		Schedule: cluster.Schedule{Every: scrapeInterval, Offset: 7 * time.Second},
		Job:      ksmJob, Instance: "10.1.0.1:8080", Life: cluster.Always(), HonorLabels: true,
	}}
	b.Kubelets = []cluster.Kubelet{{
		Schedule: cluster.Schedule{Every: scrapeInterval, Offset: 11 * time.Second},
		Job:      "kubelet", Spread: 130 * time.Millisecond, Life: cluster.Always(), HonorLabels: true, PathLabel: true,
	}}
	for n := from; n < to; n++ {
		if n%podsPerNode == 0 {
			b.node(n / podsPerNode)
		}
		if n < s.Models*s.Pods {
			b.modelPod(n)
		} else {
			b.otherPod(n)
		}
	}
	named := histories.Named{Name: "bench", History: b.History, Window: cluster.Span{To: s.Window.Period()}}
	return accuracy.Placed{Named: named, Origin: s.Window.Start}
}

// builder adds nodes and pods to a part of the cluster. The n-th pod is the same one,
// whichever part it is in.
type builder struct {
	size
	cluster.History
}

func nodeName(i int) string { return fmt.Sprintf("node-%d", i) }

func (b *builder) node(i int) {
	b.Nodes = append(b.Nodes, cluster.Node{
		Name: nodeName(i), Address: fmt.Sprintf("10.%d.%d.%d:10250", 2+i/62500, i/250%250, i%250+1), Life: cluster.Always(),
	})
}

// modelPod adds a model's pod, and its successor if it is to be replaced.
func (b *builder) modelPod(n int) {
	model := fmt.Sprintf("model-%d", n/b.size.Pods)
	namespace, labels := fmt.Sprintf("ml-%d", n/b.size.Pods%20), map[string]string{cluster.SeldonLabel: model}
	name := fmt.Sprintf("%s-default-0-classifier-%d", model, n%b.size.Pods)
	if b.Replaced == 0 || n%b.Replaced != 0 {
		b.pod(n, namespace, name, labels, cluster.Always())
		return
	}
	at := time.Duration(n) * 7919 * time.Second % b.Window.Period()
	b.pod(n, namespace, name+"-a", labels, cluster.Span{From: cluster.Beginning, To: at})
	b.pod(n, namespace, name+"-b", labels, cluster.Span{From: at, To: cluster.Forever})
}

func (b *builder) otherPod(n int) {
	name := fmt.Sprintf("app-%d", n-b.Models*b.size.Pods)
	b.pod(n, fmt.Sprintf("team-%d", n%40), name, map[string]string{"app": name}, cluster.Always())
}

func (b *builder) pod(n int, namespace, name string, labels map[string]string, life cluster.Span) {
	container := func(name string, share float64) cluster.Container {
		return cluster.Container{
			Name: name, Runs: []cluster.Run{{Span: life}},
			CPU:        cluster.Flat(share * (0.1 + 0.01*float64(n%50))),
			Memory:     cluster.Curve{{Level: share * float64(200+n%300) * (1 << 20), Swing: 1 << 20, Period: 20 * time.Minute}},
			CPURequest: cluster.Flat(0.5), CPULimit: cluster.Flat(1),
			MemoryRequest: cluster.Flat(1 << 28), MemoryLimit: cluster.Flat(1 << 29),
		}
	}
	b.History.Pods = append(b.History.Pods, cluster.Pod{
		Namespace: namespace, Name: name, UID: cluster.UID(namespace, name), Node: nodeName(n / podsPerNode),
		Life: life, Labels: []cluster.Labels{{At: life.From, Set: labels}},
		Phases:     []cluster.Phase{{At: life.From, Name: cluster.Running}},
		Containers: []cluster.Container{container("server", 1), container("sidecar", 0.1)},
	})
}
