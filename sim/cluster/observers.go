package cluster

import "time"

// Schedule says when a target is scraped: at Offset plus every multiple of Every.
type Schedule struct{ Every, Offset time.Duration }

// KSM is one kube-state-metrics target.
type KSM struct {
	Schedule
	Job, Instance string
	Cluster       string
	Life          Span
	Holes         Spans // out of reach or failing: up 0
	Shard, Shards int   // it knows the pods of its shard; no Shards means all
	Version       KSMVersion
	NoUID         bool    // before 2.1 only kube_pod_info has a uid
	Target        []Label // labels that its target carries besides job and instance
	// HonorLabels keeps the scraped label where the target has one of that name; without
	// it the scraped one is renamed to exported_*.
	HonorLabels bool
}

// KSMVersion is the form of its metrics.
type KSMVersion int

// The forms.
const (
	KSM2  KSMVersion = iota // resource and unit are labels
	KSM1                    // resource and unit are in the name
	KSM19                   // both at once
)

// Kubelet is one scrape job over every node's kubelet.
type Kubelet struct {
	Schedule
	Job      string
	Endpoint Endpoint
	Spread   time.Duration // each node is scraped this much later than the one before
	Life     Span
	Holes    Spans   // all the job's scrapes fail: up 0
	Target   []Label // labels that its targets carry besides job, instance and node
	// PathLabel puts metrics_path on the targets, which keeps two endpoints' up apart.
	PathLabel   bool
	HonorLabels bool
	// Timestamps keeps cAdvisor's own timestamps, which are those of its housekeeping:
	// such samples get no staleness markers.
	Timestamps bool
	// CRI has the kubelet pass on the runtime's rows instead of cAdvisor's: CPU in whole
	// seconds, the container's id without its pod's, and rows of containers alone.
	CRI        bool
	DropID     bool // id and name are relabelled away: a restart is a counter reset
	KeepName   bool // with DropID: the runtime's name of the container stays
	DropMemory bool // memory usage is relabelled away
	OnlyUsage  bool // all but CPU and memory usage is relabelled away
}

// Endpoint is what a kubelet job scrapes.
type Endpoint int

// The endpoints.
const (
	CAdvisor    Endpoint = iota // /metrics/cadvisor
	ResourceAPI                 // /metrics/resource: the same CPU metric, few labels, no memory usage
)
