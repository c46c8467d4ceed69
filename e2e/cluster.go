// Package e2e installs the chart into a real Kubernetes API server and runs the exporter
// as the chart says, beside a real kube-state-metrics and a real Prometheus. No container
// engine is needed: KWOK plays the nodes, and everything is a process on loopback.
package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/kube"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// cluster is a Kubernetes API with KWOK in place of kubelets, watched by a kube-state-metrics.
type cluster struct {
	*kube.API
	kwok       string // address of the nodes' metrics
	ksm        *process.Process
	ksmAddress string
}

// podNetwork is where the pods' addresses are: on loopback, so that a process of this
// machine can answer for a pod.
const podNetwork = "127.32.0.0/16"

// startCluster starts everything but Prometheus; all of it ends with the test.
func startCluster(t *testing.T, allowList string) *cluster {
	t.Helper()
	c := startControlPlane(t)
	c.startKWOK(t)
	c.ksmAddress = programs.FreeAddress(t)
	c.ksm = c.StartKubeStateMetrics(t, c.ksmAddress, allowList)
	return c
}

// startControlPlane starts what objects can be created in, though nothing comes of them.
func startControlPlane(t *testing.T) *cluster {
	t.Helper()
	return &cluster{API: kube.StartAPI(t)}
}

// startKWOK plays the nodes: pods with a node become Running, and each node has metrics
// as its kubelet's cAdvisor would give them (kubernetes/kwok.yaml).
func (c *cluster) startKWOK(t *testing.T) {
	source, err := programs.KWOK.Source(t.Context())
	must(t, err)
	stages := filepath.Join(source.Dir, "kustomize", "stage")
	c.kwok = programs.FreeAddress(t)
	args := []string{"--kubeconfig=" + c.Kubeconfig, "--manage-all-nodes", "--node-ip=127.0.0.1", "--cidr=" + podNetwork, "--server-address=" + c.kwok, "--config=testdata/kwok.yaml"}
	for _, stage := range []string{"node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml", "pod/fast/pod-ready.yaml", "pod/fast/pod-delete.yaml"} {
		args = append(args, "--config="+filepath.Join(stages, stage))
	}
	p := programs.Run(t, programs.KWOK, args...)
	programs.Await(t, "kwok", p, func() error { return programs.Answers("http://" + c.kwok + "/healthz") })
}

func write(t *testing.T, file, content string) {
	t.Helper()
	must(t, os.WriteFile(file, []byte(content), 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	programs.Must(t, err)
}
