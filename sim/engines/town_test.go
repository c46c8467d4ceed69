package engines

import (
	"fmt"
	"iter"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// town is an hour of models with two pods of two containers each, among other pods, scraped
// every 30 s.
func town(models, others int) accuracy.Placed {
	h := cluster.History{
		KSMs: []cluster.KSM{{
			Schedule: cluster.Schedule{Every: 30 * time.Second, Offset: 7 * time.Second},
			Job:      "kube-state-metrics", Instance: "10.1.0.1:8080", Life: cluster.Always(), HonorLabels: true,
		}},
		Kubelets: []cluster.Kubelet{{
			Schedule: cluster.Schedule{Every: 30 * time.Second, Offset: 9 * time.Second},
			Job:      "kubelet", Spread: 130 * time.Millisecond, Life: cluster.Always(), HonorLabels: true, PathLabel: true,
		}},
	}
	container := func(name string, n int) cluster.Container {
		return cluster.Container{
			Name: name, Runs: []cluster.Run{{Span: cluster.Always()}},
			CPU:        cluster.Flat(0.1 + 0.01*float64(n%50)),
			Memory:     cluster.Curve{{Level: float64(200+n%300) * (1 << 20), Swing: 1 << 20, Period: 20 * time.Minute}},
			CPURequest: cluster.Flat(0.5), CPULimit: cluster.Flat(1),
			MemoryRequest: cluster.Flat(1 << 28), MemoryLimit: cluster.Flat(1 << 29),
		}
	}
	for n := range 2*models + others {
		node := fmt.Sprintf("node-%d", n/50)
		if n%50 == 0 {
			h.Nodes = append(h.Nodes, cluster.Node{Name: node, Address: fmt.Sprintf("10.2.%d.%d:10250", n/50/250, n/50%250), Life: cluster.Always()})
		}
		namespace, name, labels := fmt.Sprintf("team-%d", n%40), fmt.Sprintf("app-%d", n), map[string]string{"app": "app"}
		if n < 2*models {
			model := fmt.Sprintf("model-%d", n/2)
			namespace, name = fmt.Sprintf("ml-%d", n/2%20), fmt.Sprintf("%s-default-0-classifier-%d", model, n%2)
			labels = map[string]string{cluster.SeldonLabel: model}
		}
		h.Pods = append(h.Pods, cluster.Pod{
			Namespace: namespace, Name: name, UID: cluster.UID(namespace, name), Node: node, Life: cluster.Always(),
			Labels:     []cluster.Labels{{At: cluster.Beginning, Set: labels}},
			Phases:     []cluster.Phase{{At: cluster.Beginning, Name: cluster.Running}},
			Containers: []cluster.Container{container("server", n), container("sidecar", n)},
		})
	}
	return accuracy.Lay([]histories.Named{{Name: "town", History: h, Window: cluster.Span{To: time.Hour}}})[0]
}

// scraped yields what is stored of a history, in parts that a head takes.
func scraped(p accuracy.Placed) iter.Seq[[]cluster.Series] {
	feed := p.Feed()
	scraper := cluster.NewScraper(&p.History, p.Origin, feed.From)
	return func(yield func([]cluster.Series) bool) {
		for now := feed.From; now < feed.To; {
			now = min(now+prom.Disorder/2, feed.To)
			if !yield(scraper.Scrape(now)) {
				return
			}
		}
	}
}
