package metric

// The names of the sources.
const (
	KubeStateMetrics = "kube-state-metrics"
	CAdvisor         = "cadvisor"
)

// The series of kube-state-metrics that say which pods and containers there are.
const (
	PodLabels         = "kube_pod_labels"
	PodPhase          = "kube_pod_status_phase"
	ContainerRunning  = "kube_pod_container_status_running"
	InitRunning       = "kube_pod_init_container_status_running"
	InitContainerInfo = "kube_pod_init_container_info"
)

// Default returns the seven metrics, in the order in which they are exposed.
func Default() Table {
	return Table{
		Sources: []Source{
			{Name: KubeStateMetrics, Endpoints: []Endpoint{{Markers: []Series{{Name: "kube_node_info"}}}}},
			{Name: CAdvisor, PathLabel: "metrics_path", IDLabel: "id", Endpoints: kubelet()},
		},
		Metrics: []Metric{
			{
				Name: "model_containers_average", Unit: "containers", Source: KubeStateMetrics, Fold: Count, Life: Running, Chart: "Containers",
				Help: "Running containers of the model's pods, as an average over the window.",
			},
			{
				Name: "model_cpu_usage_seconds_total", Unit: "cores", Source: CAdvisor, Fold: Rate, Life: Running, Chart: "CPU",
				Help:   "CPU used by the model's containers, in cores (seconds per second), as an average over the window. A gauge in spite of its name: never take its rate.",
				Series: []Series{{Name: "container_cpu_usage_seconds_total", Match: realContainers(Match{Label: "cpu", Values: []string{"", "total"}})}},
			},
			{
				Name: "model_memory_usage_bytes", Unit: "bytes", Source: CAdvisor, Fold: Mean, Life: Running, Chart: "Memory",
				Help:   "Memory used by the model's containers (container_memory_usage_bytes), in bytes, as an average over the window.",
				Series: []Series{{Name: "container_memory_usage_bytes", Match: realContainers(Match{Label: "cpu", Values: []string{""}})}},
			},
			setting("model_cpu_requests", "cores", "CPU requested by the containers of the model's pending and running pods, in cores, as an average over the window.", "requests", "cpu", "_cpu_cores", "CPU", Requested),
			setting("model_cpu_limits", "cores", "CPU limits of the containers of the model's pending and running pods, in cores, as an average over the window.", "limits", "cpu", "_cpu_cores", "CPU", Limit),
			setting("model_memory_requests_bytes", "bytes", "Memory requested by the containers of the model's pending and running pods, in bytes, as an average over the window.", "requests", "memory", "_memory_bytes", "Memory", Requested),
			setting("model_memory_limits_bytes", "bytes", "Memory limits of the containers of the model's pending and running pods, in bytes, as an average over the window.", "limits", "memory", "_memory_bytes", "Memory", Limit),
		},
	}
}

// kubelet's endpoints are /metrics/cadvisor and /metrics/resource. The rows that a node has for
// itself are those of the root cgroup, what cAdvisor says of the machine, which is there even
// where rows without a pod are dropped, and what /metrics/resource has of the node; where ids
// are dropped, those of no pod.
func kubelet() []Endpoint {
	root := []Match{{Label: "id", Values: []string{"/"}}}
	noPod := []Match{{Label: "container", Values: []string{""}}, {Label: "pod", Values: []string{""}}}
	return []Endpoint{
		{
			Markers: []Series{
				{Name: "container_memory_usage_bytes", Match: root},
				{Name: "container_cpu_usage_seconds_total", Match: root},
				{Name: "machine_cpu_cores"},
			},
			Fallback: []Series{
				{Name: "container_memory_usage_bytes", Match: noPod},
				{Name: "container_cpu_usage_seconds_total", Match: noPod},
			},
		},
		{Markers: []Series{{Name: "node_cpu_usage_seconds_total"}}},
	}
}

// realContainers leaves out the pod's cgroup, pause containers, and nodes' slices.
func realContainers(more ...Match) []Match {
	return append(more, Match{Label: "container", Not: true, Values: []string{"", "POD"}})
}

// setting is a request or limit. Since kube-state-metrics 1.8 one metric holds those of all
// resources, before 2.0 each had one. 1.8 and 1.9 have both.
func setting(name, unit, help, what, resource, oldSuffix, chart string, role Role) Metric {
	of := Match{Label: "resource", Values: []string{resource}}
	none := Match{Label: "resource", Values: []string{""}}
	return Metric{
		Name: name, Unit: unit, Help: help, Source: KubeStateMetrics, Fold: Level, Life: Active, Chart: chart, Role: role,
		Series: []Series{
			{Name: "kube_pod_container_resource_" + what, Match: []Match{of}},
			{Name: "kube_pod_container_resource_" + what + oldSuffix, Match: []Match{none}, Old: true},
			{Name: "kube_pod_init_container_resource_" + what, Match: []Match{of}, Init: true},
		},
	}
}
