// Package programs has real programs as processes: each is built once from the Go module that
// pins it, in a directory beside this file, and is kept in the cache of this project.
package programs

import "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/program"

// Program is a real program, built from the Go module that pins it.
type Program = program.Program

// cache is the directory of the cache that holds them.
const cache = "e2e"

// The programs.
var (
	Etcd             = Program{Cache: cache, Name: "etcd", Module: "go.etcd.io/etcd/server/v3", Pkg: "go.etcd.io/etcd/server/v3"}
	APIServer        = Program{Cache: cache, Name: "kube-apiserver", Dir: "kubernetes", Module: "k8s.io/kubernetes", Pkg: "k8s.io/kubernetes/cmd/kube-apiserver", Stamp: "k8s.io/component-base/version.gitVersion"}
	Kubelet          = Program{Cache: cache, Name: "kubelet", Dir: "kubernetes", Module: "k8s.io/kubernetes", Pkg: "k8s.io/kubernetes/cmd/kubelet", Stamp: "k8s.io/component-base/version.gitVersion"}
	KWOK             = Program{Cache: cache, Name: "kwok", Module: "sigs.k8s.io/kwok", Pkg: "sigs.k8s.io/kwok/cmd/kwok"}
	KubeStateMetrics = Program{Cache: cache, Name: "kube-state-metrics", Module: "k8s.io/kube-state-metrics/v2", Pkg: "k8s.io/kube-state-metrics/v2"}
	Helm             = Program{Cache: cache, Name: "helm", Module: "helm.sh/helm/v4", Pkg: "helm.sh/helm/v4/cmd/helm"}
	Helm3            = Program{Cache: cache, Name: "helm3", Module: "helm.sh/helm/v3", Pkg: "helm.sh/helm/v3/cmd/helm"}
	// With every service discovery one of its dependencies is not to be had.
	Prometheus = Program{Cache: cache, Name: "prometheus", Module: "github.com/prometheus/prometheus", Pkg: "github.com/prometheus/prometheus/cmd/prometheus", Tags: "remove_all_sd,enable_kubernetes_sd"}
	// Only its custom resource definitions are of use.
	PrometheusOperator = Program{Cache: cache, Name: "prometheus-operator", Module: "github.com/prometheus-operator/prometheus-operator"}
)
