package histories

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// lifeStories are about pods and containers that start and stop.
func lifeStories() []story {
	return []story{
		{"quiet", "nothing happens: every value is exact", func(b *builder) {
			b.cast()
		}},
		{"curves", "nothing starts or stops, but CPU and memory rise, swing and jump", func(b *builder) {
			b.cast()
			b.pod("wine-0", seldon("wine"), container("classifier", moves(
				cluster.Curve{{At: begin, Level: 0.5, Swing: 0.4, Period: 7 * m}},
				cluster.Curve{{At: begin, Level: 200 * Mi, Slope: 50e3}, {At: 8*m + 13*s, Level: 120 * Mi}})))
		}},
		{"pods-come-and-go", "pods of one model start and stop at awkward times", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", lives(begin, 7*m+41*s))
			b.server("wine-1", "wine", lives(3*m+2*s, 16*m+58*s))
			b.server("wine-2", "wine", lives(11*m+29*s, end))
			b.server("wine-3", "wine", lives(-13*s, 20*m+11*s)) // just outside both edges
		}},
		{"model-appears", "a model is created in the window", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", lives(4*m+37*s, end))
		}},
		{"model-disappears", "a model is deleted in the window", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", lives(begin, 12*m+51*s))
		}},
		{"models-for-half-of-the-window", "two models are there for half of an hour, one before the other", func(b *builder) {
			b.window = 60 * m
			b.cast()
			b.server("wine-0", "wine", lives(begin, 30*m))
			b.server("beer-0", "beer", lives(30*m, end))
		}},
		{"rolling-update", "three pods are replaced one after the other, new ones first", func(b *builder) {
			b.cast()
			for i := range 3 {
				at := 4*m + 13*s + time.Duration(i)*(3*m+17*s)
				b.server(fmt.Sprintf("wine-5d8f-%d", i), "wine", lives(begin, at+48*s))
				b.server(fmt.Sprintf("wine-77c4-%d", i), "wine", lives(at, end))
			}
		}},
		{"scaled-to-zero-and-back", "a model has no pods for nine minutes", func(b *builder) {
			b.cast()
			b.server("wine-a", "wine", lives(begin, 5*m+8*s))
			b.server("wine-b", "wine", lives(14*m+19*s, end))
		}},
		{"container-restarts", "a container restarts twice, each time as a new cgroup", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", plain("agent", runs(
				span(begin+boot, 6*m+13*s), span(6*m+21*s, 14*m+2*s), span(14*m+44*s, end))))
		}},
		{"container-restarts-many-times", "a container runs for three minutes, again and again", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", plain("agent", runs(crashes(begin+boot, 20*m, 3*m+7*s, 2*s)...)))
		}},
		{"crash-loop", "a container crashes after 40 s and waits for longer each time, its pod stays", func(b *builder) {
			b.cast()
			var spans []cluster.Span
			for at, wait := 1*m+3*s, 10*s; at < 20*m; wait *= 2 {
				spans = append(spans, span(at, at+40*s))
				at += 40*s + wait
			}
			b.server("wine-0", "wine", plain("agent", runs(spans...)))
		}},
		{"container-dies", "one of two containers ends and is not restarted", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", plain("agent", runs(span(begin+boot, 8*m+26*s))))
		}},
		{"container-never-runs", "a model whose only container never starts: no containers, yet requests", func(b *builder) {
			b.cast()
			b.pod("wine-0", seldon("wine"), plain("classifier", runs()), phase(begin, cluster.Pending))
		}},
		{"idle-container-becomes-busy", "a counter hardly moves for ten minutes, then does", func(b *builder) {
			b.cast()
			b.pod("wine-0", seldon("wine"), container("classifier", moves(
				cluster.Flat(1e-5).Then(10*m+17*s, 1.2), cluster.Flat(90*Mi))))
		}},
		{"idle-throughout", "a container uses no CPU at all", func(b *builder) {
			b.cast()
			b.pod("wine-0", seldon("wine"), container("classifier", uses(0, 90*Mi)))
		}},
		{"statefulset-pod-replaced", "a pod is replaced under its name: two uids, one container at a time", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", lives(begin, 7*m+9*s))
			b.pod("wine-0", seldon("wine"), lives(7*m+11*s, end),
				container("classifier", uses(1.5, 400*Mi), requests(1, 512*Mi), limits(2, 1*Gi)))
		}},
		{"statefulset-pod-replaced-rows-linger", "as before, the dead cgroup's rows staying under another parent", func(b *builder) {
			b.linger(4 * m)
			b.cast()
			b.server("wine-0", "wine", on("node-1"), lives(begin, 7*m+9*s))
			b.server("wine-0", "wine", on("node-1"), lives(7*m+11*s, end))
		}},
		{"pods-that-live-for-a-few-scrapes", "one to four scrapes see each of six pods", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine")
			for i := range 6 {
				at := 2*m + time.Duration(i)*(2*m+41*s)
				b.server(fmt.Sprintf("wine-job-%d", i), "wine", lives(at, at+time.Duration(25+17*i)*s))
			}
		}},
		{"pod-that-no-scrape-sees", "a model lives for twelve seconds between two scrapes", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", lives(5*m+14*s, 5*m+26*s))
		}},
		{"completed-pods", "pods complete in the window and before it; they stay, with their requests", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine")
			b.finished("wine-job-0", cluster.Succeeded, begin, 9*m+24*s)
			b.finished("wine-job-1", cluster.Succeeded, begin, -3*m)
		}},
		{"evicted-pods", "a pod is evicted in the window, another was before it", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine")
			b.finished("wine-1", cluster.Failed, begin, 6*m+52*s)
			b.finished("wine-2", cluster.Failed, begin, -1*m)
		}},
		{"only-a-completed-pod", "a model whose one pod had completed before the window", func(b *builder) {
			b.cast()
			b.finished("wine-job-0", cluster.Succeeded, begin, -3*m)
		}},
		{"pending-pods", "one pod waits for a node, then for its image; another finds no node at all", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", lives(2*m+12*s, end), unscheduled(3*m+5*s),
				phase(2*m+12*s, cluster.Pending), phase(9*m+33*s, cluster.Running),
				func(p *cluster.Pod) { p.Containers[0].Runs = []cluster.Run{{Span: span(9*m+33*s, end)}} })
			b.pod("wine-1", seldon("wine"), plain("classifier", runs()), on(""), phase(begin, cluster.Pending))
		}},
		{"init-containers-run-in-the-window", "a pod's init containers take two minutes and much CPU", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", lives(3*m+8*s, end),
				phase(3*m+8*s, cluster.Pending), phase(5*m+20*s, cluster.Running),
				container("storage-initializer", role(cluster.Init), uses(3, 2*Gi), requests(4, 4*Gi), limits(4, 4*Gi),
					runs(span(3*m+12*s, 5*m+18*s))),
				func(p *cluster.Pod) { p.Containers[0].Runs = []cluster.Run{{Span: span(5*m+20*s, end)}} })
		}},
		{"native-sidecars", "init containers that run all day count like any other", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine",
				plain("istio-proxy", role(cluster.Sidecar), runs(span(begin+2*s, end))),
				container("istio-init", role(cluster.Init), uses(1, 1*Gi), requests(2, 2*Gi), runs(span(begin, begin+2*s))))
			b.server("wine-1", "wine", lives(6*m+14*s, end), plain("istio-proxy", role(cluster.Sidecar)))
		}},
		{"memory-with-a-spike-between-scrapes", "what no scrape sees is within the error", func(b *builder) {
			b.cast()
			b.pod("wine-0", seldon("wine"), container("classifier", moves(cluster.Flat(0.2),
				cluster.Flat(100*Mi).Then(9*m+43*s, 900*Mi).Then(9*m+50*s, 100*Mi))))
		}},
	}
}

// linger makes the rows of dead containers stay on every node.
func (b *builder) linger(d time.Duration) {
	for i := range b.Nodes {
		b.Nodes[i].Linger = d
	}
}

// crashes are runs of one length with pauses of another, in a span.
func crashes(from, to, run, pause time.Duration) []cluster.Span {
	var out []cluster.Span
	for at := from; at < to; at += run + pause {
		out = append(out, span(at, min(at+run, to)))
	}
	return out
}

// finished adds a pod of the model wine that has run from one moment to another and
// stays, in the phase that it ended in.
func (b *builder) finished(name, as string, from, to time.Duration) {
	b.pod(name, seldon("wine"), lives(from, end),
		plain("classifier", runs(span(from+boot, to))),
		phase(from, cluster.Pending), phase(from+boot, cluster.Running), phase(to, as))
}
