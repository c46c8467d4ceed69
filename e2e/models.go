package e2e

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// model is what the exporter names its series by.
type model struct{ namespace, kind, name string }

// label is the pod label by which a pod says whose it is.
var label = map[string]string{
	"SeldonDeployment": "seldon-deployment-id",
	"InferenceService": "serving.kserve.io/inferenceservice",
	"":                 "app", // of no model
}

// uses is what each container of a pod requests and uses.
type uses struct{ cpuMilli, memoryMi int64 }

// life is a pod and when it was there, as the API tells.
type life struct {
	model
	uses
	name     string
	from, to time.Time // to is zero while it is there
}

// containersPerPod is how many containers each model's pod has.
const containersPerPod = 2

// population is every pod that was created, and when it came and went.
type population struct {
	*cluster
	pods []*life
}

// create creates n pods of a model, and notes when their containers started.
func (p *population) create(ctx context.Context, m model, u uses, n int) error {
	var created []*life
	for range n {
		created = append(created, &life{model: m, uses: u, name: fmt.Sprintf("%s-%d", m.name, len(p.pods))})
		p.pods = append(p.pods, created[len(created)-1])
	}
	var group errgroup.Group
	for i, l := range created {
		node := nodeName((len(p.pods) + i) % nodes)
		group.Go(func() error { return p.start(ctx, l, node) })
	}
	return group.Wait()
}

func (p *population) start(ctx context.Context, l *life, node string) error {
	pods := p.Client.CoreV1().Pods(l.namespace)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: l.name, Labels: map[string]string{label[l.kind]: l.model.name},
			Annotations: map[string]string{
				"kwok.x-k8s.io/usage-cpu":    fmt.Sprintf("%dm", l.cpuMilli),
				"kwok.x-k8s.io/usage-memory": fmt.Sprintf("%dMi", l.memoryMi),
			},
		},
		Spec: corev1.PodSpec{NodeName: node, TerminationGracePeriodSeconds: new(int64)},
	}
	for i := range containersPerPod {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{
			Name: fmt.Sprintf("container-%d", i), Image: "registry.example/model:1",
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: milli(2 * l.cpuMilli), corev1.ResourceMemory: mebi(2 * l.memoryMi)},
				Limits:   corev1.ResourceList{corev1.ResourceCPU: milli(4 * l.cpuMilli), corev1.ResourceMemory: mebi(4 * l.memoryMi)},
			},
		})
	}
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	for {
		pod, err := pods.Get(ctx, l.name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if pod.Status.Phase == corev1.PodRunning {
			l.from = pod.Status.ContainerStatuses[0].State.Running.StartedAt.Time
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("pod %s/%s is %s: %w", l.namespace, l.name, pod.Status.Phase, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// remove deletes every pod of a model.
func (p *population) remove(ctx context.Context, m model) error {
	for _, l := range p.pods {
		if l.model != m || !l.to.IsZero() {
			continue
		}
		if err := p.Client.CoreV1().Pods(m.namespace).Delete(ctx, l.name, metav1.DeleteOptions{}); err != nil {
			return err
		}
		l.to = time.Now()
	}
	return nil
}

// want is what a value should be, and how far off it may be.
type want struct{ value, bound float64 }

// unknowable is what a start or a stop may be off by: the API tells starts in whole
// seconds, and scrapes see both up to two intervals late, one of them the API server's
// and KWOK's own delay.
const unknowable = 2*scrapeInterval + time.Second

// expected returns the value of each metric of each model over [end-period, end).
func (p *population) expected(end time.Time) map[string]map[model]want {
	start := end.Add(-period)
	out := map[string]map[model]want{}
	add := func(metric string, m model, perPod float64, relative float64, share, doubt time.Duration) {
		if out[metric] == nil {
			out[metric] = map[model]want{}
		}
		w := out[metric][m]
		w.value += perPod * share.Seconds() / period.Seconds()
		w.bound += perPod * (doubt.Seconds()/period.Seconds() + relative)
		out[metric][m] = w
	}
	for _, l := range p.pods {
		from, to := l.from, l.to
		var doubt time.Duration
		if from.Before(start) {
			from = start
		} else {
			doubt += unknowable
		}
		if to.IsZero() || to.After(end) {
			to = end
		} else {
			doubt += unknowable
		}
		if l.kind == "" || !from.Before(to) {
			continue
		}
		share := to.Sub(from)
		const mi = 1 << 20
		add("model_containers_average", l.model, containersPerPod, 1e-9, share, doubt)
		// KWOK counts CPU by its own clock, when a scrape happens to reach it.
		add("model_cpu_usage_seconds_total", l.model, containersPerPod*float64(l.cpuMilli)/1000, 0.03, share, doubt)
		add("model_memory_usage_bytes", l.model, containersPerPod*float64(l.memoryMi*mi), 1e-9, share, doubt)
		add("model_cpu_requests", l.model, containersPerPod*float64(2*l.cpuMilli)/1000, 1e-9, share, doubt)
		add("model_cpu_limits", l.model, containersPerPod*float64(4*l.cpuMilli)/1000, 1e-9, share, doubt)
		add("model_memory_requests_bytes", l.model, containersPerPod*float64(2*l.memoryMi*mi), 1e-9, share, doubt)
		add("model_memory_limits_bytes", l.model, containersPerPod*float64(4*l.memoryMi*mi), 1e-9, share, doubt)
	}
	return out
}

func milli(n int64) resource.Quantity { return *resource.NewMilliQuantity(n, resource.DecimalSI) }

func mebi(n int64) resource.Quantity { return *resource.NewQuantity(n<<20, resource.BinarySI) }
