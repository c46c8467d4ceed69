package histories

import "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"

// settingStories are about requests and limits.
func settingStories() []story {
	return []story{
		{"no-limits", "a model without limits, one with a CPU limit only, one with nothing at all", func(b *builder) {
			b.cast()
			b.pod("wine-0", seldon("wine"), container("classifier", uses(0.4, 200*Mi), requests(0.5, 256*Mi)))
			b.pod("beer-0", seldon("beer"), container("classifier", uses(0.4, 200*Mi),
				func(c *cluster.Container) { c.CPULimit = cluster.Flat(2) }))
			b.pod("tea-0", seldon("tea"), container("classifier", uses(0.4, 200*Mi)))
		}},
		{"one-container-without-requests", "what is known of one container is the model's", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", container("agent", uses(0.1, 50*Mi)))
		}},
		{"init-containers-with-large-requests", "init containers ask for more than all others, and count for nothing", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", container("storage-initializer", role(cluster.Init),
				uses(2, 2*Gi), requests(8, 16*Gi), limits(8, 16*Gi), runs(span(begin, begin+3*s))))
		}},
		{"request-resized-in-place", "requests and limits are raised while the container runs on", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", resized(span(7*m+12*s, cluster.Forever), 2))
		}},
		{"request-resized-and-back", "requests and limits are raised for five minutes", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", resized(span(6*m+12*s, 11*m+43*s), 3))
		}},
		{"request-resized-for-a-minute", "requests and limits are raised for little more than a minute, twice", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", resized(span(6*m+12*s, 7*m+20*s), 3), resized(span(13*m+12*s, 14*m+20*s), 3))
		}},
		{"request-resized-for-three-minutes", "requests and limits are raised for some minutes of an hour in which nothing else happens", func(b *builder) {
			b.window = 60 * m
			b.cast()
			b.server("wine-0", "wine", resized(span(31*m+12*s, 34*m+20*s), 3))
		}},
		{"request-resized-at-the-edges", "requests and limits change a minute after the window began, another pod's a minute before its end", func(b *builder) {
			b.window = 60 * m
			b.cast()
			b.server("wine-0", "wine", resized(span(begin, 1*m+6*s), 3))
			b.server("tea-0", "tea", resized(span(58*m+51*s, end), 3))
		}},
		{"guaranteed-pods", "requests equal limits: the cgroups lie elsewhere", func(b *builder) {
			b.cast()
			b.pod("wine-0", seldon("wine"), container("classifier", uses(0.4, 200*Mi), requests(1, 512*Mi), limits(1, 512*Mi)))
		}},
	}
}

// resized multiplies the requests and limits of the pod's first container for a time.
func resized(during cluster.Span, by float64) podPart {
	return func(p *cluster.Pod) {
		c := &p.Containers[0]
		for _, curve := range []*cluster.Curve{&c.CPURequest, &c.CPULimit, &c.MemoryRequest, &c.MemoryLimit} {
			if *curve == nil {
				continue
			}
			v := curve.At(during.From)
			if *curve = curve.Then(during.From, v*by); during.To < cluster.Forever {
				*curve = curve.Then(during.To, v)
			}
		}
	}
}
