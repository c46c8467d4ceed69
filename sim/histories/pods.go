package histories

import "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"

// cast adds what most histories have besides what they are about: two quiet models, and
// a pod that is no model's.
func (b *builder) cast() {
	b.pod("income-0", seldon("income"),
		container("classifier", uses(0.5, 300*Mi), requests(0.6, 256*Mi), limits(1, 512*Mi)),
		container("engine", uses(0.05, 80*Mi), requests(0.1, 64*Mi), limits(0.5, 128*Mi)))
	b.pod("iris-0", kserve("iris"),
		container("kserve-container", uses(0.25, 700*Mi), requests(1, 1*Gi), limits(2, 2*Gi)))
	b.pod("postgres-0", container("postgres", uses(1.5, 4*Gi), requests(2, 4*Gi)))
}

func podStories() []story {
	return []story{
		{"quiet", "nothing happens: every value is exact", func(b *builder) {
			b.cast()
		}},
		{"restart", "a container restarts twice, each time as a new cgroup", func(b *builder) {
			b.cast()
			b.pod("wine-0", seldon("wine"), container("classifier", uses(0.4, 200*Mi), requests(0.5, 256*Mi),
				runs(span(begin+boot, 6*m+13*s), span(6*m+21*s, 14*m+2*s), span(14*m+44*s, end))))
		}},
		{"statefulset-pod-replaced", "a pod is replaced under its name: two uids, one container at a time", func(b *builder) {
			b.cast()
			b.pod("wine-0", seldon("wine"), lives(begin, 7*m+9*s),
				container("classifier", uses(0.5, 200*Mi), requests(0.5, 256*Mi)))
			b.pod("wine-0", seldon("wine"), lives(7*m+11*s, end),
				container("classifier", uses(1.5, 400*Mi), requests(1, 512*Mi)))
		}},
		{"prometheus-down-in-the-middle", "Prometheus is down for four minutes: that time is left out", func(b *builder) {
			b.cast()
			b.Outages = cluster.Spans{span(8*m+3*s, 12*m+19*s)}
		}},
	}
}
