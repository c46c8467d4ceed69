package node

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/sandbox"
)

// namespace is where all pods are.
const namespace = "models"

// labels returns the pod labels by which a pod is a model's.
func labels(kind, model string) map[string]string {
	switch kind {
	case "SeldonDeployment":
		return map[string]string{"seldon-deployment-id": model}
	case "InferenceService":
		return map[string]string{"serving.kserve.io/inferenceservice": model}
	case "LLMInferenceService":
		return map[string]string{"app.kubernetes.io/name": model, "app.kubernetes.io/part-of": "llminferenceservice"}
	}
	return map[string]string{"app": model}
}

// newPod describes a pod on the node, of containers that are added by what follows.
func newPod(name, kind, model string, parts ...func(*corev1.Pod)) *corev1.Pod {
	no, grace := false, int64(2)
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: labels(kind, model)},
		Spec: corev1.PodSpec{
			NodeName: nodeName, HostNetwork: true, // there is no network of pods
			AutomountServiceAccountToken: &no, EnableServiceLinks: &no, TerminationGracePeriodSeconds: &grace,
		},
	}
	for _, part := range parts {
		part(p)
	}
	return p
}

// load adds a container that runs the load program with some flags.
func load(name, flags string, parts ...func(*corev1.Container)) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers = append(p.Spec.Containers, container(name, flags, parts)) }
}

// initLoad adds an init container, and sidecar one that stays.
func initLoad(name, flags string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.InitContainers = append(p.Spec.InitContainers, container(name, flags, nil))
	}
}

func sidecar(name, flags string, parts ...func(*corev1.Container)) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		c := container(name, flags, parts)
		always := corev1.ContainerRestartPolicyAlways
		c.RestartPolicy = &always
		p.Spec.InitContainers = append(p.Spec.InitContainers, c)
	}
}

// never has a pod end with its containers.
func never(p *corev1.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyNever }

func container(name, flags string, parts []func(*corev1.Container)) corev1.Container {
	c := corev1.Container{
		Name: name, Image: image, ImagePullPolicy: corev1.PullNever, Command: append([]string{"/load"}, strings.Fields(flags)...),
	}
	for _, part := range parts {
		part(&c)
	}
	return c
}

// requests sets what a container requests, and limits what it may use at most.
func requests(cpu, memory string) func(*corev1.Container) {
	return func(c *corev1.Container) { c.Resources.Requests = amounts(cpu, memory) }
}

func limits(cpu, memory string) func(*corev1.Container) {
	return func(c *corev1.Container) { c.Resources.Limits = amounts(cpu, memory) }
}

func amounts(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

// probed has a container restarted when nobody listens on a port any more.
func probed(port int) func(*corev1.Container) {
	return func(c *corev1.Container) {
		c.Command = append(c.Command, fmt.Sprintf("-listen=%s:%d", sandbox.Address, port))
		c.LivenessProbe = &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Host: sandbox.Address, Port: intstr.FromInt(port)}},
			PeriodSeconds: 5, FailureThreshold: 1, InitialDelaySeconds: 2,
		}
	}
}

func (n *node) create(ctx context.Context, p *corev1.Pod) error {
	_, err := n.Client.CoreV1().Pods(namespace).Create(ctx, p, metav1.CreateOptions{})
	return err
}

func (n *node) remove(ctx context.Context, pod string) error {
	return n.Client.CoreV1().Pods(namespace).Delete(ctx, pod, metav1.DeleteOptions{})
}
