package main

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

const (
	past   = 24 * time.Hour // that is there when the demo starts
	future = 48 * time.Hour // in which things still happen; afterwards the cluster is quiet

	scrapeInterval = 15 * time.Second

	mebi = 1 << 20
	gibi = 1 << 30
)

// town is a cluster in which a few models live: some are quiet, one is rolled out every
// half hour, one crashes now and then, one comes and goes with its load.
func town() *cluster.History {
	t := &cluster.History{
		KSMs: []cluster.KSM{{
			Schedule: cluster.Schedule{Every: scrapeInterval, Offset: 3 * time.Second},
			Job:      "kube-state-metrics", Instance: "10.0.9.1:8080", Life: cluster.Always(), HonorLabels: true,
		}},
		Kubelets: []cluster.Kubelet{{
			Schedule: cluster.Schedule{Every: scrapeInterval, Offset: 5 * time.Second},
			Job:      "kubelet", Spread: 2 * time.Second, Life: cluster.Always(), HonorLabels: true, PathLabel: true,
		}},
	}
	for i := range 3 {
		t.Nodes = append(t.Nodes, cluster.Node{
			Name: fmt.Sprintf("node-%d", i+1), Address: fmt.Sprintf("10.0.0.%d:10250", i+1),
			Life: cluster.Always(), Linger: time.Minute,
		})
	}
	b := builder{t}
	always := []cluster.Span{{From: cluster.Beginning, To: cluster.Forever}}

	for i := range 2 {
		b.pod("seldon", fmt.Sprintf("iris-default-0-classifier-7d9f5c-%d", i), seldon("iris"), always[0],
			b.container("classifier", 0.02, 180*mebi, 0.1, 256*mebi), b.container("engine", 0.01, 300*mebi, 1, 512*mebi))
	}
	b.rollout("seldon", "income", seldon("income"), 30*time.Minute)
	b.pod("seldon", "sentiment-predictor-00001-deployment-6c4b8", kserve("sentiment"), always[0],
		b.container("kserve-container", 0.6, 2*gibi, 1, 3*gibi), b.container("queue-proxy", 0.03, 60*mebi, 0.025, 128*mebi))
	b.pod("seldon", "wine-main-0-classifier-5f7d4", seldon("wine"), always[0], b.container("classifier", 0.08, 220*mebi, 0.25, 512*mebi))
	b.pod("seldon", "wine-canary-0-classifier-59b6d", seldon("wine"), always[0], b.container("classifier", 0.02, 210*mebi, 0.25, 512*mebi))

	b.crashing("fraud", "scorer-default-0-xgb-6bdfd", seldon("scorer"), 11*time.Minute, 25*time.Second)
	b.pod("fraud", "embedder-default-0-bert-74c9f", seldon("embedder"), always[0], b.container("bert", 1.4, 5*gibi, 2, 8*gibi))

	b.pod("vision", "resnet-predictor-0", kserve("resnet"), always[0], b.container("kserve-container", 2.2, 6*gibi, 2, 8*gibi))
	for at := time.Duration(0); at < past+future; at += 40 * time.Minute {
		b.pod("vision", "resnet-predictor-burst-"+fmt.Sprint(int(at/time.Minute)), kserve("resnet"),
			cluster.Span{From: at + 7*time.Minute, To: at + 26*time.Minute}, b.container("kserve-container", 1.9, 6*gibi, 2, 8*gibi))
	}
	b.pod("vision", "ocr-predictor-0", kserve("ocr"), always[0], b.container("kserve-container", 0.3, 900*mebi, 0.5, gibi))

	// What else runs in a cluster, and is no model's.
	for i, name := range []string{"postgres", "redis", "gateway", "prometheus"} {
		b.pod("infra", name+"-0", nil, always[0], b.container(name, 0.2+0.3*float64(i), float64(1+i)*gibi, 0.5, 4*gibi))
	}
	return t
}

func seldon(name string) map[string]string { return map[string]string{cluster.SeldonLabel: name} }

func kserve(name string) map[string]string { return map[string]string{cluster.KServeLabel: name} }

// builder adds pods to a history.
type builder struct{ *cluster.History }

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

// rollout replaces a model's two pods every so often, the new ones first.
func (b builder) rollout(namespace, model string, labels map[string]string, every time.Duration) {
	for at := time.Duration(0); at < past+future; at += every {
		life := cluster.Span{From: at, To: at + every + 20*time.Second}
		if at == 0 {
			life.From = cluster.Beginning
		}
		if at+every >= past+future {
			life.To = cluster.Forever
		}
		for i := range 2 {
			name := fmt.Sprintf("%s-default-0-%08x-%d", model, uint32(at/time.Second)*2654435761, i)
			b.pod(namespace, name, labels, life, b.container("classifier", 0.45, 400*mebi, 0.6, 512*mebi), b.container("engine", 0.05, 80*mebi, 0.1, 128*mebi))
		}
	}
}

// crashing adds a pod whose container ends every so often and is restarted after a pause.
func (b builder) crashing(namespace, name string, labels map[string]string, every, pause time.Duration) {
	c := b.container("xgb", 0.35, 700*mebi, 0.5, gibi)
	from := cluster.Beginning
	for at := every; at < past+future; at += every {
		c.Runs = append(c.Runs, cluster.Run{Span: cluster.Span{From: from, To: at}})
		from = at + pause
	}
	c.Runs = append(c.Runs, cluster.Run{Span: cluster.Span{From: from, To: cluster.Forever}})
	b.pod(namespace, name, labels, cluster.Span{From: cluster.Beginning, To: cluster.Forever}, c)
}
