package histories

import "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"

// outageStories are about time that was not, or badly, observed, and about how often
// everything is scraped.
func outageStories() []story {
	return []story{
		{"prometheus-down-in-the-middle", "Prometheus is down for four minutes: that time is left out", func(b *builder) {
			b.busyCast()
			b.Outages = cluster.Spans{span(8*m+3*s, 12*m+19*s)}
		}},
		{"prometheus-down-at-the-start", "Prometheus comes back seven minutes into the window", func(b *builder) {
			b.busyCast()
			b.Outages = cluster.Spans{span(-6*m, 7*m+2*s)}
		}},
		{"prometheus-down-at-the-end", "Prometheus goes down three minutes before the window's end", func(b *builder) {
			b.busyCast()
			b.Outages = cluster.Spans{span(16*m+58*s, 21*m+40*s)}
		}},
		{"prometheus-down-twice", "Prometheus restarts, comes back, and goes down again", func(b *builder) {
			b.busyCast()
			b.Outages = cluster.Spans{span(2*m+1*s, 4*m+2*s), span(10*m+3*s, 13*m+29*s)}
		}},
		{"prometheus-down-quiet", "Prometheus is down while nothing happens: exact", func(b *builder) {
			b.cast()
			b.Outages = cluster.Spans{span(8*m+3*s, 12*m+19*s)}
		}},
		{"prometheus-down-after-a-handover", "kube-state-metrics is rescheduled just before: of the new one there is a single scrape before the outage, and two after", func(b *builder) {
			b.Kubelets[0].Timestamps = false // else too few rows are left
			b.window = 10 * m
			b.cast()
			b.KSMs[0].Life.To = 3*m + 49*s
			b.ksm("ksm-2").Life.From = 3*m + 19*s
			b.server("wine-0", "wine", lives(begin, 2*m+7*s))
			b.Outages = cluster.Spans{span(3*m+50*s, 8*m+51*s)}
		}},
		{"prometheus-down-while-things-happen", "pods start, stop and restart while nobody looks", func(b *builder) {
			b.cast()
			b.Outages = cluster.Spans{span(6*m+3*s, 12*m+19*s)}
			b.server("wine-0", "wine", plain("agent", runs(span(begin+boot, 9*m), span(9*m+2*s, end))))
			b.server("wine-1", "wine", lives(begin, 8*m+33*s))
			b.server("wine-2", "wine", lives(8*m+30*s, end))
			b.server("wine-3", "wine", lives(7*m, 11*m))
		}},
		{"prometheus-restarts-briefly", "Prometheus misses one scrape of everything: no outage", func(b *builder) {
			b.busyCast()
			b.Outages = cluster.Spans{span(9*m+2*s, 9*m+28*s)}
		}},
		{"single-scrapes-fail", "a scrape fails here and there, of each target", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine")
			b.KSMs[0].Holes = cluster.Spans{hole(3 * m), hole(9*m + 31*s), hole(17 * m)}
			b.Nodes[0].Holes = cluster.Spans{hole(5 * m), hole(12*m + 8*s)}
			b.Nodes[1].Holes = cluster.Spans{hole(1 * m), hole(14*m + 8*s)}
		}},
		{"single-scrapes-fail-at-the-edges", "the first and the last scrape of the window fail", func(b *builder) {
			b.window = 10 * m
			b.busyCast()
			b.KSMs[0].Holes = cluster.Spans{hole(0), hole(9*m + 30*s)}
			b.Nodes[0].Holes = cluster.Spans{hole(0), hole(9*m + 30*s)}
			b.Nodes[1].Holes = cluster.Spans{hole(0)}
		}},
		{"single-scrapes-fail-while-things-happen", "a scrape fails just where a pod starts, and where one stops", func(b *builder) {
			b.busyCast()
			b.KSMs[0].Holes = cluster.Spans{hole(4 * m), hole(15*m + 32*s)}
			b.Nodes[0].Holes = cluster.Spans{hole(4 * m), hole(14*m + 50*s)}
			b.Nodes[1].Holes = cluster.Spans{hole(14*m + 50*s)}
		}},
		{"node-out-of-reach", "a kubelet cannot be scraped for five minutes, its pods run on", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", on("node-1"))
			b.server("wine-1", "wine", on("node-2"))
			b.Nodes[0].Holes = cluster.Spans{span(7*m+4*s, 12*m+11*s)}
		}},
		{"node-out-of-reach-while-pods-come-and-go", "pods start and stop where nobody sees what they use", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", on("node-1"), lives(begin, 9*m+20*s))
			b.server("wine-1", "wine", on("node-1"), lives(9*m+23*s, end))
			b.server("beer-0", "beer", on("node-1"), plain("agent", runs(span(begin+boot, 10*m), span(10*m+8*s, end))))
			b.Nodes[0].Holes = cluster.Spans{span(7*m+4*s, 12*m+11*s)}
		}},
		{"node-out-of-reach-busy-then", "a container is busy only while its node is out of reach: the counter shows it", func(b *builder) {
			b.cast()
			b.pod("wine-0", seldon("wine"), on("node-1"), container("classifier", moves(
				cluster.Flat(0.1).Then(8*m, 2).Then(11*m, 0.1), cluster.Flat(100*Mi))))
			b.Nodes[0].Holes = cluster.Spans{span(7*m+4*s, 12*m+11*s)}
		}},
		{"node-out-of-reach-when-a-pod-moves-away", "a pod is replaced under its name on another node: only that node shows when, as there are no uids", func(b *builder) {
			b.cast()
			b.KSMs[0].NoUID = true
			b.server("wine-0", "wine", on("node-1"), lives(begin, 11*m+35*s))
			b.pod("wine-0", seldon("wine"), on("node-2"), lives(11*m+36*s, end), container("classifier", uses(2.4, 900*Mi)))
			b.Nodes[0].Holes = cluster.Spans{span(4*m+4*s, 12*m+11*s)}
		}},
		{"node-out-of-reach-when-a-pod-moves-there", "a pod is replaced under its name on a node out of reach: only the old one shows when", func(b *builder) {
			b.cast()
			b.KSMs[0].NoUID = true
			b.server("wine-0", "wine", on("node-1"), lives(begin, 5*m+35*s))
			b.pod("wine-0", seldon("wine"), on("node-2"), lives(5*m+36*s, end), container("classifier", uses(2.4, 900*Mi)))
			b.Nodes[1].Holes = cluster.Spans{span(4*m+4*s, 12*m+11*s)}
		}},
		{"node-out-of-reach-when-a-pod-is-replaced-without-ids", "a pod is replaced under its name on its node, whose rows have no id: one counter shows both", func(b *builder) {
			b.cast()
			b.Kubelets[0].DropID = true
			b.server("wine-0", "wine", on("node-1"), lives(3*m+2*s, 7*m+35*s))
			b.pod("wine-0", seldon("wine"), on("node-1"), lives(7*m+36*s, end), container("classifier", uses(2.4, 900*Mi)))
			b.Nodes[0].Holes = cluster.Spans{span(7*m+14*s, 13*m+11*s)}
		}},
		{"node-out-of-reach-after-a-pod-was-replaced-without-ids", "what ran before the pod was replaced says nothing of the time in which nobody saw its successor", func(b *builder) {
			b.cast()
			b.KSMs[0].NoUID = true
			b.Kubelets[0].DropID = true
			b.server("wine-0", "wine", on("node-1"), lives(begin, 7*m+35*s))
			b.pod("wine-0", seldon("wine"), on("node-1"), lives(7*m+36*s, end), container("classifier", uses(2.4, 900*Mi)))
			b.Nodes[0].Holes = cluster.Spans{span(11*m+14*s, 22*m+11*s)}
		}},
		{"node-leaves", "a node is taken away, and its pods with it", func(b *builder) {
			b.cast()
			b.node("node-3").Life.To = 9*m + 12*s
			b.server("wine-0", "wine", on("node-3"), lives(begin, 9*m+12*s))
			b.server("wine-1", "wine", on("node-1"))
			b.server("wine-2", "wine", on("node-2"), lives(9*m+15*s, end))
		}},
		{"node-leaves-pods-evicted-later", "kube-state-metrics calls a lost node's pod running for five minutes more", func(b *builder) {
			b.cast()
			b.node("node-3").Life.To = 6*m + 12*s
			b.pod("wine-0", seldon("wine"), on("node-3"), lives(begin, 11*m+17*s),
				plain("classifier", runs(span(begin+boot, 6*m+12*s)), func(c *cluster.Container) { c.Runs[0].Ghost = 5*m + 5*s }))
			b.server("wine-1", "wine", on("node-1"))
		}},
		{"node-joins", "a node and its pods appear in the window", func(b *builder) {
			b.cast()
			b.node("node-3").Life.From = 5*m + 50*s
			b.server("wine-0", "wine", on("node-3"), lives(6*m+33*s, end))
			b.server("wine-1", "wine", on("node-1"))
		}},
		{"node-joins-at-the-start", "a node and a pod appear with the window, and kube-state-metrics tells of the pod before the kubelet does", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Kubelets[0].Spread = 9 * s
			b.node("node-3").Life.From = 0
			b.server("wine-0", "wine", on("node-3"), lives(0, end))
		}},
		{"up-missing", "the up series are relabelled away", func(b *builder) {
			b.busyCast()
			b.NoUp = true
		}},
		{"up-missing-prometheus-down", "the up series are relabelled away, and Prometheus is down for a while", func(b *builder) {
			b.busyCast()
			b.NoUp = true
			b.Outages = cluster.Spans{span(8*m+3*s, 12*m+19*s)}
		}},
		{"scraped-every-10s", "a short window, scraped every 10 s", func(b *builder) {
			b.window = 10 * m
			b.busyCast()
			b.every(10*s, 10*s)
		}},
		{"scraped-every-60s", "an hour, scraped every 60 s", func(b *builder) {
			b.window = 60 * m
			b.busyCast()
			b.every(60*s, 60*s)
		}},
		{"scraped-at-mixed-intervals", "kube-state-metrics every 60 s, the kubelets every 10 s", func(b *builder) {
			b.busyCast()
			b.every(60*s, 10*s)
		}},
		{"scraped-at-mixed-intervals-the-other-way", "kube-state-metrics every 10 s, the kubelets every 60 s", func(b *builder) {
			b.busyCast()
			b.every(10*s, 60*s)
		}},
	}
}
