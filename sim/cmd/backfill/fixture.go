package main

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

const (
	models, podsEach = 300, 2
	windows          = 20
	podsPerNode      = 50
)

// fixture returns a cluster with so many pods that are no model's, in a window that is all
// the windows in one.
func fixture(others int) accuracy.Placed {
	h := cluster.History{
		KSMs: []cluster.KSM{{
			Schedule: cluster.Schedule{Every: 30 * time.Second, Offset: 7 * time.Second},
			Job:      "kube-state-metrics", Instance: "10.1.0.1:8080", Life: cluster.Always(), HonorLabels: true,
		}},
		Kubelets: []cluster.Kubelet{{
			Schedule: cluster.Schedule{Every: 30 * time.Second, Offset: 11 * time.Second},
			Job:      "kubelet", Spread: 130 * time.Millisecond, Life: cluster.Always(), HonorLabels: true, PathLabel: true,
		}},
	}
	for i := range (models*podsEach + others + podsPerNode - 1) / podsPerNode {
		h.Nodes = append(h.Nodes, cluster.Node{Name: fmt.Sprintf("node-%d", i), Address: fmt.Sprintf("10.0.0.%d:10250", i+1), Life: cluster.Always()})
	}
	for i := range models * podsEach {
		model := fmt.Sprintf("model-%d", i/podsEach)
		h.Pods = append(h.Pods, pod(len(h.Pods), fmt.Sprintf("ml-%d", i/podsEach%20), fmt.Sprintf("%s-default-0-classifier-%d", model, i%podsEach), map[string]string{cluster.SeldonLabel: model}))
	}
	for i := range others {
		app := fmt.Sprintf("app-%d", i)
		h.Pods = append(h.Pods, pod(len(h.Pods), fmt.Sprintf("team-%d", i%10), app, map[string]string{"app": app}))
	}
	named := histories.Named{Name: "past", History: h, Window: cluster.Span{To: windows * time.Hour}}
	return accuracy.Lay([]histories.Named{named})[0]
}

// pod uses constant CPU and memory, so that each window's truth is the whole's.
func pod(n int, namespace, name string, labels map[string]string) cluster.Pod {
	container := func(name string, share float64) cluster.Container {
		return cluster.Container{
			Name: name, Runs: []cluster.Run{{Span: cluster.Always()}},
			CPU:        cluster.Flat(share * (0.1 + 0.01*float64(n%50))),
			Memory:     cluster.Flat(share * float64(200+n%300) * (1 << 20)),
			CPURequest: cluster.Flat(0.5), CPULimit: cluster.Flat(1),
			MemoryRequest: cluster.Flat(1 << 28), MemoryLimit: cluster.Flat(1 << 29),
		}
	}
	return cluster.Pod{
		Namespace: namespace, Name: name, UID: cluster.UID(namespace, name), Node: fmt.Sprintf("node-%d", n/podsPerNode),
		Life: cluster.Always(), Labels: []cluster.Labels{{At: cluster.Beginning, Set: labels}},
		Phases:     []cluster.Phase{{At: cluster.Beginning, Name: cluster.Running}},
		Containers: []cluster.Container{container("server", 1), container("sidecar", 0.1)},
	}
}
