package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
)

// event is what the API showed of a pod from a moment on.
type event struct {
	at      time.Time
	deleted bool
	pod     *corev1.Pod
}

// follow collects the API's events of all pods until the context ends. The watch has begun when
// it closes begun.
func follow(ctx context.Context, client kubernetes.Interface, begun chan<- struct{}) ([]event, error) {
	forever := int64(3600)
	w, err := client.CoreV1().Pods("").Watch(ctx, metav1.ListOptions{TimeoutSeconds: &forever})
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	close(begun)
	var out []event
	for {
		select {
		case <-ctx.Done():
			return out, nil
		case e, open := <-w.ResultChan():
			if !open {
				if ctx.Err() != nil {
					return out, nil
				}
				return nil, errors.New("the API has ended the watch of pods")
			}
			pod, ok := e.Object.(*corev1.Pod)
			if !ok {
				return nil, fmt.Errorf("the watch of pods has %s: %v", e.Type, e.Object)
			}
			out = append(out, event{time.Now(), e.Type == watch.Deleted, pod})
		}
	}
}
