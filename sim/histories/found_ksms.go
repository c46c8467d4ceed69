package histories

import (
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// foundKSMStories are what random compositions have shown to be hard about who says which pods there are.
func foundKSMStories() []story {
	return []story{
		{"ksm-shard-joins-before-the-window-ends", "a pod's shard is back for two scrapes, between which the other one is scraped", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.server("wine-0", "wine")
			b.server("wine-1", "wine")
			b.shards(0, 2)
			b.KSMs[1].Life.To = -5 * m
			b.ksm("ksm-c").Life.From = 4 * m
			b.KSMs[2].Shard, b.KSMs[2].Shards = 1, 2
		}},
		{"ksm-shard-joins-for-one-scrape", "that the other one is a shard is seen by its other pods", func(b *builder) {
			b.window = 5 * m
			b.cast()
			for _, name := range []string{"wine-0", "wine-1", "wine-2", "wine-3"} {
				b.server(name, "wine")
			}
			b.shards(0, 2)
			b.KSMs[1].Life.To = 1*m + 30*s
			b.ksm("ksm-c").Life.From = 4*m + 40*s
			b.KSMs[2].Shard, b.KSMs[2].Shards = 1, 2
			b.KSMs[2].Version, b.KSMs[1].Version, b.KSMs[0].Version = cluster.KSM19, cluster.KSM19, cluster.KSM19
		}},
		{"ksm-shards-of-two-intervals", "the shard that goes is scraped twice as often as the one that stays", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.server("wine-0", "wine")
			b.server("wine-1", "wine")
			b.shards(0, 2)
			b.KSMs[0].Every = 60 * s
			b.KSMs[1].Life.To = 3 * m
		}},
		{"ksm-shards-merge-as-the-window-begins", "one scrape shows a pod before its shard goes, and the other shard is scraped once more", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.shards(0, 2)
			b.pod("wine-0", seldon("wine"), plain("classifier")).UID = ofShard(0, 2)
			b.pod("wine-1", seldon("wine"), plain("classifier")).UID = ofShard(1, 2)
			b.ksm("ksm-c")
			for i, offset := range []time.Duration{17*s + 450*1e6, 4*s + 844*1e6, 8*s + 473*1e6} {
				b.KSMs[i].Offset, b.KSMs[i].Version = offset, cluster.KSM1
			}
			b.KSMs[0].Life.To, b.KSMs[1].Life.To, b.KSMs[2].Life.From = 47*s, 47*s, 47*s
		}},
		{"pod-comes-after-its-shards-have-gone", "they were not scraped when it was there, and an outage hides when they went", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.shardsMerge(6 * m)
			for i := range b.KSMs {
				b.KSMs[i].NoUID = true
			}
			b.pod("wine-0", seldon("wine"), plain("classifier")).UID = ofShard(0, 2)
			b.pod("wine-1", seldon("wine"), plain("classifier")).UID = ofShard(1, 2)
			b.Outages = cluster.Spans{span(5*m+55*s, 8*m+50*s)}
			b.server("wine-2", "wine", lives(8*m+55*s, end))
		}},
		{"name-taken-by-a-pod-of-another-shard", "without uids, and the first pod's shard is away for a while", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.every(10*s, 10*s)
			b.KSMs[0].Version = cluster.KSM19
			b.ksm("ksm-2").Version = cluster.KSM19
			b.shards(0, 2)
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(begin, 8*m), plain("classifier")).UID = ofShard(0, 2)
			b.pod("serving-0", on("node-1"), lives(8*m, end), plain("classifier")).UID = ofShard(1, 2)
			b.KSMs[0].Life.To = 3 * m
			b.ksm("ksm-3").Life.From = 4 * m
			b.KSMs[2].Every, b.KSMs[2].Version, b.KSMs[2].Shards = 10*s, cluster.KSM19, 2
		}},
		{"ksm-upgraded-while-nobody-looks-and-a-name-is-taken", "whose a pod was before anybody showed uids, its rows' cgroups say", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Outages = cluster.Spans{span(3*m, 6*m)}
			b.KSMs[0].Version, b.KSMs[0].Life.To = cluster.KSM1, 3*m
			b.ksm("ksm-2").Life.From = 3 * m
			b.server("serving-0", "wine", on("node-1"), lives(begin, 4*m))
			b.pod("serving-0", on("node-1"), lives(4*m, end), plain("classifier"))
		}},
		{"ksm-2-beside-1.x-and-a-name-is-taken-after-a-pause", "the one without uids shows both pods, the other one comes when the second is there", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.KSMs[0].Version = cluster.KSM1
			b.ksm("ksm-2").Life.From = 6 * m
			b.server("serving-0", "wine", on("node-1"), lives(begin, 3*m))
			b.pod("serving-0", on("node-1"), lives(4*m, end), plain("classifier"))
		}},
		{"ksm-upgraded-in-the-pause-after-which-a-name-is-taken", "the one with uids shows the second pod only, and rows have no ids: the first is not the second", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.KSMs[0].Version, b.KSMs[0].Life.To = cluster.KSM1, 6*m
			b.ksm("ksm-2").Life.From = 6 * m
			b.Kubelets[0].DropID = true
			b.server("serving-0", "wine", on("node-1"), lives(begin, 5*m))
			b.pod("serving-0", on("node-2"), lives(6*m, end), plain("classifier"))
		}},
		{"ksm-leaves-before-a-container-ends-and-then-the-window", "its turn was missed, though for less than an outage: rows show when the container ended", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Life.To = 4*m + 10*s
			b.pod("wine-0", seldon("wine"), on("node-1"), lives(begin, end), plain("classifier", runs(span(begin+boot, 4*m+20*s))))
		}},
		{"pod-comes-with-an-unsharded-ksm-beside-its-shard", "the shard shows it, so that it knew of it: the pod was not there when the shard did not show it", func(b *builder) {
			b.window = 5 * m
			b.KSMs[0].Shards, b.KSMs[0].Offset = 2, 25*s
			b.ksm("ksm-2").Life.From = 3 * m
			b.server("wine-0", "wine", on("node-1"), lives(3*m, end)).UID = ofShard(0, 2)
			b.server("beer-0", "beer", on("node-1")).UID = ofShard(1, 2)
		}},
		{"container-ends-while-its-node-is-out-and-ksm-has-come-back", "kube-state-metrics shows that it ran for longer than its rows were seen", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.KSMs[0].Every, b.KSMs[0].Holes = 10*s, cluster.Spans{span(0, 5*m+10*s)}
			b.Nodes[1].Holes = cluster.Spans{span(2*m, 6*m)}
			b.pod("wine-0", seldon("wine"), on("node-2"), plain("classifier", runs(span(begin+boot, 6*m))))
		}},
		{"container-starts-while-its-node-is-out-and-ksm-goes-out", "kube-state-metrics shows that it ran before its rows were seen", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.KSMs[0].Holes = cluster.Spans{span(3*m, 8*m)}
			b.Nodes[1].Holes = cluster.Spans{span(1*m, 7*m)}
			b.pod("wine-0", seldon("wine"), on("node-2"), plain("classifier", runs(span(2*m, end))))
		}},
		{"ksm-upgraded-after-another-model-took-a-name-on-another-node", "without a pause, and no row has an id: the one without uids showed two pods", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.KSMs[0].Version = cluster.KSM1
			b.ksm("ksm-2").Life.From = 8 * m
			b.Kubelets[0].DropID = true
			b.server("serving-0", "wine", on("node-1"), lives(begin, 4*m))
			b.server("serving-0", "beer", on("node-2"), lives(4*m, end))
		}},
		{"node-lost-and-ksm-upgraded-around-an-outage", "both have gone for less than an outage before it and after it", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.Outages = cluster.Spans{span(6*m, 9*m)}
			b.node("node-3").Life.To = 5 * m
			b.KSMs[0].Life.To = 6 * m
			b.ksm("ksm-2").Life.From = 6 * m
			b.pod("wine-0", seldon("wine"), on("node-3"), lives(begin, 6*m+25*s),
				plain("classifier", runs(span(begin+boot, 5*m)), func(c *cluster.Container) { c.Runs[0].Ghost = 1*m + 25*s }))
		}},
		{"ksm-1.x-down-when-another-model-takes-a-name", "rows say by the pods' uids which was whose, once it is shown whose each was", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.KSMs[0].Version = cluster.KSM1
			b.KSMs[0].Holes = cluster.Spans{span(5*m, 9*m+30*s)}
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(begin, 6*m))
			b.server("serving-0", "beer", on("node-1"), lives(6*m, end))
		}},
		{"ksm-down-when-a-pod-is-replaced-before-an-outage", "the last row without an id is of the second pod, which nobody shows but rows with its uid", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.Kubelets[1].Offset = 29*s + 411*1e6
			b.KSMs[0].Holes = cluster.Spans{span(5*m, 10*m)}
			b.Outages = cluster.Spans{span(8*m, 10*m)}
			b.server("serving-0", "wine", on("node-1"), lives(begin, 5*m))
			b.server("serving-0", "wine", on("node-1"), lives(7*m, end))
		}},
		{"ksm-upgraded-after-a-name-was-taken", "as the window began: all scrapes in it show the second pod, also those before it has rows", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Version, b.KSMs[0].Life.To = cluster.KSM1, 4*m
			b.ksm("ksm-2").Life.From = 4 * m
			b.server("serving-0", "wine", on("node-1"), lives(begin, 0))
			b.server("serving-0", "beer", on("node-1"), lives(0, end))
		}},
		{"ksm-1.9-fails-when-another-model-takes-a-name", "it shows the second pod before the one with uids does, which showed that the first had ended", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Version = cluster.KSM19
			b.KSMs[0].Holes = cluster.Spans{span(0, 2*m)}
			b.ksm("ksm-2")
			b.server("serving-0", "wine", on("node-1"), lives(begin, 1*m))
			b.server("serving-0", "beer", on("node-1"), lives(2*m, end))
		}},
		{"ksm-1.9-fails-when-a-pod-is-replaced-after-a-pause", "the same, and both pods are one model's", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Version = cluster.KSM19
			b.KSMs[0].Holes = cluster.Spans{span(30*s, 2*m)}
			b.ksm("ksm-2")
			b.server("serving-0", "wine", on("node-1"), lives(begin, 1*m))
			b.server("serving-0", "wine", on("node-1"), lives(2*m, end))
		}},
		{"two-ksm-1.9-and-a-name-is-taken-while-one-is-out", "what the one shows before and after does not overrule the other, which shows the pause", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Version = cluster.KSM19
			b.KSMs[0].Holes = cluster.Spans{span(1*m, 2*m)}
			b.ksm("ksm-2").Version = cluster.KSM19
			b.server("serving-0", "wine", on("node-1"), lives(begin, 1*m))
			b.server("serving-0", "beer", on("node-1"), lives(2*m, end))
		}},
		{"ksm-upgraded-after-a-pod-with-a-dead-row-was-replaced", "a row that changes no more shows no pod", func(b *builder) {
			b.window = 10 * m
			b.linger(3 * m)
			b.cast()
			b.KSMs[0].Version, b.KSMs[0].Life.To = cluster.KSM1, 9*m
			b.ksm("ksm-2").Life.From = 9 * m
			b.pod("serving-0", on("node-1"), lives(begin, 4*m), container("classifier", uses(1, 100*Mi)), seldon("wine"), labelFrom(1*m, cluster.SeldonLabel, "beer"))
			b.pod("serving-0", seldon("beer"), on("node-1"), lives(4*m, end), container("classifier", uses(0.3, 300*Mi)))
		}},
		{"ksm-upgraded-after-a-pod-was-replaced-after-a-pause", "the pause says more than that the first pod was relabelled, and than that the second has no row at first", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.KSMs[0].Version, b.KSMs[0].Life.To = cluster.KSM1, 9*m
			b.ksm("ksm-2").Life.From = 9 * m
			b.pod("serving-0", on("node-1"), lives(begin, 4*m), container("classifier", uses(1, 100*Mi)), seldon("wine"), labelFrom(1*m, cluster.SeldonLabel, "beer"))
			b.pod("serving-0", seldon("beer"), on("node-1"), lives(6*m, end), container("classifier", uses(0.3, 300*Mi), runs(span(8*m, end))))
		}},
		{"ksm-upgraded-after-a-pod-was-replaced-on-a-node-out-of-reach", "the first pod's rows show that it went on after it was relabelled", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.KSMs[0].Version, b.KSMs[0].Life.To = cluster.KSM1, 9*m
			b.ksm("ksm-2").Life.From = 9 * m
			b.Nodes[1].Holes = cluster.Spans{span(-10*m, 5*m+30*s)}
			b.pod("serving-0", on("node-1"), lives(begin, 4*m), container("classifier", uses(1, 100*Mi)), seldon("wine"), labelFrom(1*m, cluster.SeldonLabel, "beer"))
			b.pod("serving-0", seldon("beer"), on("node-2"), lives(4*m, end), container("classifier", uses(0.3, 300*Mi)))
		}},
		{"ksm-upgraded-after-a-pod-was-replaced-resource-rows-only", "nothing shows the uid of the first pod, but what was shown again is another one", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.Kubelets[0].Endpoint = cluster.ResourceAPI
			b.KSMs[0].Version, b.KSMs[0].Life.To = cluster.KSM1, 4*m
			b.ksm("ksm-2").Life.From = 4 * m
			b.server("serving-0", "wine", on("node-1"), lives(begin, 2*m))
			b.server("serving-0", "wine", on("node-1"), lives(3*m+20*s, end))
		}},
		{"container-restarts-as-ksm-goes-down", "by its last scrape nothing runs, by the kubelet's rows it goes on", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Holes = cluster.Spans{span(1*m+10*s, 10*m)}
			b.pod("wine-0", seldon("wine"), plain("classifier", runs(span(begin+boot, 1*m), span(1*m+10*s, end))))
		}},
		{"container-starts-before-a-slow-ksm-is-back", "which was out before the window began, for longer than its first scrape shows", func(b *builder) {
			b.window = 5 * m
			b.cast()
			b.KSMs[0].Every = 1 * m
			b.KSMs[0].Holes = cluster.Spans{span(0, 2*m)}
			b.pod("wine-0", seldon("wine"), plain("classifier", runs(span(1*m+55*s, end))))
		}},
	}
}
