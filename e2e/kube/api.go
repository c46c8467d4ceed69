// Package kube is a real Kubernetes API, and what watches it, as processes on loopback.
package kube

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// API is a Kubernetes API server over an etcd. Nothing comes of the objects in it.
type API struct {
	Dir        string
	Kubeconfig string
	Client     kubernetes.Interface
	Config     *rest.Config
}

// adminToken opens the API server that is started here, and nothing else.
const adminToken = "e2e"

// StartAPI starts the server; all of it ends with the test.
func StartAPI(t *testing.T) *API {
	t.Helper()
	a := &API{Dir: t.TempDir()}
	a.start(t, startEtcd(t, a.Dir))
	return a
}

func startEtcd(t *testing.T, dir string) string {
	store, peers := "http://"+programs.FreeAddress(t), "http://"+programs.FreeAddress(t)
	p := programs.Run(t, programs.Etcd, "--data-dir="+filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls="+store, "--advertise-client-urls="+store,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=default="+peers)
	programs.Await(t, "etcd", p, func() error { return programs.Answers(store + "/health") })
	return store
}

func (a *API) start(t *testing.T, store string) {
	address := programs.FreeAddress(t)
	host, port, _ := net.SplitHostPort(address)
	keys, tokens, certs := filepath.Join(a.Dir, "sa.key"), filepath.Join(a.Dir, "tokens.csv"), filepath.Join(a.Dir, "certs")
	writeKey(t, keys)
	programs.Must(t, os.WriteFile(tokens, []byte(adminToken+",admin,admin,system:masters\n"), 0o600))
	p := programs.Run(t, programs.APIServer, "--etcd-servers="+store, "--bind-address="+host, "--secure-port="+port, "--cert-dir="+certs,
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-signing-key-file="+keys, "--service-account-key-file="+keys,
		"--token-auth-file="+tokens, "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16",
		"--endpoint-reconciler-type=none", "--advertise-address="+host, "--v=0")
	a.Kubeconfig = filepath.Join(a.Dir, "kubeconfig")
	config := clientcmdapi.NewConfig()
	config.Clusters["e2e"] = &clientcmdapi.Cluster{Server: "https://" + address, CertificateAuthority: filepath.Join(certs, "apiserver.crt")}
	config.AuthInfos["e2e"] = &clientcmdapi.AuthInfo{Token: adminToken}
	config.Contexts["e2e"] = &clientcmdapi.Context{Cluster: "e2e", AuthInfo: "e2e"}
	config.CurrentContext = "e2e"
	programs.Must(t, clientcmd.WriteToFile(*config, a.Kubeconfig))
	programs.Await(t, "kube-apiserver", p, func() (err error) {
		if a.Config, err = clientcmd.BuildConfigFromFlags("", a.Kubeconfig); err != nil {
			return err
		}
		a.Config.QPS, a.Config.Burst = 500, 500
		if a.Client, err = kubernetes.NewForConfig(a.Config); err != nil {
			return err
		}
		return a.Client.CoreV1().RESTClient().Get().AbsPath("/readyz").Do(t.Context()).Error()
	})
}

func writeKey(t *testing.T, file string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	programs.Must(t, err)
	programs.Must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600))
}

// StartKubeStateMetrics starts one on an address, or starts it again.
func (a *API) StartKubeStateMetrics(t *testing.T, address, allowList string) *process.Process {
	t.Helper()
	host, port, _ := net.SplitHostPort(address)
	telemetryHost, telemetryPort, _ := net.SplitHostPort(programs.FreeAddress(t))
	p := programs.Run(t, programs.KubeStateMetrics, "--kubeconfig="+a.Kubeconfig, "--host="+host, "--port="+port,
		"--telemetry-host="+telemetryHost, "--telemetry-port="+telemetryPort,
		"--resources=pods,nodes", "--metric-labels-allowlist="+allowList)
	programs.Await(t, "kube-state-metrics", p, func() error { return programs.Answers("http://" + address + "/metrics") })
	return p
}

// CreateNamespace makes a namespace with the service account that Kubernetes' controllers
// would give it.
func (a *API) CreateNamespace(ctx context.Context, name string, labels map[string]string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	if _, err := a.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	_, err := a.Client.CoreV1().ServiceAccounts(name).Create(ctx, account, metav1.CreateOptions{})
	return err
}
