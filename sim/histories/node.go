package histories

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// nodeStories are what a real node showed: e2e/node runs such pods by a real kubelet.
func nodeStories() []story {
	return []story{
		{"real-node", "what real containers did on a real kubelet, in two minutes", func(b *builder) {
			b.window = 2 * m
			b.realNode()
			b.realPods()
		}},
		{"real-node-for-an-hour", "the same, in an hour", func(b *builder) {
			b.window = 60 * m
			b.realNode()
			b.realPods()
		}},
		{"real-node-quiet", "a real kubelet's rows, while nothing happens", func(b *builder) {
			b.realNode()
			b.cast()
		}},
		{"containers-warm-up", "memory grows for some time after each start, and the first row has next to none", func(b *builder) {
			b.window = 10 * m
			b.realNode()
			b.cast()
			for i, over := range []time.Duration{1 * s, 5 * s, 20 * s, 60 * s} {
				name := fmt.Sprint("wine-", i)
				b.pod(name, seldon(name), container("classifier", warms(over, 200*Mi, crashes(13*s, 9*m, 21*s, 47*s)...)))
				name = fmt.Sprint("beer-", i)
				b.pod(name, seldon(name), container("classifier", warms(over, 200*Mi, span(1*m, 1*m+45*s), span(2*m+7*s, 4*m), span(5*m, end))))
			}
		}},
		{"rows-of-the-runtime", "the kubelet passes on the runtime's rows: whole seconds of CPU, few labels, no pod's and no pause container's", func(b *builder) {
			b.realNode()
			b.Kubelets[0].CRI = true
			b.realPods()
		}},
	}
}

// warms has a container run at some times, and take memory at an even pace for a while after each
// start.
func warms(over time.Duration, memory float64, spans ...cluster.Span) containerPart {
	return func(c *cluster.Container) {
		c.Memory = nil
		for _, x := range spans {
			c.Memory = append(c.Memory, cluster.Piece{At: x.From, Level: 0.3 * Mi, Slope: (memory - 0.3*Mi) / over.Seconds()})
			if warm := x.From + over; warm < x.To {
				c.Memory = append(c.Memory, cluster.Piece{At: warm, Level: memory})
			}
		}
		runs(spans...)(c)
	}
}

// realNode has one node, scraped every 15 s, whose rows have the times of the kubelet's looks.
func (b *builder) realNode() {
	b.Nodes = b.Nodes[:1]
	b.runtime(cluster.Cgroupfs, cluster.Containerd)
	b.every(15*s, 15*s)
}

// realPods are the pods of e2e/node, with what they do in the first two minutes.
func (b *builder) realPods() {
	// Memory is taken within the first second, as that of the test's containers.
	starting := func(at time.Duration, memory float64) cluster.Curve {
		return cluster.Curve{{At: at, Level: 1 * Mi, Slope: memory}, {At: at + 1*s, Level: memory}}
	}
	again := func(spans []cluster.Span, cores, memory, grows float64) containerPart {
		return func(c *cluster.Container) {
			var used, held cluster.Curve
			for _, span := range spans {
				used = append(used, cluster.Piece{At: span.From, Level: cores})
				held = append(held, starting(span.From, memory)...)
				held[len(held)-1].Slope = grows
			}
			c.CPU, c.Memory = used, held
			runs(spans...)(c)
		}
	}
	b.pod("steady-0", seldon("steady"), container("server", uses(0.15, 62*Mi), requests(0.2, 128*Mi), limits(0.2, 128*Mi)))
	b.pod("swinging-0", kserve("swinging"), container("server", moves(
		cluster.Curve{{At: begin, Level: 0.2, Swing: 0.15, Period: 40 * s}}, cluster.Flat(42*Mi))))
	b.pod("growing-0", label(cluster.AppLabel, "growing"), label(cluster.PartOfLabel, "llminferenceservice"),
		container("server", moves(cluster.Flat(0.03), cluster.Curve{{At: begin, Level: 40 * Mi, Slope: Mi / 50}}), requests(0.05, 64*Mi)))
	b.pod("sidecar-0", seldon("sidecar"),
		container("agent", role(cluster.Sidecar), uses(0.05, 32*Mi), requests(0.05, 32*Mi)),
		container("server", uses(0.05, 52*Mi), requests(0.1, 64*Mi), limits(0.3, 128*Mi)))
	b.pod("crashing-0", kserve("crashing"), container("server", requests(0.1, 64*Mi), again(
		[]cluster.Span{span(-40*s, -15*s), span(5*s, 30*s), span(71*s, 96*s), span(177*s, 202*s)}, 0.1, 32*Mi, 0)))
	b.pod("stuck-0", seldon("stuck"), container("server", requests(0.05, 64*Mi), again(
		[]cluster.Span{span(-31*s, 9*s), span(10*s, 50*s), span(61*s, 101*s), span(122*s, end)}, 0.05, 32*Mi, 0)))
	b.pod("leaking-0", kserve("leaking"), container("server", requests(0.05, 64*Mi), limits(0.2, 96*Mi), again(
		[]cluster.Span{span(-30*s, -9*s), span(2*s, 23*s), span(44*s, 65*s), span(106*s, 127*s)}, 0.05, 30*Mi, 3*Mi)))
	b.pod("replaced-0", kserve("replaced"), lives(begin, 36*s), container("server", uses(0.1, 52*Mi), requests(0.1, 64*Mi)))
	b.pod("replaced-0", kserve("replaced"), lives(37*s, end), container("server", requests(0.1, 64*Mi), again(
		[]cluster.Span{span(38*s, end)}, 0.1, 52*Mi, 0)))
	b.pod("resized-0", seldon("resized"), container("server", uses(0.05, 42*Mi), func(c *cluster.Container) {
		c.CPURequest, c.CPULimit = cluster.Flat(0.06).Then(50*s, 0.12), cluster.Flat(0.2).Then(50*s, 0.4)
		c.MemoryRequest, c.MemoryLimit = cluster.Flat(64*Mi).Then(50*s, 128*Mi), cluster.Flat(128*Mi)
	}))
	b.pod("heavy-0", seldon("heavy"), lives(10*s, 76*s),
		phase(10*s, cluster.Pending), phase(33*s, cluster.Running),
		container("download", role(cluster.Init), runs(span(11*s, 31*s)), uses(0.5, 150*Mi)),
		container("server", requests(0.05, 64*Mi), again([]cluster.Span{span(32*s, 75*s)}, 0.05, 42*Mi, 0)))
	b.pod("short-0", kserve("short"), lives(25*s, 90*s),
		phase(25*s, cluster.Pending), phase(27*s, cluster.Running), phase(48*s, cluster.Succeeded),
		container("server", requests(0.1, 64*Mi), limits(0.5, 96*Mi), again([]cluster.Span{span(26*s, 46*s)}, 0.2, 52*Mi, 0)))
	b.pod("late-0", seldon("late"), lives(60*s, 167*s), container("server", requests(0.1, 64*Mi), limits(0.3, 128*Mi), again(
		[]cluster.Span{span(61*s, 166*s)}, 0.1, 42*Mi, 0)))
	b.pod("stranger-0", container("server", uses(0.05, 22*Mi)))
}
