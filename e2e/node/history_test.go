package node

import (
	"math"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// TestHistory: a container runs from 0:10 to 0:40 at half a core, and again from 0:50 at a
// quarter; its request is raised at 1:00; the pod is deleted at 1:40.
func TestHistory(t *testing.T) {
	origin := time.Unix(1_800_000_000, 0)
	at := func(s float64) time.Time { return origin.Add(time.Duration(s * float64(time.Second))) }
	running := func(since float64) corev1.ContainerState {
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(at(since).Truncate(time.Second))}}
	}
	ended := func(id string, from, to float64) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ContainerID: "containerd://" + id, StartedAt: metav1.NewTime(at(from)), FinishedAt: metav1.NewTime(at(to)),
		}}
	}
	seen := func(when float64, phase corev1.PodPhase, request, id string, now, last corev1.ContainerState) event {
		p := newPod("wine-0", "SeldonDeployment", "wine", load("server", ""))
		p.UID = "uid"
		p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(request)}
		p.Status.Phase = phase
		if id != "" {
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "server", ContainerID: "containerd://" + id, State: now, LastTerminationState: last}}
		}
		return event{at: at(when), pod: p}
	}
	none := corev1.ContainerState{}
	r := recording{counters: counters{}, events: []event{
		seen(5, corev1.PodPending, "1", "", none, none),
		seen(10, corev1.PodRunning, "1", "a", running(10), none),
		seen(42, corev1.PodRunning, "1", "a", ended("a", 10, 40), none), // 2 s late
		seen(50, corev1.PodRunning, "1", "b", running(50), ended("a", 10, 40)),
		seen(60, corev1.PodRunning, "2", "b", running(50), ended("a", 10, 40)),
		seen(100, corev1.PodRunning, "2", "b", ended("b", 50, 100), ended("a", 10, 40)),
	}}
	deleted := r.events[len(r.events)-1]
	deleted.deleted = true
	r.events = append(r.events, deleted)
	for s := 10.5; s < 40; s++ {
		r.counters["a"] = append(r.counters["a"], reading{at(s), time.Duration((s - 10) * 0.5 * 1e9), 100})
	}
	for s := 50.5; s < 100; s++ {
		r.counters["b"] = append(r.counters["b"], reading{at(s), time.Duration((s - 50) * 0.25 * 1e9), 200})
	}
	every15 := scrapes{Schedule: cluster.Schedule{Every: interval, Offset: time.Second}} // 0:31, 0:46
	window := cluster.Span{To: 2 * time.Minute}
	h, late := r.history(origin, window, every15, every15)
	if err := h.Check(); err != nil {
		t.Fatal(err)
	}
	got := cluster.Truth(&h, window)[cluster.Model{Namespace: namespace, Type: "SeldonDeployment", Name: "wine"}]
	for metric, want := range map[cluster.Metric]float64{
		cluster.Containers:  (30 + 50) / 120.0,
		cluster.CPUUsage:    (15 + 12.5) / 120.0,
		cluster.MemoryUsage: (30*100 + 50*200) / 120.0,
		cluster.CPURequests: (55*1 + 40*2) / 120.0,
	} {
		// An end is in the middle of the second that the API has.
		if v := got[metric]; !v.OK || math.Abs(v.V/want-1) > 0.02 {
			t.Errorf("%s is %v, want %g", metric, v, want)
		}
	}
	// The API said 2 s late that the container had ended; no scrape lies in between.
	off := doubts(&h, late, window)[cluster.Model{Namespace: namespace, Type: "SeldonDeployment", Name: "wine"}]
	if s := off[cluster.Containers].V * 120; math.Abs(s-2) > 0.01 {
		t.Errorf("the lives are in doubt for %g s, want 2", s)
	}
	h.KSMs[0].Offset = 11 * time.Second // now one does, at 0:41: it showed it running
	off = doubts(&h, late, window)[cluster.Model{Namespace: namespace, Type: "SeldonDeployment", Name: "wine"}]
	if s := off[cluster.Containers].V * 120; math.Abs(s-2-interval.Seconds()) > 0.01 {
		t.Errorf("with a scrape in the lag, the lives are in doubt for %g s, want %g", s, 2+interval.Seconds())
	}
}
