package histories

import "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"

// kubeletStories are about cAdvisor: each real container counts once.
func kubeletStories() []story {
	return []story{
		{"two-cadvisor-jobs", "two jobs scrape the same kubelets", func(b *builder) {
			b.busyCast()
			b.kubelets("cadvisor")
		}},
		{"two-cadvisor-jobs-of-different-intervals", "two jobs scrape the same kubelets, one of them seldom", func(b *builder) {
			b.busyCast()
			b.kubelets("cadvisor").Every = 60 * s
		}},
		{"two-cadvisor-jobs-one-fails-for-a-while", "one job's scrapes fail, the other's do not", func(b *builder) {
			b.busyCast()
			b.kubelets("cadvisor").Holes = cluster.Spans{span(6*m+1*s, 11*m+4*s)}
		}},
		{"metrics-resource-too", "/metrics/resource has the same CPU metric, in the same job", func(b *builder) {
			b.busyCast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
		}},
		{"metrics-resource-in-its-own-job", "/metrics/resource has the same CPU metric, in another job", func(b *builder) {
			b.busyCast()
			b.kubelets("kubelet-resource").Endpoint = cluster.ResourceAPI
		}},
		{"metrics-resource-without-path-label", "two endpoints share job and instance: two up series become one", func(b *builder) {
			b.busyCast()
			b.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			b.Kubelets[0].PathLabel, b.Kubelets[1].PathLabel = false, false
		}},
		{"metrics-resource-only", "CPU without ids, and nothing about memory usage", func(b *builder) {
			b.busyCast()
			b.Kubelets[0].Endpoint = cluster.ResourceAPI
		}},
		{"cadvisor-without-memory", "CPU with ids, and memory usage relabelled away", func(b *builder) {
			b.busyCast()
			b.Kubelets[0].DropMemory = true
		}},
		{"metrics-resource-only-up-missing", "no up series, and nothing but /metrics/resource to tell of scrapes", func(b *builder) {
			b.cast()
			b.server("late-0", "late", lives(12*m, end))
			b.Kubelets[0].Endpoint = cluster.ResourceAPI
			b.NoUp = true
		}},
		{"rows-linger", "rows of dead containers stay for minutes, in the same pod", func(b *builder) {
			b.linger(5 * m)
			b.busyCast()
			b.server("beer-0", "beer", plain("agent", runs(crashes(begin+boot, 20*m, 2*m+50*s, 7*s)...)))
		}},
		{"docker", "pause rows have container=\"POD\"", func(b *builder) {
			b.runtime(cluster.Systemd, cluster.Docker)
			b.busyCast()
		}},
		{"docker-with-cgroupfs", "as in old clusters: other ids, other names", func(b *builder) {
			b.runtime(cluster.Cgroupfs, cluster.Docker)
			b.busyCast()
		}},
		{"containerd-with-cgroupfs", "pause rows have container=\"\" and an image", func(b *builder) {
			b.runtime(cluster.Cgroupfs, cluster.Containerd)
			b.linger(3 * m)
			b.busyCast()
		}},
		{"nested-cgroups", "a container makes a cgroup inside its own", func(b *builder) {
			b.busyCast()
			b.server("beer-0", "beer", plain("systemd", func(c *cluster.Container) { c.Nested = true }))
			b.server("beer-1", "beer", lives(7*m+7*s, end), plain("systemd", func(c *cluster.Container) { c.Nested = true }))
		}},
		{"scrape-timestamps", "rows have the times of scrapes, and staleness markers end them", func(b *builder) {
			b.Kubelets[0].Timestamps = false
			b.busyCast()
		}},
		{"scrape-timestamps-quiet", "the same, and nothing happens", func(b *builder) {
			b.Kubelets[0].Timestamps = false
			b.cast()
		}},
		{"rows-linger-pod-replaced", "the dead pod's samples stay visible beside the new one's", func(b *builder) {
			b.linger(3 * m)
			b.cast()
			b.server("wine-0", "wine", on("node-2"), lives(begin, 7*m+9*s))
			b.server("wine-0", "wine", on("node-1"), lives(7*m+11*s, end))
		}},
		{"without-id", "id and name are relabelled away: a restart is a counter reset", func(b *builder) {
			b.Kubelets[0].DropID = true
			b.busyCast()
		}},
		{"cadvisor-without-honor-labels", "a cAdvisor of its own: exported_namespace, exported_pod, exported_container", func(b *builder) {
			k := &b.Kubelets[0]
			k.Job, k.HonorLabels, k.PathLabel = "cadvisor", false, false
			k.Target = []cluster.Label{
				{Name: "namespace", Value: "monitoring"}, {Name: "pod", Value: "cadvisor"}, {Name: "container", Value: "cadvisor"},
			}
			b.busyCast()
		}},
		{"everything-without-honor-labels", "exported_ labels from both sources", func(b *builder) {
			k := &b.Kubelets[0]
			k.HonorLabels = false
			k.Target = []cluster.Label{
				{Name: "namespace", Value: "kube-system"}, {Name: "pod", Value: "kubelet"}, {Name: "container", Value: "kubelet"},
			}
			b.busyCast()
			b.dishonor()
		}},
		{"no-kubelets", "nothing about usage, everything else is right", func(b *builder) {
			b.Kubelets = nil
			b.busyCast()
		}},
		{"pod-moves-between-nodes", "a pod is replaced under its name on another node", func(b *builder) {
			b.linger(2 * m)
			b.cast()
			b.server("wine-0", "wine", on("node-1"), lives(begin, 9*m+9*s))
			b.server("wine-0", "wine", on("node-2"), lives(9*m+14*s, end))
		}},
	}
}

// runtime sets what runs the containers of every node.
func (b *builder) runtime(driver cluster.CgroupDriver, runtime cluster.Runtime) {
	for i := range b.Nodes {
		b.Nodes[i].Driver, b.Nodes[i].Runtime = driver, runtime
	}
}
