package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sigs.k8s.io/yaml"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

const (
	release   = "seldon-prometheus-exporter"
	namespace = "seldon-system"
)

// helmRun runs a Helm against the cluster, or against none if c is nil.
func helmRun(t *testing.T, h programs.Program, c *cluster, args ...string) (string, error) {
	t.Helper()
	path, err := h.Binary(t.Context())
	must(t, err)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = c.env(t)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// makeRun runs one of the Makefile's targets against the cluster.
func makeRun(t *testing.T, c *cluster, target, flags string) string {
	t.Helper()
	path, err := programs.Helm.Binary(t.Context())
	must(t, err)
	cmd := exec.CommandContext(t.Context(), "make", "-C", "..", "--no-print-directory", target, "HELM="+path, "HELM_FLAGS="+flags)
	cmd.Env = c.env(t)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("make %s: %v\n%s", target, err, out)
	}
	return string(out)
}

func (c *cluster) env(t *testing.T) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	if c != nil {
		env = append(env, "KUBECONFIG="+c.Kubeconfig)
	}
	return env
}

func (c *cluster) deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	d, err := c.Client.AppsV1().Deployments(namespace).Get(t.Context(), release, metav1.GetOptions{})
	must(t, err)
	return d
}

// place makes the pod that the Deployment asks for, which its controller would make in a
// cluster that had one, and waits for its address.
func (c *cluster) place(t *testing.T, d *appsv1.Deployment, node string) *corev1.Pod {
	t.Helper()
	pods := c.Client.CoreV1().Pods(d.Namespace)
	template := d.Spec.Template
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Name, pod.Spec.NodeName = d.Name+"-0", node
	_, err := pods.Create(t.Context(), pod, metav1.CreateOptions{})
	must(t, err)
	programs.Await(t, "the exporter's pod", nil, func() (err error) {
		if pod, err = pods.Get(t.Context(), d.Name+"-0", metav1.GetOptions{}); err == nil && pod.Status.PodIP == "" {
			err = fmt.Errorf("phase %s, no address", pod.Status.Phase)
		}
		return err
	})
	return pod
}

// configFile is the key of the ConfigMap that holds the exporter's configuration file.
const configFile = "exporter.yml"

// runPod runs the pod's container as a process: with its very arguments, environment and
// configuration file, but on the pod's address, for on this machine "all addresses" would be
// everybody's.
func runPod(t *testing.T, c *cluster, binary string, pod *corev1.Pod) *process.Process {
	t.Helper()
	config, err := c.Client.CoreV1().ConfigMaps(pod.Namespace).Get(t.Context(), release, metav1.GetOptions{})
	programs.Must(t, err)
	mounted := filepath.Join(t.TempDir(), configFile)
	programs.Must(t, os.WriteFile(mounted, []byte(config.Data[configFile]), 0o600))
	container := pod.Spec.Containers[0]
	command := process.Command{Path: binary}
	for _, arg := range container.Args {
		if address, found := strings.CutPrefix(arg, "--web.listen-address=:"); found {
			arg = "--web.listen-address=" + net.JoinHostPort(pod.Status.PodIP, address)
		}
		if strings.HasPrefix(arg, "--config.file=") {
			arg = "--config.file=" + mounted
		}
		command.Args = append(command.Args, arg)
	}
	for _, env := range container.Env {
		if env.ValueFrom != nil {
			t.Fatalf("%s comes from elsewhere: this test cannot follow", env.Name)
		}
		command.Env = append(command.Env, env.Name+"="+env.Value)
	}
	return programs.RunPath(t, command)
}

// testRun runs the command of the pod that `helm test` starts. It asks the Service, in
// whose place the exporter's pod answers here.
func testRun(t *testing.T, c *cluster, exporterURL string) (string, error) {
	t.Helper()
	hooks, err := helmRun(t, programs.Helm, c, "get", "hooks", release, "--namespace="+namespace)
	if err != nil {
		t.Fatal(hooks)
	}
	var pod corev1.Pod
	programs.Must(t, yaml.Unmarshal([]byte(hooks), &pod))
	command := pod.Spec.Containers[0].Command
	for i := range command {
		command[i] = strings.ReplaceAll(command[i], "http://"+release+":8000", exporterURL)
	}
	out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
	return string(out), err
}

// buildExporter builds what the image holds.
func buildExporter(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, ".")
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the exporter: %w: %s", err, out)
	}
	return nil
}
