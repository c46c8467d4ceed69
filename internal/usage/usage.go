// Package usage is the table of the seven metrics: what each one means.
package usage

// Metric is an index into the table, and into a model's values.
type Metric int

// The seven metrics, in the order in which they are exposed.
const (
	Containers Metric = iota
	CPUUsage
	MemoryUsage
	CPURequests
	CPULimits
	MemoryRequests
	MemoryLimits
	NumMetrics
)

// Values are one model's averages over a window. Absence is not zero: a metric of
// which nothing is known has no value.
type Values [NumMetrics]Value

// Value is an average, if there is one.
type Value struct {
	V  float64
	OK bool
}

// Info describes a metric to those who read it.
type Info struct {
	Name string
	Unit string
	Help string
}

// Table returns the seven metrics, indexed by Metric.
func Table() [NumMetrics]Info {
	return [NumMetrics]Info{
		Containers: {
			Name: "model_containers_average", Unit: "containers",
			Help: "Running containers of the model's pods, as an average over the window.",
		},
		CPUUsage: {
			Name: "model_cpu_usage_seconds_total", Unit: "cores",
			Help: "CPU used by the model's containers, in cores (seconds per second), as an average over the window. A gauge in spite of its name: never take its rate.",
		},
		MemoryUsage: {
			Name: "model_memory_usage_bytes", Unit: "bytes",
			Help: "Memory used by the model's containers (container_memory_usage_bytes), in bytes, as an average over the window.",
		},
		CPURequests: {
			Name: "model_cpu_requests", Unit: "cores",
			Help: "CPU requested by the containers of the model's pending and running pods, in cores, as an average over the window.",
		},
		CPULimits: {
			Name: "model_cpu_limits", Unit: "cores",
			Help: "CPU limits of the containers of the model's pending and running pods, in cores, as an average over the window.",
		},
		MemoryRequests: {
			Name: "model_memory_requests_bytes", Unit: "bytes",
			Help: "Memory requested by the containers of the model's pending and running pods, in bytes, as an average over the window.",
		},
		MemoryLimits: {
			Name: "model_memory_limits_bytes", Unit: "bytes",
			Help: "Memory limits of the containers of the model's pending and running pods, in bytes, as an average over the window.",
		},
	}
}
