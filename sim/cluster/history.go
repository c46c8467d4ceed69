// Package cluster is a cluster's history as data: what its pods did, and who watched
// them. From one history come the exact truth per model, by integration over the
// history and never over samples, the error that watching it allows, and the samples
// that a Prometheus would have stored.
//
// All times are offsets from an origin that is chosen when samples are made, so that
// one history can be placed anywhere in time.
package cluster

import "time"

// History is what happened in a cluster, and who watched.
type History struct {
	Kinds    []Kind // in order of precedence; none means DefaultKinds
	Nodes    []Node
	Pods     []Pod
	KSMs     []KSM     // kube-state-metrics targets
	Kubelets []Kubelet // scrape jobs over all nodes' kubelets
	Forgers  []Forger  // targets that show what is not theirs
	Outages  Spans     // Prometheus itself is down: nothing is scraped, no markers are written
	NoUp     bool      // the up series are relabelled away
	Beside   *History  // as another Prometheus watches it whose samples are read as well
}

// Clusters returns how many clusters the pods are in.
func (h *History) Clusters() int {
	seen := map[string]bool{}
	for i := range h.Pods {
		seen[h.Pods[i].Cluster] = true
	}
	return len(seen)
}

// Kind is a Kubernetes kind whose pods name its object in one of these pod labels, and carry
// further ones with certain values.
type Kind struct {
	Name   string
	Labels []string
	Where  map[string]string
}

// The pod labels that name models.
const (
	SeldonLabel   = "seldon-deployment-id"
	KServeLabel   = "serving.kserve.io/inferenceservice"
	KubeflowLabel = "serving.kubeflow.org/inferenceservice"
	AppLabel      = "app.kubernetes.io/name"
	PartOfLabel   = "app.kubernetes.io/part-of"
	GraphLabel    = "serving.kserve.io/inferencegraph"
	ServerLabel   = "seldon-server-name"
)

// DefaultKinds returns the kinds that name models, in order of precedence.
func DefaultKinds() []Kind {
	return []Kind{
		{Name: "SeldonDeployment", Labels: []string{SeldonLabel}},
		{Name: "InferenceService", Labels: []string{KServeLabel, KubeflowLabel}},
		{Name: "LLMInferenceService", Labels: []string{AppLabel}, Where: map[string]string{PartOfLabel: "llminferenceservice"}},
		{Name: "InferenceGraph", Labels: []string{GraphLabel}},
		{Name: "Server", Labels: []string{ServerLabel}, Where: map[string]string{AppLabel: "seldon-server"}},
	}
}

// Node is a machine with its kubelet.
type Node struct {
	Name    string
	Address string // the instance label of its kubelet's targets
	Cluster string // which cluster it is in, where one Prometheus holds several
	Life    Span   // its targets exist then; its pods' containers cannot run outside
	Holes   Spans  // the kubelet is out of reach: up 0, while its pods run on
	Driver  CgroupDriver
	Runtime Runtime
	// Linger is how long rows of a dead container stay, with frozen values.
	Linger time.Duration
}

// CgroupDriver decides what the id of a cAdvisor row looks like.
type CgroupDriver int

// The cgroup drivers.
const (
	Systemd  CgroupDriver = iota // /kubepods.slice/kubepods-pod<uid>.slice/cri-containerd-<hash>.scope
	Cgroupfs                     // /kubepods/pod<uid>/<hash>
)

// Runtime decides what cAdvisor's row of a pod's pause container looks like.
type Runtime int

// The container runtimes.
const (
	Containerd Runtime = iota // container=""
	Docker                    // container="POD"
)

// Pod is one pod: a name used again is another pod with another UID.
type Pod struct {
	Namespace, Name, UID string
	Cluster              string
	Node                 string        // none for a pod that never found one
	Unscheduled          time.Duration // how long it waited for its node
	Life                 Span          // from creation to deletion
	Labels               []Labels      // in order of time, the first from creation
	Phases               []Phase       // in order of time, the first from creation
	Containers           []Container
}

// Labels are a pod's labels from a moment on.
type Labels struct {
	At  time.Duration
	Set map[string]string
}

// Phase is a pod's phase from a moment on.
type Phase struct {
	At   time.Duration
	Name string
}

// The phases of a pod.
const (
	Pending   = "Pending"
	Running   = "Running"
	Succeeded = "Succeeded"
	Failed    = "Failed"
	Unknown   = "Unknown"
)

// Container is one of a pod's containers, through all its restarts.
type Container struct {
	Name string
	Role Role
	Runs []Run // in order of time; each is a cgroup of its own

	CPU    Curve // cores, while it runs
	Memory Curve // bytes, while it runs

	CPURequest, CPULimit       Curve // cores; nil is none
	MemoryRequest, MemoryLimit Curve // bytes; nil is none

	Nested bool // it has a cgroup inside its own, with rows of its own
}

// Role tells how a container belongs to its pod.
type Role int

// The roles.
const (
	Ordinary Role = iota
	Init          // runs to completion, counts for nothing
	Sidecar       // an init container with restart_policy="Always"
)

// Run is one instance of a container.
type Run struct {
	Span
	// Ghost is how long kube-state-metrics goes on calling it running after its
	// node was lost.
	Ghost time.Duration
}
