package histories

import (
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// foundRowStories are what random compositions have shown to be hard about usage: which rows are whose, and when
// they were there.
func foundRowStories() []story {
	return []story{
		{"prometheus-misses-the-last-turn-of-the-kubelets", "Prometheus restarts, and the kubelets' next turn is after the window", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Offset = 19*s + 804*1e6
			b.Kubelets[0].Offset, b.Kubelets[0].Spread = 1*s+900*1e6, 0
			b.Outages = cluster.Spans{span(4*m+20*s, 4*m+40*s)}
		}},
		{"without-id-and-up-beside-resource-rows", "cAdvisor's job has neither ids nor up nor anything of the machine, and the job of /metrics/resource has something of the node", func(b *builder) {
			b.window = 5 * m
			b.NoUp = true
			b.Kubelets[0].DropID, b.Kubelets[0].OnlyUsage = true, true
			b.kubelets("kubelet-resource").Endpoint = cluster.ResourceAPI
			b.cast()
		}},
		{"cadvisor-pods-without-id-beside-resource-rows", "cAdvisor runs as pods, whose labels are in the place of its rows', and only what it says of the machine shows which targets it has", func(b *builder) {
			b.window = 5 * m
			b.Kubelets[0].DropID, b.Kubelets[0].HonorLabels = true, false
			b.Kubelets[0].Target = []cluster.Label{{Name: "namespace", Value: "kube-system"}, {Name: "pod", Value: "cadvisor"}, {Name: "container", Value: "cadvisor"}}
			b.kubelets("kubelet-resource").Endpoint = cluster.ResourceAPI
			b.cast()
		}},
		{"prometheus-misses-two-turns-of-one-endpoint", "the other endpoint, whose rows only repeat, shows that the node was there", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.Kubelets[0].Every, b.Kubelets[0].Offset, b.Kubelets[0].Spread = 15*s, 16*s+560*1e6, 0
			b.kubelets("kubelet-resource").Endpoint = cluster.ResourceAPI
			b.Outages = cluster.Spans{span(3*m+15*s, 3*m+40*s)}
		}},
		{"two-targets-of-the-same-labels-up-missing", "the same endpoint is scraped twice, a second apart, into the same series", func(b *builder) {
			b.window = 5 * m
			b.NoUp = true
			b.kubelets("kubelet")
			b.cast()
			for i := range b.Kubelets {
				b.Kubelets[i].Endpoint, b.Kubelets[i].Spread = cluster.ResourceAPI, 0
			}
			b.Kubelets[0].Offset, b.Kubelets[1].Offset = 18*s+559*1e6, 19*s+731*1e6
		}},
		{"old-samples-of-both-endpoints-before-an-outage", "a row without an id repeats one with, up to its last scrape", func(b *builder) {
			b.window = 5 * m
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.server("wine-0", "wine", on("node-1"))
			b.cast()
			for i := range b.Kubelets {
				b.Kubelets[i].Timestamps, b.Kubelets[i].Spread = true, 0
			}
			b.Kubelets[0].Offset, b.Kubelets[1].Offset = 26*s+326*1e6, 20*s+526*1e6
			b.Outages = cluster.Spans{span(1*m+25*s, 10*m)}
		}},
		{"node-joins-and-the-slower-job-sees-it-first", "of two jobs, the one with fewer samples saw that the container was not there yet, and kube-state-metrics comes late", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.kubelets("cadvisor")
			b.node("node-3").Life.From = 2*m + 40*s
			b.KSMs[0].Life.From = 4 * m
			b.Kubelets[0].Offset, b.Kubelets[0].Spread = 14*s+800*1e6, 0
			b.Kubelets[1].Offset, b.Kubelets[1].Spread = 22*s+800*1e6, 0
			b.pod("wine-0", seldon("wine"), on("node-3"), plain("classifier", runs(span(2*m+50*s, end))))
		}},
		{"node-joins-ksm-comes-late-resource-rows-only", "the same, and the rows have no ids", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.kubelets("kubelet-resource")
			b.node("node-3").Life.From = 2*m + 40*s
			b.KSMs[0].Life.From = 4 * m
			for i := range b.Kubelets {
				b.Kubelets[i].Endpoint, b.Kubelets[i].Spread = cluster.ResourceAPI, 0
			}
			b.Kubelets[0].Offset, b.Kubelets[1].Offset = 14*s+800*1e6, 22*s+800*1e6
			b.pod("wine-0", seldon("wine"), on("node-3"), plain("classifier", runs(span(2*m+50*s, end))))
		}},
		{"container-ends-while-only-resource-rows-show-it", "kube-state-metrics is out, and so is cAdvisor's job; /metrics/resource is not", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.KSMs[0].Holes = cluster.Spans{span(4*m, 10*m)}
			b.Kubelets[0].Holes = cluster.Spans{span(5*m, 9*m+50*s)}
			b.server("wine-0", "wine", lives(begin, 9*m))
		}},
		{"cadvisor-fails-until-a-container-has-ended", "only /metrics/resource has seen it in the window", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.Kubelets[0].Holes = cluster.Spans{span(0, 4*m)}
			b.pod("wine-0", seldon("wine"), plain("classifier", runs(span(begin+boot, 3*m))))
		}},
		{"container-restarts-while-cadvisor-fails", "/metrics/resource shows the end of the one and the beginning of the other", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.KSMs[0].Holes = cluster.Spans{span(3*m, 9*m)}
			b.Kubelets[0].Holes = cluster.Spans{span(3*m, 9*m)}
			b.pod("wine-0", seldon("wine"), container("classifier", uses(0.9, 100*Mi), runs(span(begin+boot, 5*m), span(7*m, end))))
		}},
		{"outage-ends-with-another-target-of-the-same-labels", "one of two targets of one job and instance has no ids, and is scraped first after the outage", func(b *builder) {
			b.window = 5 * m
			b.kubelets("kubelet")
			b.cast()
			for i, monitor := range []string{"a", "b"} {
				b.Kubelets[i].Target = []cluster.Label{{Name: "monitor", Value: monitor}}
				b.Kubelets[i].Spread = 0
			}
			b.Kubelets[0].DropID = true
			b.Kubelets[0].Offset, b.Kubelets[1].Offset = 7*s+100*1e6, 10*s
			b.Outages = cluster.Spans{span(0, 2*m)}
		}},
		{"outage-ends-with-the-other-endpoint", "one up series for both, and that of /metrics/resource is scraped first after the outage", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.Kubelets[0].PathLabel, b.Kubelets[1].PathLabel = false, false
			b.Kubelets[0].Offset, b.Kubelets[1].Offset = 25*s+800*1e6, 7*s+100*1e6
			b.KSMs[0].Offset = 28 * s
			b.Outages = cluster.Spans{span(0, 2*m)}
		}},
		{"node-leaves-and-its-pods-name-is-used-elsewhere-without-uids", "a lost node's pod ends with its node, whichever other node shows a pod of its name later", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].NoUID = true
			b.node("node-3").Life.To = 1 * m
			b.pod("serving-0", seldon("wine"), on("node-3"), lives(begin, 3*m),
				plain("classifier", runs(span(begin+boot, 1*m)), func(c *cluster.Container) { c.Runs[0].Ghost = 1*m + 10*s }))
			b.pod("serving-0", seldon("beer"), on("node-1"), lives(3*m, end), container("classifier", uses(1.1, 600*Mi)))
		}},
		{"prometheus-goes-down-after-old-samples", "the last sample is more than 15 s old, and no end", func(b *builder) {
			b.window = 5 * m
			b.server("serving-0", "wine", on("node-1"))
			b.cast()
			b.Kubelets[0].Every, b.Kubelets[0].Offset = 10*s, 16*s+920*1e6
			b.Kubelets[0].Timestamps = true
			b.Outages = cluster.Spans{span(1*m+50*s, 10*m)}
		}},
		{"outage-ends-with-another-node-up-missing", "after the outage, the pod's own node is not scraped any more, and kube-state-metrics after another node", func(b *builder) {
			b.window = 5 * m
			b.NoUp = true
			b.cast()
			b.every(30*s, 60*s)
			b.KSMs[0].Offset = 7 * s
			b.Kubelets[0].Offset, b.Kubelets[0].Spread = 17*s, 3*s+600*1e6
			b.Outages = cluster.Spans{span(1*m, 4*m+20*s)}
		}},
		{"without-id-ksm-gone-and-the-name-goes-to-another-node", "a pod does not change its node: the other node's row is of another pod", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.Kubelets[0].DropID = true
			b.KSMs[0].Life.To = 1 * m
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(begin, 1*m), container("classifier", uses(0.3, 100*Mi)))
			b.pod("serving-0", seldon("wine"), on("node-2"), lives(1*m, end), container("classifier", uses(0.9, 300*Mi)))
		}},
		{"without-id-ksm-comes-late-and-the-name-was-on-another-node", "the same, and the second pod is the one that is known", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.Kubelets[0].DropID = true
			b.KSMs[0].Holes = cluster.Spans{span(-10*m, 4*m)}
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(begin, 1*m), container("classifier", uses(1, 100*Mi)))
			b.pod("serving-0", seldon("beer"), on("node-2"), lives(1*m, end), container("classifier", uses(1, 100*Mi)))
		}},
		{"ksm-down-when-a-pod-is-replaced-resource-rows-only", "a row that goes on from then on until the second pod is shown is all of that pod's", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Kubelets[0].Endpoint = cluster.ResourceAPI
			b.KSMs[0].Holes = cluster.Spans{span(3*m, 9*m)}
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(begin, 4*m), plain("agent"))
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(4*m, end), plain("classifier"))
		}},
		{"ksm-down-when-a-name-is-taken-resource-rows-only", "the same, and the first pod was another model's and had such a container, too: its counter began again", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Kubelets[0].Endpoint = cluster.ResourceAPI
			b.KSMs[0].Holes = cluster.Spans{span(3*m, 9*m)}
			b.server("serving-0", "wine", on("node-1"), lives(begin, 4*m))
			b.server("serving-0", "beer", on("node-1"), lives(4*m, end))
		}},
		{"kubelets-out-as-the-window-ends", "a pod has changed hands before; what is in the window is too short for an outage, at least to two Prometheus together", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.every(15*s, 15*s)
			b.Kubelets[0].Spread = 0
			b.Kubelets[0].Holes = cluster.Spans{span(9*m+28*s, 14*m)}
			b.server("serving-0", "wine", labelFrom(7*m+7*s, cluster.SeldonLabel, "tea"))
		}},
		{"prometheus-down-when-a-pod-is-replaced-without-uids", "while one of two is down, what the other one shows of a pod's target says when it began and ended", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.every(15*s, 15*s)
			b.KSMs[0].NoUID = true
			b.Outages = cluster.Spans{span(2*m, 6*m)}
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(begin, 2*m), container("classifier", uses(0.2, 100*Mi)))
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(2*m, end), container("classifier", uses(0.9, 700*Mi)))
			b.pod("serving-1", seldon("beer"), on("node-1"), lives(begin, 4*m), container("classifier", uses(0.2, 100*Mi)))
			b.pod("serving-1", seldon("beer"), on("node-1"), lives(4*m, end), container("classifier", uses(0.9, 700*Mi)))
		}},
		{"prometheus-and-ksm-down-and-then-a-node-out", "of two Prometheus the one that is up shows that a pod ran on before its node was out", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Outages = cluster.Spans{span(0, 8*m+20*s)}
			b.Nodes[1].Holes = cluster.Spans{span(3*m, 7*m)}
			b.KSMs[0].Holes = cluster.Spans{span(0, 7*m)}
			b.server("wine-0", "wine", on("node-2"))
		}},
		{"node-out-before-ksm-is-back-after-old-samples", "of two Prometheus, one has a newer sample of a pod as its node goes out of reach", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Kubelets[0].Offset, b.Kubelets[0].Timestamps = 1*s+267*1e6, true
			b.Nodes[1].Holes = cluster.Spans{span(5*m+8*s, 10*m)}
			b.KSMs[0].Holes = cluster.Spans{span(-9*m, 8*m)}
			b.server("wine-0", "wine", on("node-2"))
		}},
		{"scraped-twice-by-one-job-when-memory-falls", "what several series of one target show in the last scrape interval counts once", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.Kubelets[0].Target = []cluster.Label{{Name: "monitor", Value: "a"}}
			b.kubelets("kubelet")
			b.pod("wine-0", seldon("wine"), container("classifier", moves(cluster.Flat(0.1), cluster.Curve{{At: cluster.Beginning, Level: 200 * Mi}, {At: 4 * m, Level: 100 * Mi}})))
		}},
		{"container-starts-before-an-outage-of-the-kubelets", "what its counter shows afterwards it has used in the outage, too", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Every = 15 * s
			b.Kubelets[0].Holes = cluster.Spans{span(0, 2*m)}
			b.pod("wine-0", seldon("wine"), plain("classifier", runs(span(20*s, end))))
		}},
		{"pod-replaced-beside-a-dead-row-between-slow-scrapes", "one job sees both rows before the other one: neither began first", func(b *builder) {
			b.window = 10 * m
			b.linger(3*m + 35*s)
			b.cast()
			b.kubelets("cadvisor")
			b.every(30*s, 60*s)
			b.KSMs[0].NoUID = true
			b.Kubelets[0].Offset, b.Kubelets[1].Offset = 59*s+446*1e6, 89*1e6
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(begin, 1*m+30*s), plain("classifier", runs(span(1*m+20*s, 1*m+30*s))))
			b.server("serving-0", "wine", on("node-1"), lives(1*m+30*s, end))
		}},
		{"one-of-two-jobs-has-names-and-no-ids", "and no memory: its rows are of the same containers", func(b *builder) {
			b.window = 5 * m
			b.busyCast()
			b.Kubelets[0].DropID, b.Kubelets[0].KeepName, b.Kubelets[0].DropMemory = true, true, true
			b.kubelets("cadvisor").Offset = 3 * s
		}},
		{"prometheus-down-and-two-slow-endpoints-without-path-label", "a scrape after that of the one says nothing of the other's rows", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Outages = cluster.Spans{span(6*m, 9*m+20*s)}
			b.Kubelets[0].Every, b.Kubelets[0].PathLabel = 1*m, false
			resource := b.kubelets("kubelet")
			resource.Endpoint, resource.PathLabel = cluster.ResourceAPI, false
		}},
		{"prometheus-down-and-one-of-two-slow-endpoints-has-no-path", "what is scraped of the one says nothing of the other", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Outages = cluster.Spans{span(6*m, 9*m+20*s)}
			b.Kubelets[0].Every = 1 * m
			resource := b.kubelets("kubelet")
			resource.Endpoint, resource.PathLabel = cluster.ResourceAPI, false
		}},
		{"node-leaves-while-prometheus-restarts", "its target is not missed before Prometheus is back", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.Outages = cluster.Spans{span(2*m+40*s, 3*m+5*s)}
			b.KSMs[0].Every, b.KSMs[0].Offset = 15*s, 3*s
			b.Kubelets[0].Every, b.Kubelets[0].Offset = 15*s, 7*s
			b.node("node-3").Life.To = 3 * m
			b.pod("wine-0", seldon("wine"), on("node-3"), plain("classifier", runs(span(begin+boot, 3*m))))
		}},
		{"container-restarts-while-a-node-is-out-and-a-row-without-id-is-back-first", "that is of the container that is there, not of the one before", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.every(30*s, 15*s)
			resource := b.kubelets("kubelet-resource")
			resource.Every, resource.Offset, resource.Endpoint = 15*s, 3*s, cluster.ResourceAPI
			b.Nodes[1].Holes = cluster.Spans{span(3*m, 7*m)}
			b.pod("wine-0", seldon("wine"), on("node-2"), plain("classifier", runs(span(2*m, 5*m), span(5*m, end))))
		}},
		{"outage-ends-and-a-dead-row-on-another-node-stays", "after it, what is scraped first did not begin first", func(b *builder) {
			b.window = 5 * m
			b.linger(4*m + 17*s)
			b.cast()
			b.Outages = cluster.Spans{span(-10*m, 2*m)}
			b.KSMs[0].NoUID = true
			b.server("serving-0", "wine", on("node-2"), lives(begin, 0))
			b.server("serving-0", "wine", on("node-1"), lives(0, end))
		}},
		{"relabelled-in-an-outage-of-kubelets", "what a counter rose across it is nobody's, though one model's time has only one edge of it", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Kubelets[0].Holes = cluster.Spans{span(4*m, 8*m)}
			b.pod("serving-0", on("node-1"), seldon("wine"), labelFrom(7*m, "seldon-deployment-id", "beer"), lives(begin, end),
				plain("classifier", moves(cluster.Curve{{At: cluster.Beginning, Level: 0.01}, {At: 6 * m, Level: 1.2}}, cluster.Flat(100*Mi))))
		}},
		{"node-out-as-the-window-begins-whole-seconds", "what its counter shows of the time it was out counts, also from before the window on", func(b *builder) {
			b.window = 5 * m
			b.Kubelets[0].CRI = true
			b.Nodes[1].Holes = cluster.Spans{span(3*s, 4*m)}
			b.pod("wine-0", seldon("wine"), on("node-2"), plain("classifier", uses(0.25, 200*Mi)))
		}},
		{"cadvisor-out-while-ksm-moves-beside-resource-rows-that-share-up", "the other endpoint's scrapes do not show that the rows with ids were gone", func(b *builder) {
			b.window = 5 * m
			b.KSMs[0].Life.To = 0
			b.ksm("ksm-2").Life.From = 4 * m
			b.cast()
			b.Kubelets[0].PathLabel, b.Kubelets[0].Holes = false, cluster.Spans{span(0, 4*m)}
			resource := b.kubelets("kubelet")
			resource.Endpoint, resource.PathLabel = cluster.ResourceAPI, false
		}},
		{"outage-after-the-last-resource-rows-without-up", "likewise, where only samples show when there were scrapes", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.Kubelets[0].PathLabel = false
			resource := b.kubelets("kubelet")
			resource.Endpoint, resource.PathLabel = cluster.ResourceAPI, false
			b.every(60*s, 60*s)
			b.Kubelets[0].Offset, b.Kubelets[1].Offset = 20*s+300*1e6, 19*s+700*1e6
			b.Outages = cluster.Spans{span(3*m+20*s, 10*m)}
			b.NoUp = true
		}},
		{"relabelled-as-its-node-goes-out-and-its-use-changes", "how much of what its counter shows afterwards was whose is not known", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.Nodes[0].Holes = cluster.Spans{span(1*m, 3*m)}
			b.pod("serving-0", on("node-1"), seldon("wine"), labelFrom(1*m, "seldon-deployment-id", "beer"),
				plain("classifier", moves(cluster.Curve{{At: cluster.Beginning, Level: 1.3}, {At: 2 * m, Level: 0.05}}, cluster.Flat(100*Mi))))
		}},
		{"prometheus-restarts-and-misses-three-scrapes-of-two-targets-without-ids", "a target of its own labels shares up with another", func(b *builder) {
			b.window = 5 * m
			b.cast()
			second := b.kubelets("kubelet")
			second.Target = []cluster.Label{{Name: "monitor", Value: "b"}}
			b.every(15*s, 15*s)
			b.KSMs[0].Offset = 68 * 1e6
			b.Kubelets[0].DropID = true
			b.Outages = cluster.Spans{span(30*s, 50*s)}
		}},
		{"container-ends-as-cadvisor-goes-out-and-resource-rows-end-with-it", "no kube-state-metrics is there: the other rows, which go on for a scrape, show when", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Life.To = 1 * m
			b.Kubelets[0].Holes = cluster.Spans{span(3*m, 10*m)}
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.pod("wine-0", seldon("wine"), on("node-1"), plain("classifier", runs(span(begin+boot, 3*m))))
		}},
	}
}
