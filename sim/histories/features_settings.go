package histories

import "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"

// settingFeatures are about requests and limits.
func settingFeatures() []Feature {
	return []Feature{
		{Name: "resized", About: "requests and limits change, for a minute or for good", edit: func(c *scene) {
			p, at := c.subject()
			resized(span(at, oneOf(c, end, at+c.second(span(61*s, 4*m)))), oneOf(c, 0.5, 2, 3))(p)
		}},
		{Name: "no-requests", Group: "requests", About: "one container has neither requests nor limits", edit: func(c *scene) {
			for _, p := range c.subjects() {
				ct := &p.Containers[c.IntN(2)]
				ct.CPURequest, ct.CPULimit, ct.MemoryRequest, ct.MemoryLimit = nil, nil, nil, nil
			}
		}},
		{Name: "guaranteed", Group: "requests", About: "requests equal limits: the cgroups lie elsewhere", edit: func(c *scene) {
			for _, p := range c.subjects() {
				for i := range p.Containers {
					ct := &p.Containers[i]
					ct.CPURequest, ct.CPULimit = cluster.Flat(1), cluster.Flat(1)
					ct.MemoryRequest, ct.MemoryLimit = cluster.Flat(512*Mi), cluster.Flat(512*Mi)
				}
			}
		}},
	}
}
