// Package e2e installs the chart into a real Kubernetes API server and runs the exporter
// as the chart says, beside a real kube-state-metrics and a real Prometheus. No container
// engine is needed: KWOK plays the nodes, and everything is a process on loopback.
package e2e

import "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/program"

// cacheDir holds the programs' binaries, in the cache of this project.
const cacheDir = "e2e"

var (
	etcd             = program.Program{Name: "etcd", Module: "go.etcd.io/etcd/server/v3", Pkg: "go.etcd.io/etcd/server/v3"}
	apiserver        = program.Program{Name: "kube-apiserver", Module: "k8s.io/kubernetes", Pkg: "k8s.io/kubernetes/cmd/kube-apiserver", Stamp: "k8s.io/component-base/version.gitVersion"}
	kwok             = program.Program{Name: "kwok", Module: "sigs.k8s.io/kwok", Pkg: "sigs.k8s.io/kwok/cmd/kwok"}
	kubeStateMetrics = program.Program{Name: "kube-state-metrics", Module: "k8s.io/kube-state-metrics/v2", Pkg: "k8s.io/kube-state-metrics/v2"}
	helm             = program.Program{Name: "helm", Module: "helm.sh/helm/v4", Pkg: "helm.sh/helm/v4/cmd/helm"}
	helm3            = program.Program{Name: "helm3", Module: "helm.sh/helm/v3", Pkg: "helm.sh/helm/v3/cmd/helm"}
	// With every service discovery one of its dependencies is not to be had.
	prometheus = program.Program{Name: "prometheus", Module: "github.com/prometheus/prometheus", Pkg: "github.com/prometheus/prometheus/cmd/prometheus", Tags: "remove_all_sd,enable_kubernetes_sd"}
	// Only its custom resource definitions are of use.
	prometheusOperator = program.Program{Name: "prometheus-operator", Module: "github.com/prometheus-operator/prometheus-operator"}
)
