package histories

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// ksmStories are about kube-state-metrics: the data are the same whoever brings them.
func ksmStories() []story {
	return []story{
		{"ksm-rescheduled", "a new kube-state-metrics takes over within a minute", func(b *builder) {
			b.busyCast()
			b.KSMs[0].Life.To = 8*m + 21*s
			b.ksm("ksm-2").Life.From = 8*m + 40*s
		}},
		{"ksm-rescheduled-overlapping", "the new kube-state-metrics is there before the old one goes", func(b *builder) {
			b.busyCast()
			b.KSMs[0].Life.To = 9*m + 30*s
			b.ksm("ksm-2").Life.From = 8*m + 1*s
		}},
		{"ksm-rescheduled-with-a-gap", "a new kube-state-metrics takes over after three minutes", func(b *builder) {
			b.busyCast()
			b.KSMs[0].Life.To = 8*m + 21*s
			b.ksm("ksm-2").Life.From = 11*m + 34*s
		}},
		{"two-ksm-replicas", "everything is there twice", func(b *builder) {
			b.busyCast()
			b.ksm("ksm-2")
		}},
		{"two-ksm-replicas-one-restarts", "everything is there twice, for most of the time", func(b *builder) {
			b.busyCast()
			b.ksm("ksm-2")
			b.KSMs[0].Life.To = 5*m + 47*s
			b.ksm("ksm-3").Life.From = 9*m + 2*s
		}},
		{"ksm-sharded", "three kube-state-metrics know a third of the pods each", func(b *builder) {
			b.busyCast()
			b.shards(0, 3)
		}},
		{"ksm-sharded-one-down", "one of two shards is out of reach for four minutes", func(b *builder) {
			b.busyCast()
			b.shards(0, 2)
			b.KSMs[1].Holes = cluster.Spans{span(6*m+2*s, 10*m+5*s)}
		}},
		{"ksm-sharded-one-down-and-requests-resized", "the same, and nothing happens to some pods but a change of their requests", func(b *builder) {
			b.cast()
			for i := range 4 {
				b.server(fmt.Sprintf("tea-%d", i), "tea", resized(span(13*m+12*s, end), 2))
			}
			b.shards(0, 2)
			b.KSMs[1].Holes = cluster.Spans{span(6*m+2*s, 10*m+5*s)}
		}},
		{"ksm-resharded", "two shards become three", func(b *builder) {
			b.busyCast()
			b.shards(0, 2)
			for i := range b.KSMs {
				b.KSMs[i].Life.To = 9*m + 14*s
			}
			b.shards(2, 3)
			for i := 2; i < 5; i++ {
				b.KSMs[i].Life.From = 9*m + 31*s
			}
		}},
		{"ksm-shards-merged-at-the-start", "two shards become one before the first of them is scraped in the window", func(b *builder) {
			b.busyCast()
			b.shardsMerge(20 * s)
		}},
		{"ksm-shards-merged-while-prometheus-is-down", "the same, and nobody is scraped for four minutes", func(b *builder) {
			b.Kubelets[0].Timestamps = false // else too few rows are left
			b.busyCast()
			b.shardsMerge(1*m + 14*s)
			b.every(30*s, 10*s)
			b.Outages = cluster.Spans{span(20*s, 4*m+32*s)}
		}},
		{"ksm-1.x", "resource and unit are in the metric's name, no uid", func(b *builder) {
			b.busyCast()
			b.KSMs[0].Version = cluster.KSM1
		}},
		{"ksm-1.9-both-forms", "each request is there in both forms", func(b *builder) {
			b.busyCast()
			b.KSMs[0].Version = cluster.KSM19
		}},
		{"ksm-upgraded-from-1.x-to-2.x", "the names change in the middle of the window", func(b *builder) {
			b.busyCast()
			b.KSMs[0].Version = cluster.KSM1
			b.KSMs[0].Life.To = 8*m + 21*s
			b.ksm("ksm-2").Life.From = 8*m + 40*s
		}},
		{"ksm-without-uid", "2.0 has no uid labels", func(b *builder) {
			b.busyCast()
			b.KSMs[0].NoUID = true
		}},
		{"ksm-without-honor-labels", "namespace, pod and container name kube-state-metrics itself", func(b *builder) {
			b.busyCast()
			b.dishonor()
		}},
		{"ksm-1.x-without-honor-labels", "the old names with exported_ labels", func(b *builder) {
			b.busyCast()
			b.KSMs[0].Version = cluster.KSM1
			b.dishonor()
		}},
		{"two-ksm-replicas-without-honor-labels", "everything is there twice, with exported_ labels", func(b *builder) {
			b.busyCast()
			b.ksm("ksm-2")
			b.dishonor()
		}},
		{"everything-scraped-twice-by-one-job", "a label of its own tells the second targets apart: they are no second cluster", func(b *builder) {
			b.busyCast()
			b.ksm("ksm-1").Target = []cluster.Label{{Name: "monitor", Value: "b"}}
			b.KSMs[0].Target = []cluster.Label{{Name: "monitor", Value: "a"}}
			b.kubelets("kubelet").Target = []cluster.Label{{Name: "monitor", Value: "b"}}
			b.Kubelets[0].Target = []cluster.Label{{Name: "monitor", Value: "a"}}
		}},
		{"ksm-down-while-kubelets-are-scraped", "usage is known throughout, settings are not", func(b *builder) {
			b.busyCast()
			b.KSMs[0].Holes = cluster.Spans{span(7*m+19*s, 12*m+26*s)}
		}},
		{"ksm-down-at-the-start", "kube-state-metrics is out until five minutes into the window", func(b *builder) {
			b.busyCast()
			b.KSMs[0].Holes = cluster.Spans{span(-4*m, 5*m+12*s)}
		}},
		{"ksm-down-until-a-pod-has-ended", "the kubelets show when, kube-state-metrics only that it did", func(b *builder) {
			b.window = 10 * m
			b.cast()
			b.every(30*s, 10*s)
			b.pod("wine-0", seldon("wine"), phase(begin, cluster.Running), phase(8*m+35*s, cluster.Succeeded),
				container("classifier", uses(1.4, 500*Mi), runs(span(begin+boot, 8*m+35*s))))
			b.KSMs[0].Holes = cluster.Spans{span(5*m+27*s, 8*m+30*s)}
		}},
		{"ksm-gone-for-good", "kube-state-metrics is uninstalled in the middle of the window", func(b *builder) {
			b.cast()
			b.KSMs[0].Life.To = 11*m + 8*s
		}},
		{"ksm-out-for-the-whole-window", "nobody knows of any model: nothing is right", func(b *builder) {
			b.cast()
			b.KSMs[0].Holes = cluster.Spans{span(-1*m, 21*m)}
		}},
		{"ksm-none", "there has never been a kube-state-metrics", func(b *builder) {
			b.cast()
			b.KSMs = nil
		}},
	}
}

