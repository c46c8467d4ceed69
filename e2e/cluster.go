package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/program"
)

// cluster is a Kubernetes API with KWOK in place of kubelets, watched by a kube-state-metrics.
type cluster struct {
	dir        string
	kubeconfig string
	client     kubernetes.Interface
	config     *rest.Config
	kwok       string // address of the nodes' metrics
	ksm        *process.Process
	ksmAddress string
}

// podNetwork is where the pods' addresses are: on loopback, so that a process of this
// machine can answer for a pod.
const podNetwork = "127.32.0.0/16"

// patience is how long a server may take to start, and a window to appear.
const patience = 2 * time.Minute

// adminToken opens the API server that is started here, and nothing else.
const adminToken = "e2e"

// startCluster starts everything but Prometheus; all of it ends with the test.
func startCluster(t *testing.T, allowList string) *cluster {
	t.Helper()
	c := startControlPlane(t)
	c.startKWOK(t)
	c.ksmAddress = freeAddress(t)
	c.startKubeStateMetrics(t, allowList)
	return c
}

// startControlPlane starts what objects can be created in, though nothing comes of them.
func startControlPlane(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{dir: t.TempDir()}
	c.startAPIServer(t, c.startEtcd(t))
	return c
}

func (c *cluster) startEtcd(t *testing.T) string {
	store, peers := "http://"+freeAddress(t), "http://"+freeAddress(t)
	p := run(t, etcd, "--data-dir="+filepath.Join(c.dir, "etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls="+store, "--advertise-client-urls="+store,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=default="+peers)
	await(t, "etcd", p, func() error { return answers(store + "/health") })
	return store
}

func (c *cluster) startAPIServer(t *testing.T, store string) {
	address := freeAddress(t)
	host, port, _ := net.SplitHostPort(address)
	keys, tokens, certs := filepath.Join(c.dir, "sa.key"), filepath.Join(c.dir, "tokens.csv"), filepath.Join(c.dir, "certs")
	writeKey(t, keys)
	write(t, tokens, adminToken+",admin,admin,system:masters\n")
	p := run(t, apiserver, "--etcd-servers="+store, "--bind-address="+host, "--secure-port="+port, "--cert-dir="+certs,
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-signing-key-file="+keys, "--service-account-key-file="+keys,
		"--token-auth-file="+tokens, "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16",
		"--endpoint-reconciler-type=none", "--v=0")
	c.kubeconfig = filepath.Join(c.dir, "kubeconfig")
	config := clientcmdapi.NewConfig()
	config.Clusters["e2e"] = &clientcmdapi.Cluster{Server: "https://" + address, CertificateAuthority: filepath.Join(certs, "apiserver.crt")}
	config.AuthInfos["e2e"] = &clientcmdapi.AuthInfo{Token: adminToken}
	config.Contexts["e2e"] = &clientcmdapi.Context{Cluster: "e2e", AuthInfo: "e2e"}
	config.CurrentContext = "e2e"
	must(t, clientcmd.WriteToFile(*config, c.kubeconfig))
	await(t, "kube-apiserver", p, func() (err error) {
		if c.config, err = clientcmd.BuildConfigFromFlags("", c.kubeconfig); err != nil {
			return err
		}
		c.config.QPS, c.config.Burst = 500, 500
		if c.client, err = kubernetes.NewForConfig(c.config); err != nil {
			return err
		}
		return c.client.CoreV1().RESTClient().Get().AbsPath("/readyz").Do(t.Context()).Error()
	})
}

// startKWOK plays the nodes: pods with a node become Running, and each node has metrics
// as its kubelet's cAdvisor would give them (kubernetes/kwok.yaml).
func (c *cluster) startKWOK(t *testing.T) {
	source, err := kwok.Source(t.Context())
	must(t, err)
	stages := filepath.Join(source.Dir, "kustomize", "stage")
	c.kwok = freeAddress(t)
	args := []string{"--kubeconfig=" + c.kubeconfig, "--manage-all-nodes", "--node-ip=127.0.0.1", "--cidr=" + podNetwork, "--server-address=" + c.kwok, "--config=testdata/kwok.yaml"}
	for _, stage := range []string{"node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml", "pod/fast/pod-ready.yaml", "pod/fast/pod-delete.yaml"} {
		args = append(args, "--config="+filepath.Join(stages, stage))
	}
	p := run(t, kwok, args...)
	await(t, "kwok", p, func() error { return answers("http://" + c.kwok + "/healthz") })
}

// startKubeStateMetrics starts it, or starts it again.
func (c *cluster) startKubeStateMetrics(t *testing.T, allowList string) {
	host, port, _ := net.SplitHostPort(c.ksmAddress)
	telemetryHost, telemetryPort, _ := net.SplitHostPort(freeAddress(t))
	c.ksm = run(t, kubeStateMetrics, "--kubeconfig="+c.kubeconfig, "--host="+host, "--port="+port,
		"--telemetry-host="+telemetryHost, "--telemetry-port="+telemetryPort,
		"--resources=pods,nodes", "--metric-labels-allowlist="+allowList)
	await(t, "kube-state-metrics", c.ksm, func() error { return answers("http://" + c.ksmAddress + "/metrics") })
}

// run starts a program that ends with the test.
func run(t *testing.T, p program.Program, args ...string) *process.Process {
	t.Helper()
	path, err := p.Binary(t.Context(), cacheDir)
	must(t, err)
	return runPath(t, process.Command{Path: path, Args: args, Env: []string{"HOME=" + t.TempDir()}})
}

func runPath(t *testing.T, c process.Command) *process.Process {
	t.Helper()
	p, err := process.Start(c)
	must(t, err)
	t.Cleanup(func() {
		select {
		case <-p.Done(): // the test has ended it
		default:
			_ = p.Close() // how a server takes a SIGTERM is not what is tested
		}
	})
	return p
}

// await waits until ready says nothing against it, as long as the process runs on which
// that depends, if it depends on one.
func await(t *testing.T, what string, p *process.Process, ready func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var ended <-chan struct{}
	if p != nil {
		ended = p.Done()
	}
	for {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s: %v", what, p.Err())
		case <-ctx.Done():
			t.Fatalf("%s is not ready after %s: %v", what, patience, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func answers(url string) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}

// freeAddress returns an address of the loopback interface on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

func writeKey(t *testing.T, file string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	write(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
}

func write(t *testing.T, file, content string) {
	t.Helper()
	must(t, os.WriteFile(file, []byte(content), 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
