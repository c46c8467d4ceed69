package histories

import (
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// namelessStories are about dead rows that stay and do not say whose they are, as rows with an
// id do.
func namelessStories() []story {
	// moves has a pod's name go from one model's pod to another model's, which uses more.
	moves := func(b *builder, from, to string, dead, born time.Duration) {
		b.server("serving-0", "wine", on(from), lives(begin, dead))
		b.pod("serving-0", seldon("beer"), on(to), lives(born, end), container("classifier", uses(1.1, 600*Mi)))
	}
	nameless := func(b *builder, linger time.Duration) {
		b.window = 10 * m
		b.linger(linger)
		b.Kubelets[0].DropID = true
		b.cast()
	}
	return []story{
		{"without-id-name-moves-while-the-dead-row-lingers", "a pod's name goes to another model's pod on another node, and the dead row, which has no id, stays", func(b *builder) {
			nameless(b, 3*m)
			moves(b, "node-1", "node-2", 2*m, 2*m+40*s)
		}},
		{"without-id-name-moves-to-the-node-that-is-scraped-first", "the same, and the dead row is seen after the living one each time", func(b *builder) {
			nameless(b, 3*m)
			moves(b, "node-2", "node-1", 2*m, 2*m+40*s)
		}},
		{"without-id-name-moves-at-once-while-the-dead-row-lingers", "the same, and the pods follow each other within two seconds", func(b *builder) {
			nameless(b, 4*m)
			moves(b, "node-2", "node-1", 2*m, 2*m+2*s)
		}},
		{"without-id-name-moves-while-an-idle-dead-row-lingers", "the dead pod's counter is lower than that of its successor", func(b *builder) {
			nameless(b, 3*m)
			b.pod("serving-0", seldon("wine"), on("node-2"), lives(1*m, 2*m), container("classifier", uses(1e-4, 20*Mi)))
			b.pod("serving-0", seldon("beer"), on("node-1"), lives(2*m+40*s, end), container("classifier", uses(1.1, 600*Mi)))
		}},
		{"without-id-both-rows-there-when-the-window-begins", "the dead row stays for some minutes of the window", func(b *builder) {
			nameless(b, 5*m)
			moves(b, "node-2", "node-1", -3*m, -2*m-30*s)
		}},
		{"without-id-both-rows-there-all-the-window", "the dead row stays beyond the window", func(b *builder) {
			nameless(b, 15*m)
			moves(b, "node-1", "node-2", -3*m, -2*m-30*s)
		}},
		{"without-id-name-moves-to-an-idle-pod-while-the-dead-row-lingers", "neither row's counter rises, and the living one began later", func(b *builder) {
			nameless(b, 15*m)
			b.server("serving-0", "wine", on("node-1"), lives(begin, 2*m))
			b.pod("serving-0", seldon("beer"), on("node-2"), lives(2*m+20*s, end), container("classifier", uses(0, 600*Mi)))
		}},
		{"without-id-both-rows-there-when-the-window-begins-of-an-idle-pod", "neither row's counter rises, and the living one stays for longer", func(b *builder) {
			nameless(b, 5*m)
			b.server("serving-0", "wine", on("node-1"), lives(begin, -3*m))
			b.pod("serving-0", seldon("beer"), on("node-2"), lives(-2*m-30*s, end), container("classifier", uses(0, 600*Mi)))
		}},
		{"without-id-name-moves-back-while-the-dead-rows-linger", "a pod's third one is on the node of the first, whose row is still there", func(b *builder) {
			nameless(b, 4*m)
			b.server("serving-0", "wine", on("node-2"), lives(begin, 2*m))
			b.pod("serving-0", seldon("beer"), on("node-1"), lives(2*m+20*s, 5*m), container("classifier", uses(1.1, 600*Mi)))
			b.pod("serving-0", seldon("wine"), on("node-2"), lives(5*m+20*s, end), container("classifier", uses(0.7, 300*Mi)))
		}},
		{"without-id-name-moves-on-and-on-while-the-dead-rows-linger", "three pods of one name on three nodes, of which the second is there for two minutes", func(b *builder) {
			nameless(b, 4*m)
			b.node("node-3")
			b.server("serving-0", "wine", on("node-3"), lives(begin, 2*m))
			b.pod("serving-0", seldon("beer"), on("node-2"), lives(2*m+20*s, 4*m+20*s), container("classifier", uses(1.1, 600*Mi)))
			b.pod("serving-0", seldon("wine"), on("node-1"), lives(4*m+40*s, end), container("classifier", uses(0.7, 300*Mi)))
		}},
		{"without-id-name-moves-and-a-container-restarts-beside-the-dead-row", "the living container restarts while the dead row of another node stays", func(b *builder) {
			nameless(b, 5*m)
			b.server("serving-0", "wine", on("node-2"), lives(begin, 2*m))
			b.pod("serving-0", seldon("beer"), on("node-1"), lives(2*m+20*s, end),
				container("classifier", uses(1.1, 600*Mi), runs(span(2*m+24*s, 4*m), span(4*m+20*s, end))))
		}},
		{"without-id-name-moves-seen-by-two-jobs-while-the-dead-row-lingers", "one of two jobs is slower, and its first sample of the new pod comes late", func(b *builder) {
			nameless(b, 3*m)
			b.kubelets("cadvisor").Every = 60 * s
			b.Kubelets[1].DropID = true
			moves(b, "node-2", "node-1", 2*m, 2*m+10*s)
		}},
		{"without-id-name-moves-while-the-node-is-out-of-reach", "the new pod's node is out of reach for some minutes, and the dead row of the other one stays", func(b *builder) {
			nameless(b, 4*m)
			b.Nodes[0].Holes = cluster.Spans{span(1*m, 5*m)}
			moves(b, "node-2", "node-1", 2*m, 2*m+40*s)
		}},
		{"without-id-name-stays-on-its-node-while-the-dead-row-lingers", "a pod is replaced under its name on its node: the runtime's names tell the rows apart", func(b *builder) {
			nameless(b, 3*m)
			b.Kubelets[0].KeepName = true
			moves(b, "node-1", "node-1", 2*m, 2*m+20*s)
		}},
		{"without-id-but-names-beside-resource-rows", "rows have the runtime's names, and /metrics/resource, which has no memory usage, not even these", func(b *builder) {
			b.window = 5 * m
			b.Kubelets[0].DropID, b.Kubelets[0].KeepName = true, true
			b.kubelets("kubelet-resource").Endpoint = cluster.ResourceAPI
			b.cast()
		}},
		{"without-id-container-restarts-while-the-dead-row-lingers", "a container restarts twice: the runtime's names tell the rows apart", func(b *builder) {
			nameless(b, 4*m)
			b.Kubelets[0].KeepName = true
			b.pod("wine-0", seldon("wine"), container("classifier", uses(0.9, 100*Mi),
				runs(span(begin+boot, 2*m), span(2*m+20*s, 5*m), span(5*m+10*s, end))))
		}},
	}
}