// busyCast adds the cast, and a model to which a few things happen.
func (b *builder) busyCast() {
	b.cast()
	b.server("wine-0", "wine", plain("agent", runs(span(begin+boot, 4*m+11*s), span(4*m+19*s, end))))
	b.server("wine-1", "wine", lives(begin, 15*m+33*s))
	b.server("wine-2", "wine", lives(14*m+52*s, end))
}

// shards adds kube-state-metrics until there are n more than first, and lets each of
// them know its part of the pods.
func (b *builder) shards(first, n int) {
	for i := range n {
		if first+i == len(b.KSMs) {
			b.ksm("ksm-" + string(rune('a'+first+i)))
		}
		b.KSMs[first+i].Shard, b.KSMs[first+i].Shards = i, n
	}
}

// ofShard returns the uid of some pod that a shard knows.
func ofShard(shard, shards int) string {
	k := cluster.KSM{Shard: shard, Shards: shards}
	for i := 0; ; i++ {
		if uid := cluster.UID("shard", fmt.Sprint(i)); k.Knows(&cluster.Pod{UID: uid}) {
			return uid
		}
	}
}

// shardsMerge replaces two shards, of which the first is scraped late, by one instance.
func (b *builder) shardsMerge(at time.Duration) {
	b.shards(0, 2)
	b.KSMs[0].Offset = 24*s + 204*time.Millisecond
	b.KSMs[0].Life.To, b.KSMs[1].Life.To = at, at
	b.ksm("ksm-c").Life.From = at
}

// dishonor scrapes kube-state-metrics with a target's labels and without honor_labels.
func (b *builder) dishonor() {
	for i := range b.KSMs {
		k := &b.KSMs[i]
		k.HonorLabels = false
		k.Target = []cluster.Label{
			{Name: "namespace", Value: "monitoring"}, {Name: "pod", Value: k.Instance[:5]},
			{Name: "container", Value: "kube-state-metrics"}, {Name: "service", Value: "kube-state-metrics"},
		}
	}
}
