package histories

import (
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// foundStories are what random compositions of features have shown to be hard.
func foundStories() []story {
	return []story{
		{"two-ksm-that-are-out-in-turn", "the other one shows when a container ended that ended while one was out", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.ksm("ksm-2")
			b.KSMs[0].Offset = 15*s + 373*time.Millisecond
			b.KSMs[0].Holes, b.KSMs[1].Holes = cluster.Spans{span(1*m, 2*m)}, cluster.Spans{span(0, 1*m)}
			b.server("wine-0", "wine", plain("agent", runs(span(begin+boot, 1*m))))
		}},
		{"pod-ends-between-the-last-scrape-of-one-ksm-and-the-next-of-another", "one is out from then on, and overrules nothing", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.ksm("ksm-2")
			b.every(15*s, 30*s)
			b.KSMs[0].Offset, b.KSMs[1].Offset = 373*time.Millisecond, 11*s+951*time.Millisecond
			b.KSMs[0].Holes, b.KSMs[1].Holes = cluster.Spans{span(1*m+10*s, 2*m)}, cluster.Spans{span(30*s, 1*m+2*s)}
			b.server("wine-0", "wine", lives(begin, 1*m+2*s))
		}},
		{"pod-changes-hands-while-its-node-is-out", "its counter, which is read later, shows what it used since it began", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Nodes[0].Holes = cluster.Spans{span(4*m, 9*m)}
			b.server("serving-0", "wine", on("node-1"), lives(begin, 2*m))
			b.server("serving-0", "wine", on("node-1"), lives(7*m, end), labelFrom(9*m, cluster.SeldonLabel, "beer"), plain("agent"))
		}},
		{"sidecar-seen-by-one-of-two-ksm-at-the-windows-end", "a pod with a native sidecar is created two seconds before the window ends", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.ksm("ksm-2")
			b.KSMs[0].Every, b.KSMs[0].Offset = 15*s, 13*s+554*time.Millisecond
			b.pod("wine-0", seldon("wine"), lives(4*m+58*s, end), plain("istio-proxy", role(cluster.Sidecar)))
		}},
		{"ksm-shard-rescheduled-with-a-pause", "one of two shards moves; the other one, which stays, knows nothing of its pods", func(b *builder) {
			b.window = 10 * m
			b.cast()
			for _, name := range []string{"wine-0", "wine-1", "wine-2", "wine-3"} {
				b.server(name, "wine")
			}
			b.shards(0, 2)
			b.KSMs[1].Life.To = 5 * m
			b.ksm("ksm-c").Life.From = 6 * m
			b.KSMs[2].Shard, b.KSMs[2].Shards = 1, 2
		}},
		{"ksm-down-when-a-pod-is-replaced-beside-resource-rows", "rows without an id, which do not count, leave no doubt whose the others are", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.KSMs[0].Holes = cluster.Spans{span(1*m+50*s, 5*m+40*s)}
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(begin, 4*m+20*s), container("classifier", uses(0.2, 100*Mi)))
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(4*m+20*s, end), container("classifier", uses(0.6, 300*Mi)))
		}},
		{"two-ksm-of-which-one-goes-before-a-pod-ends", "the one that stays is scraped once more, and does not show the pod", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.ksm("ksm-2")
			b.every(60*s, 30*s)
			b.KSMs[1].Life.To = 4 * m
			b.server("wine-0", "wine", lives(begin, 3*m+40*s))
		}},
		{"node-out-of-reach-when-a-pod-is-replaced-after-a-gap", "kube-state-metrics shows the gap, the samples do not", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.KSMs[0].NoUID = true
			b.Nodes[0].Holes = cluster.Spans{span(2*m, 6*m)}
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(begin, 2*m), container("classifier", uses(0.2, 40*Mi)))
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(2*m+50*s, end), container("classifier", uses(0.2, 400*Mi)))
		}},
		{"ksm-down-when-a-pod-ends-resource-rows-only", "rows without an id show when", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Kubelets[0].Endpoint = cluster.ResourceAPI
			b.KSMs[0].Holes = cluster.Spans{span(2*m, 6*m)}
			b.server("wine-0", "wine", lives(begin, 5*m))
		}},
		{"node-out-of-reach-when-a-container-restarts-beside-a-lingering-row", "two jobs, and a dead row whose frozen sample comes after the node is back", func(b *builder) {
			b.window = 10 * m
			b.linger(3 * m)
			b.cast()
			b.kubelets("cadvisor")
			b.every(10*s, 10*s)
			b.Nodes[0].Holes = cluster.Spans{span(4*m, 6*m)}
			b.pod("wine-0", seldon("wine"), on("node-1"), container("classifier", uses(0.9, 100*Mi), runs(span(begin+boot, 4*m), span(5*m, end))))
		}},
		{"prometheus-misses-a-turn-of-the-kubelets", "Prometheus restarts just when the kubelets' turn is, and not kube-state-metrics'", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Offset = 22*s + 904*1e6
			b.Kubelets[0].Spread = 0
			b.Outages = cluster.Spans{span(60*s, 80*s)}
		}},
		{"ksm-upgraded-to-uids-with-a-gap", "the same pods get uids, and nobody looks in between", func(b *builder) {
			b.window = 10 * m
			b.busyCast()
			b.KSMs[0].Version = cluster.KSM1
			b.KSMs[0].Life.To = 3 * m
			b.ksm("ksm-2").Life.From = 5 * m
		}},
		{"ksm-upgraded-to-uids-and-a-container-ends", "what was seen before the upgrade counts for the container that ends soon after", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Version = cluster.KSM1
			b.KSMs[0].Life.To = 3 * m
			b.ksm("ksm-2").Life.From = 3 * m
			b.server("wine-0", "wine", plain("agent", runs(span(begin+boot, 3*m+40*s))))
		}},
		{"node-leaves-with-two-endpoints", "a lost node's pods are called running until they are evicted, and each kubelet has two targets", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.node("node-3").Life.To = 1 * m
			b.pod("wine-0", seldon("wine"), on("node-3"), lives(begin, 4*m+9*s),
				plain("classifier", runs(span(begin+boot, 1*m)), func(c *cluster.Container) { c.Runs[0].Ghost = 3*m + 9*s }))
		}},
		{"cadvisor-fails-and-resource-does-not", "a job of its own goes on showing CPU", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.kubelets("kubelet-resource").Endpoint = cluster.ResourceAPI
			b.Kubelets[0].Holes = cluster.Spans{span(0, 4*m)}
		}},
		{"node-leaves-pods-evicted-later-up-missing", "where no up series says so, the kubelet's own rows end with its node", func(b *builder) {
			b.window = 5 * m
			b.NoUp = true
			b.cast()
			b.node("node-3").Life.To = 1*m + 20*s
			b.pod("wine-0", seldon("wine"), on("node-3"), lives(begin, 4*m+29*s),
				plain("classifier", runs(span(begin+boot, 1*m+20*s)), func(c *cluster.Container) { c.Runs[0].Ghost = 3*m + 9*s }))
		}},
		{"without-id-beside-resource-rows", "cAdvisor's rows have no ids, and only /metrics/resource, in a job of its own, has something of the node", func(b *builder) {
			b.window = 5 * m
			b.Kubelets[0].DropID = true
			b.kubelets("kubelet-resource").Endpoint = cluster.ResourceAPI
			b.cast()
		}},
		{"scraped-twice-by-one-job-while-resized", "two targets of one job and instance, and a limit that changes", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.ksm("ksm-1").Target = []cluster.Label{{Name: "monitor", Value: "b"}}
			b.KSMs[0].Target = []cluster.Label{{Name: "monitor", Value: "a"}}
			b.KSMs[0].Offset, b.KSMs[1].Offset = 600*1e6, 15*s+400*1e6
			b.server("wine-0", "wine", resized(span(2*m+10*s, end), 0.5))
		}},
		{"two-endpoints-without-path-label-and-ksm-gone", "one up series for both, and nobody else to say how long containers ran", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.Kubelets[0].PathLabel, b.Kubelets[1].PathLabel = false, false
			b.Kubelets[1].Offset = b.Kubelets[0].Offset + 16*s
			b.KSMs[0].Life.To = 2 * m
		}},
	}
}
