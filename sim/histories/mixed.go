package histories

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// mixedStories are several of the others at once.
func mixedStories() []story {
	return []story{
		{"several-at-once", "rolling update, restarts, two cAdvisor jobs, a rescheduled kube-state-metrics, lingering rows, failed scrapes", func(b *builder) {
			b.window = 60 * m
			b.linger(3 * m)
			b.busyCast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.kubelets("cadvisor")
			for i := range 4 {
				at := 21*m + 13*s + time.Duration(i)*(3*m+17*s)
				b.server(fmt.Sprintf("tea-5d8f-%d", i), "tea", lives(begin, at+48*s))
				b.server(fmt.Sprintf("tea-77c4-%d", i), "tea", lives(at, end))
			}
			b.pod("serving-0", seldon("beer"), labelFrom(41*m+22*s, cluster.SeldonLabel, "tea"), plain("classifier"))
			b.KSMs[0].Life.To = 33*m + 21*s
			b.ksm("ksm-2").Life.From = 33*m + 40*s
			b.Nodes[0].Holes = cluster.Spans{hole(12 * m), span(48*m, 51*m+2*s)}
			b.KSMs[0].Holes = cluster.Spans{hole(9 * m)}
		}},
		{"a-bad-day", "Prometheus down, kube-state-metrics down, a node lost and a crash loop, with exported_ labels", func(b *builder) {
			b.window = 60 * m
			b.busyCast()
			b.node("node-3").Life.To = 27*m + 44*s
			b.server("tea-0", "tea", on("node-3"), lives(begin, 27*m+44*s))
			b.server("tea-1", "tea", on("node-1"), lives(28*m+2*s, end))
			b.server("beer-0", "beer", on("node-1"), plain("agent", runs(crashes(5*m, 55*m, 4*m+10*s, 31*s)...)))
			b.dishonor()
			b.KSMs[0].Holes = cluster.Spans{span(40*m+3*s, 46*m+9*s)}
			b.Outages = cluster.Spans{span(17*m+3*s, 21*m+19*s)}
		}},
		{"two-clusters", "one Prometheus holds two clusters, told apart by a label", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine")
			b.secondCluster()
			b.pod("wine-0", seldon("wine"), on("node-1"), inCluster("west"), plain("classifier"), lives(7*m+5*s, end))
			b.pod("tea-0", seldon("tea"), on("node-1"), inCluster("west"), plain("classifier"))
		}},
		{"old-cluster", "kube-state-metrics 1.x, docker, cgroupfs, exported_ labels, 60 s", func(b *builder) {
			b.window = 60 * m
			b.runtime(cluster.Cgroupfs, cluster.Docker)
			b.linger(4 * m)
			b.busyCast()
			b.every(60*s, 60*s)
			b.KSMs[0].Version = cluster.KSM1
			b.dishonor()
		}},
	}
}

// secondCluster names the cluster that there is east, and adds another one with the same
// names, scraped by the same jobs.
func (b *builder) secondCluster() {
	for i := range b.Nodes {
		b.Nodes[i].Cluster = "east"
	}
	for i := range b.Pods {
		b.Pods[i].Cluster = "east"
	}
	b.KSMs[0].Cluster = "east"
	node := b.Nodes[0]
	node.Cluster = "west"
	b.Nodes = append(b.Nodes, node)
	ksm := b.KSMs[0]
	ksm.Cluster, ksm.Offset = "west", ksm.Offset+4*s
	b.KSMs = append(b.KSMs, ksm)
}

func inCluster(name string) podPart { return func(p *cluster.Pod) { p.Cluster = name } }
