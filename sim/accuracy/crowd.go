package accuracy

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

// Crowd is many models' pods in one window, one pod in ten replaced within it.
func Crowd(models int, window, every time.Duration, suffix string) Placed {
	h := cluster.History{
		KSMs: []cluster.KSM{{
			Schedule: cluster.Schedule{Every: every, Offset: 7 * time.Second},
			Job:      "kube-state-metrics", Instance: "10.1.0.1:8080", Life: cluster.Always(), HonorLabels: true,
		}},
		Kubelets: []cluster.Kubelet{{
			Schedule: cluster.Schedule{Every: every, Offset: 9 * time.Second},
			Job:      "kubelet", Spread: 130 * time.Millisecond, Life: cluster.Always(), HonorLabels: true, PathLabel: true,
		}},
		Nodes: []cluster.Node{{Name: "node", Address: "10.0.0.1:10250", Life: cluster.Always()}},
	}
	pod := func(model, name string, life cluster.Span) {
		h.Pods = append(h.Pods, cluster.Pod{
			Namespace: "ml", Name: name, UID: cluster.UID("ml", name), Node: "node", Life: life,
			Labels: []cluster.Labels{{At: life.From, Set: map[string]string{cluster.SeldonLabel: model}}},
			Phases: []cluster.Phase{{At: life.From, Name: cluster.Running}},
			Containers: []cluster.Container{{
				Name: "server", Runs: []cluster.Run{{Span: life}},
				CPU: cluster.Flat(0.1), Memory: cluster.Flat(float64(len(h.Pods)+1) * 1e6), CPURequest: cluster.Flat(0.5), MemoryLimit: cluster.Flat(1 << 29),
			}},
		})
	}
	for i := range models {
		model := fmt.Sprintf("model-%d", i)
		name := model + suffix
		if i%10 > 0 {
			pod(model, name, cluster.Always())
			continue
		}
		at := window/3 + time.Duration(i)*time.Second
		pod(model, name+"-a", cluster.Span{From: cluster.Beginning, To: at})
		pod(model, name+"-b", cluster.Span{From: at, To: cluster.Forever})
	}
	return Lay([]histories.Named{{Name: "crowd", History: h, Window: cluster.Span{To: window}}})[0]
}
