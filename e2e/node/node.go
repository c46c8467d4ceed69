// Package node runs pods on a real node: real containers, made by containerd and runc for a
// real kubelet, in a sandbox. What the kernel counted for each container is held against what
// the exporter says, which read it from a Prometheus that scraped the kubelet's cAdvisor and a
// kube-state-metrics.
package node

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/kube"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/sandbox"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// nodeName is the name of the one node.
const nodeName = "node-1"

// interval is how often Prometheus scrapes.
const interval = 15 * time.Second

// socket is containerd's: cAdvisor looks for no other.
const socket = "/run/containerd/containerd.sock"

// node is a Kubernetes API with one node.
type node struct {
	*kube.API
	dir        string
	kubelet    string // address of its API, and of cAdvisor
	prometheus string // URL
}

// startNode starts the API and the node.
func startNode(t *testing.T, runtime, archive string) *node {
	t.Helper()
	n := &node{API: kube.StartAPI(t), dir: sandbox.Dir()}
	n.startContainerd(t, runtime, archive)
	n.startKubelet(t)
	n.watch(t)
	return n
}

// watch starts a kube-state-metrics, and a Prometheus that scrapes it and the kubelet.
func (n *node) watch(t *testing.T) {
	t.Helper()
	ksm := programs.FreeAddress(t)
	n.StartKubeStateMetrics(t, ksm, workload.AllowList(workload.Kinds()))
	config := n.configure(t, "prometheus.yml", map[string]any{"Interval": interval, "KubeStateMetrics": ksm, "Kubelet": n.kubelet})
	address := programs.FreeAddress(t)
	n.prometheus = "http://" + address
	p := programs.Run(t, programs.Prometheus, "--config.file="+config, "--web.listen-address="+address,
		"--storage.tsdb.path="+filepath.Join(n.dir, "tsdb"), "--log.level=warn")
	programs.Await(t, "prometheus", p, func() error { return programs.Answers(n.prometheus + "/-/ready") })
}

// startContainerd starts it from Debian's unpacked packages, with the image that all runs.
func (n *node) startContainerd(t *testing.T, tree, archive string) {
	t.Helper()
	config := n.configure(t, "containerd.toml", map[string]any{"Dir": filepath.Join(n.dir, "containerd"), "Socket": socket, "Image": image})
	bin := filepath.Join(tree, "usr", "bin")
	p := programs.RunPath(t, process.Command{
		Path: filepath.Join(bin, "containerd"), Args: []string{"--config=" + config},
		Env: []string{"PATH=" + strings.Join([]string{bin, filepath.Join(tree, "usr", "sbin"), os.Getenv("PATH")}, ":")},
		Log: filepath.Join(n.dir, "containerd.log"),
	})
	programs.Await(t, "containerd", p, func() error {
		out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "ctr"), "--address="+socket, "--namespace=k8s.io", "images", "import", archive).CombinedOutput()
		if err != nil {
			return fmt.Errorf("import of the image: %w: %s", err, out)
		}
		return nil
	})
}

// startKubelet starts it, and waits until it has registered its node.
func (n *node) startKubelet(t *testing.T) {
	t.Helper()
	var files syscall.Rlimit
	programs.Must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files))
	n.kubelet = programs.FreeAddress(t)
	_, port, _ := net.SplitHostPort(n.kubelet)
	root := filepath.Join(n.dir, "kubelet")
	config := n.configure(t, "kubelet.yaml", map[string]any{"Port": port, "Socket": socket, "Dir": root, "MaxOpenFiles": files.Max})
	path, err := programs.Kubelet.Binary(t.Context())
	programs.Must(t, err)
	p := programs.RunPath(t, process.Command{
		Path: path,
		Args: []string{"--config=" + config, "--kubeconfig=" + n.Kubeconfig, "--root-dir=" + root, "--cert-dir=" + filepath.Join(root, "pki"),
			"--hostname-override=" + nodeName, "--node-ip=" + sandbox.Address},
		Env: []string{"PATH=" + os.Getenv("PATH")},
		Log: filepath.Join(n.dir, "kubelet.log"),
	})
	programs.Await(t, "the kubelet", p, func() error {
		_, err := n.Client.CoreV1().Nodes().Get(t.Context(), nodeName, metav1.GetOptions{})
		return err
	})
}

// configure writes a program's configuration from its template.
func (n *node) configure(t *testing.T, file string, values map[string]any) string {
	t.Helper()
	text, err := template.ParseFiles(filepath.Join("testdata", file))
	programs.Must(t, err)
	var out bytes.Buffer
	programs.Must(t, text.Execute(&out, values))
	path := filepath.Join(n.dir, file)
	programs.Must(t, os.WriteFile(path, out.Bytes(), 0o600))
	return path
}
