package cluster

// Model names a model.
// The cluster is empty where there is only one.
type Model struct{ Cluster, Namespace, Type, Name string }

// Metric is one of the seven averages.
type Metric int

// The seven averages, in the order in which the product exposes them.
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

func (m Metric) String() string {
	return [...]string{
		"model_containers_average",
		"model_cpu_usage_seconds_total", "model_memory_usage_bytes",
		"model_cpu_requests", "model_cpu_limits",
		"model_memory_requests_bytes", "model_memory_limits_bytes",
	}[m]
}

// Value is an average, if there is one.
type Value struct {
	V  float64
	OK bool
}

// Values are one model's averages.
type Values [NumMetrics]Value

// Tolerance is how far a value may be from the truth.
type Tolerance struct {
	// Max is the largest absolute error.
	Max float64
	// Optional says that the value may be missing though the truth has one, or be there
	// (and no larger than Max) though the truth has none.
	Optional bool
}

// Tolerances are those allowed for one model.
type Tolerances [NumMetrics]Tolerance

// Coverage is how much of a window each kind of source observed, from 0 to 1.
type Coverage struct{ KSM, CAdvisor float64 }
