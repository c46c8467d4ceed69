package main

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// size is how large a cluster is.
type size struct {
	Models, Pods, Others int // models, pods of each, and pods that are no model's
	Replaced             int // one in so many of the models' pods is replaced in the window; 0 is none
}

func (s size) String() string {
	text := fmt.Sprintf("%d models x %d pods x 2 containers among %d other pods, every 30 s, 1 h", s.Models, s.Pods, s.Others)
	if s.Replaced > 0 {
		text += fmt.Sprintf("; one pod in %d replaced", s.Replaced)
	}
	return text
}

const podsPerNode = 50

// fixture returns a cluster of that size, in one window of an hour.
func fixture(s size) accuracy.Placed {
	f := builder{size: s, window: cluster.Span{To: time.Hour}}
	f.history.KSMs = []cluster.KSM{{
		Schedule: cluster.Schedule{Every: 30 * time.Second, Offset: 7 * time.Second},
		Job:      "kube-state-metrics", Instance: "10.1.0.1:8080", Life: cluster.Always(), HonorLabels: true,
	}}
	f.history.Kubelets = []cluster.Kubelet{{
		Schedule: cluster.Schedule{Every: 30 * time.Second, Offset: 11 * time.Second},
		Job:      "kubelet", Spread: 130 * time.Millisecond, Life: cluster.Always(), HonorLabels: true, PathLabel: true,
	}}
	total := s.Models*s.Pods + s.Others
	for i := range (total + podsPerNode - 1) / podsPerNode {
		f.history.Nodes = append(f.history.Nodes, cluster.Node{
			Name: fmt.Sprintf("node-%d", i), Address: fmt.Sprintf("10.0.%d.%d:10250", i/250, i%250+1), Life: cluster.Always(),
		})
	}
	for i := range s.Models {
		for j := range s.Pods {
			f.modelPod(fmt.Sprintf("model-%d", i), i*s.Pods+j)
		}
	}
	for i := range s.Others {
		f.pod(fmt.Sprintf("team-%d", i%40), fmt.Sprintf("app-%d", i), map[string]string{"app": fmt.Sprintf("app-%d", i)}, cluster.Always())
	}
	named := histories.Named{Name: "cost", History: f.history, Window: f.window}
	return accuracy.Lay([]histories.Named{named})[0]
}

// builder adds pods to the fixture's history.
type builder struct {
	size    size
	window  cluster.Span
	history cluster.History
}

// modelPod adds the n-th of the models' pods, and its successor if it is to be replaced.
func (b *builder) modelPod(model string, n int) {
	namespace, labels := fmt.Sprintf("ml-%d", n/b.size.Pods%20), map[string]string{cluster.SeldonLabel: model}
	name := fmt.Sprintf("%s-default-0-classifier-%d", model, n%b.size.Pods)
	if b.size.Replaced == 0 || n%b.size.Replaced != 0 {
		b.pod(namespace, name, labels, cluster.Always())
		return
	}
	at := b.window.From + time.Duration(n*7919%3600)*time.Second
	b.pod(namespace, name+"-a", labels, cluster.Span{From: cluster.Beginning, To: at})
	b.pod(namespace, name+"-b", labels, cluster.Span{From: at, To: cluster.Forever})
}

func (b *builder) pod(namespace, name string, labels map[string]string, life cluster.Span) {
	n := len(b.history.Pods)
	container := func(name string, share float64) cluster.Container {
		return cluster.Container{
			Name: name, Runs: []cluster.Run{{Span: life}},
			CPU:        cluster.Flat(share * (0.1 + 0.01*float64(n%50))),
			Memory:     cluster.Curve{{Level: share * float64(200+n%300) * (1 << 20), Swing: 1 << 20, Period: 20 * time.Minute}},
			CPURequest: cluster.Flat(0.5), CPULimit: cluster.Flat(1),
			MemoryRequest: cluster.Flat(1 << 28), MemoryLimit: cluster.Flat(1 << 29),
		}
	}
	b.history.Pods = append(b.history.Pods, cluster.Pod{
		Namespace: namespace, Name: name, UID: cluster.UID(namespace, name), Node: b.history.Nodes[n/podsPerNode%len(b.history.Nodes)].Name,
		Life: life, Labels: []cluster.Labels{{At: life.From, Set: labels}},
		Phases:     []cluster.Phase{{At: life.From, Name: cluster.Running}},
		Containers: []cluster.Container{container("server", 1), container("sidecar", 0.1)},
	})
}
