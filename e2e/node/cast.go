package node

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// port is where the container listens that a probe asks; the network is the sandbox's own.
const port = 7001

// story is what happens to a model's pods.
type story struct{ model, about string }

// stories are those of all models. Each has pods in every window.
func stories() []story {
	return []story{
		{"steady", "its load is steady, its requests equal its limits"},
		{"swinging", "its load swings, 40 s from peak to peak"},
		{"growing", "its memory grows"},
		{"sidecar", "it has a native sidecar"},
		{"crashing", "it exits after 25 s, each time"},
		{"stuck", "its liveness probe fails after 35 s, each time"},
		{"leaking", "it is killed at its memory limit, each time after some 20 s"},
		{"replaced", "its pod is deleted and created again under its name"},
		{"resized", "its requests and limits are changed in place"},
		{"heavy", "its pod is created, runs a heavy init container, and is deleted"},
		{"short", "its pod runs for 20 s and completes"},
		{"late", "its pod is created in one window and deleted in the next"},
	}
}

// cast are the pods that are there before the first window, and stay.
func cast() []*corev1.Pod {
	return []*corev1.Pod{
		newPod("steady-0", "SeldonDeployment", "steady",
			load("server", "-cpu=0.15 -memory=60", requests("200m", "128Mi"), limits("200m", "128Mi"))),
		newPod("swinging-0", "InferenceService", "swinging", load("server", "-cpu=0.2 -swing=0.15 -memory=40")),
		newPod("growing-0", "LLMInferenceService", "growing", load("server", "-cpu=0.03 -memory=40 -grow=0.5", requests("50m", "64Mi"))),
		newPod("sidecar-0", "SeldonDeployment", "sidecar",
			sidecar("agent", "-cpu=0.05 -memory=30", requests("50m", "32Mi")),
			load("server", "-cpu=0.05 -memory=50", requests("100m", "64Mi"), limits("300m", "128Mi"))),
		newPod("crashing-0", "InferenceService", "crashing", load("server", "-cpu=0.1 -memory=30 -lifetime=25s -code=1", requests("100m", "64Mi"))),
		newPod("stuck-0", "SeldonDeployment", "stuck", load("server", "-cpu=0.05 -memory=30 -deaf=35s", requests("50m", "64Mi"), probed(port))),
		newPod("leaking-0", "LLMInferenceService", "leaking",
			load("server", "-cpu=0.05 -memory=30 -grow=3", requests("50m", "64Mi"), limits("200m", "96Mi"))),
		replaced(),
		resized(),
		newPod("stranger-0", "", "stranger", load("server", "-cpu=0.05 -memory=20")),
	}
}

// replaced is a pod that is deleted and comes again under its name, as a StatefulSet's.
func replaced() *corev1.Pod {
	return newPod("replaced-0", "InferenceService", "replaced", load("server", "-cpu=0.1 -memory=50", requests("100m", "64Mi")))
}

// resized is a pod whose requests are changed while it runs.
func resized() *corev1.Pod {
	return newPod("resized-0", "SeldonDeployment", "resized", load("server", "-cpu=0.05 -memory=40", requests("60m", "64Mi"), limits("200m", "128Mi")))
}

// scene is something that happens in each window.
type scene struct {
	at   time.Duration // from the window's start
	next bool          // from the start of the window after it
	act  func(ctx context.Context, n *node, window int) error
}

// scenes are what happens in each window. What begins in a window ends in the same or the next.
func scenes() []scene {
	nth := func(name string, window int) string { return fmt.Sprintf("%s-%d", name, window) }
	return []scene{
		{10 * time.Second, false, func(ctx context.Context, n *node, w int) error {
			return n.create(ctx, newPod(nth("heavy", w), "SeldonDeployment", "heavy",
				initLoad("download", "-cpu=0.5 -memory=150 -lifetime=20s"),
				load("server", "-cpu=0.05 -memory=40", requests("50m", "64Mi"))))
		}},
		{25 * time.Second, false, func(ctx context.Context, n *node, w int) error {
			return n.create(ctx, newPod(nth("short", w), "InferenceService", "short", never,
				load("server", "-cpu=0.2 -memory=50 -lifetime=20s", requests("100m", "64Mi"), limits("500m", "96Mi"))))
		}},
		{35 * time.Second, false, func(ctx context.Context, n *node, _ int) error {
			if err := n.remove(ctx, "replaced-0"); err != nil {
				return err
			}
			for {
				err := n.create(ctx, replaced())
				if !apierrors.IsAlreadyExists(err) {
					return err
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(20 * time.Millisecond):
				}
			}
		}},
		{50 * time.Second, false, func(ctx context.Context, n *node, w int) error {
			patch := `{"spec":{"containers":[{"name":"server","resources":{"requests":{"cpu":"%dm","memory":"%dMi"},"limits":{"cpu":"%dm"}}}]}}`
			small := 1 + (w+1)%2 // twice as much, and again half
			_, err := n.Client.CoreV1().Pods(namespace).Patch(ctx, "resized-0", types.StrategicMergePatchType,
				fmt.Appendf(nil, patch, 60*small, 64*small, 200*small), metav1.PatchOptions{}, "resize")
			return err
		}},
		{60 * time.Second, false, func(ctx context.Context, n *node, w int) error {
			return n.create(ctx, newPod(nth("late", w), "LLMInferenceService", "late",
				load("server", "-cpu=0.1 -memory=40", requests("100m", "64Mi"), limits("300m", "128Mi"))))
		}},
		{75 * time.Second, false, func(ctx context.Context, n *node, w int) error { return n.remove(ctx, nth("heavy", w)) }},
		{90 * time.Second, false, func(ctx context.Context, n *node, w int) error { return n.remove(ctx, nth("short", w)) }},
		{45 * time.Second, true, func(ctx context.Context, n *node, w int) error { return n.remove(ctx, nth("late", w)) }},
	}
}
