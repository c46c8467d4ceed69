package histories

import (
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// kubeletFeatures are about cAdvisor.
func kubeletFeatures() []Feature {
	return []Feature{
		{Name: "second-cadvisor-job", About: "two jobs scrape the same kubelets", edit: func(c *scene) {
			c.kubelets("cadvisor").Schedule = c.schedule(oneOf(c, 30*s, 30*s, 10*s, 60*s))
		}},
		{Name: "resource-too", About: "/metrics/resource has the same CPU metric, in the same job", edit: func(c *scene) {
			c.kubelets("kubelet").Endpoint = cluster.ResourceAPI
			if c.oneIn(4) {
				for i := range c.Kubelets {
					c.Kubelets[i].PathLabel = false
				}
			}
		}},
		{Name: "resource-in-its-own-job", About: "/metrics/resource has the same CPU metric, in a job of its own", edit: func(c *scene) {
			k := c.kubelets("kubelet-resource")
			k.Endpoint, k.Schedule = cluster.ResourceAPI, c.schedule(oneOf(c, 10*s, 30*s))
		}},
		{Name: "resource-only", Group: usageRows, About: "CPU without ids, and no memory usage", edit: func(c *scene) {
			c.Kubelets[0].Endpoint = cluster.ResourceAPI
		}},
		{Name: "without-id", Group: usageRows, About: "id is relabelled away, mostly with the name", edit: func(c *scene) {
			c.Kubelets[0].DropID = true
			c.Kubelets[0].KeepName = c.oneIn(3)
		}},
		{Name: "cri-rows", Group: usageRows, About: "the runtime's rows: whole seconds of CPU, ids without uids", edit: func(c *scene) {
			for i := range c.Kubelets { // it is the kubelet's, whoever scrapes that
				c.Kubelets[i].CRI = true
			}
		}},
		{Name: "no-memory", About: "memory usage is relabelled away", edit: func(c *scene) {
			c.Kubelets[0].DropMemory = true
		}},
		{Name: "timestamps", About: "samples carry the time of the kubelet's last look, and no markers end them", edit: func(c *scene) {
			for i := range c.Kubelets {
				c.Kubelets[i].Timestamps = c.Kubelets[i].Endpoint == cluster.CAdvisor
			}
		}},
		{Name: "rows-linger", About: "rows of dead containers stay for three minutes", edit: func(c *scene) {
			c.linger(oneOf(c, 3*m, c.second(span(1*m, 5*m))))
		}},
		{Name: "docker", Group: runtimes, About: "pause rows have container=\"POD\"", edit: func(c *scene) {
			c.runtime(cluster.Systemd, cluster.Docker)
		}},
		{Name: "cgroupfs", Group: runtimes, About: "other ids, other names", edit: func(c *scene) {
			c.runtime(cluster.Cgroupfs, oneOf(c, cluster.Docker, cluster.Containerd))
		}},
		{Name: "kubelet-job-out", About: "all scrapes of one kubelet job fail for some minutes", edit: func(c *scene) {
			c.Kubelets[0].Holes = cluster.Spans{c.silence()}
		}},
		{Name: "cadvisor-exported-labels", About: "exported_namespace, exported_pod, exported_container", edit: func(c *scene) {
			for i := range c.Kubelets {
				k := &c.Kubelets[i]
				k.HonorLabels = false
				k.Target = append(k.Target[:len(k.Target):len(k.Target)],
					cluster.Label{Name: "namespace", Value: "kube-system"}, cluster.Label{Name: "pod", Value: "cadvisor"}, cluster.Label{Name: "container", Value: "cadvisor"})
			}
		}},
	}
}
