package live

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

const (
	scrapeInterval = 15 * time.Second

	mebi = 1 << 20
	gibi = 1 << 30
)

// builder adds pods to a history.
type builder struct{ *cluster.History }

// newBuilder returns a cluster of some nodes, watched as usual, in which nothing runs.
func newBuilder(nodes int) builder {
	b := builder{&cluster.History{
		KSMs: []cluster.KSM{{
			Schedule: cluster.Schedule{Every: scrapeInterval, Offset: 3 * time.Second},
			Job:      "kube-state-metrics", Instance: "10.0.9.1:8080", Life: cluster.Always(), HonorLabels: true,
		}},
		Kubelets: []cluster.Kubelet{{
			Schedule: cluster.Schedule{Every: scrapeInterval, Offset: 5 * time.Second},
			Job:      "kubelet", Spread: 2 * time.Second, Life: cluster.Always(), HonorLabels: true, PathLabel: true,
		}},
	}}
	for i := range nodes {
		b.Nodes = append(b.Nodes, cluster.Node{
			Name: fmt.Sprintf("node-%d", i+1), Address: fmt.Sprintf("10.0.0.%d:10250", i+1),
			Life: cluster.Always(), Linger: time.Minute,
		})
	}
	return b
}

// container has a load that swings by a fifth, and limits of twice its requests.
func (b builder) container(name string, cpu, memory, request, memoryRequest float64) cluster.Container {
	period := time.Duration(40+7*len(b.Pods)%30) * time.Minute
	return cluster.Container{
		Name:       name,
		CPU:        cluster.Curve{{Level: cpu, Swing: cpu / 5, Period: period}},
		Memory:     cluster.Curve{{Level: memory, Swing: memory / 20, Period: period}},
		CPURequest: cluster.Flat(request), CPULimit: cluster.Flat(2 * request),
		MemoryRequest: cluster.Flat(memoryRequest), MemoryLimit: cluster.Flat(2 * memoryRequest),
	}
}

// pod adds a pod that is Running all its life; containers without runs run as long.
func (b builder) pod(namespace, name string, labels map[string]string, life cluster.Span, containers ...cluster.Container) {
	for i := range containers {
		if containers[i].Runs == nil {
			containers[i].Runs = []cluster.Run{{Span: life}}
		}
	}
	b.Pods = append(b.Pods, cluster.Pod{
		Namespace: namespace, Name: name, UID: cluster.UID(namespace, name), Node: b.Nodes[len(b.Pods)%len(b.Nodes)].Name,
		Life: life, Labels: []cluster.Labels{{At: life.From, Set: labels}},
		Phases: []cluster.Phase{{At: life.From, Name: cluster.Running}}, Containers: containers,
	})
}
