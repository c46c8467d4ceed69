package node

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// sign is what shows in the API that something happened which the test is about.
type sign struct {
	what  string
	pod   string // the beginning of its name
	shows func(*corev1.Pod) bool
}

func signs() []sign {
	terminated := func(reason string) func(*corev1.Pod) bool {
		return func(p *corev1.Pod) bool {
			for _, s := range p.Status.ContainerStatuses {
				if t := s.LastTerminationState.Terminated; s.RestartCount > 0 && t != nil && (reason == "" || t.Reason == reason) {
					return true
				}
			}
			return false
		}
	}
	initialized := func(p *corev1.Pod) bool {
		for _, s := range p.Status.InitContainerStatuses {
			if s.State.Terminated != nil && s.State.Terminated.ExitCode == 0 {
				return true
			}
		}
		return false
	}
	return []sign{
		{"a container crashes and is restarted", "crashing", terminated("Error")},
		{"a container is killed for want of memory", "leaking", terminated("OOMKilled")},
		{"a container is restarted by its probe", "stuck", terminated("")},
		{"an init container runs to completion", "heavy", initialized},
		{"a native sidecar runs", "sidecar", func(p *corev1.Pod) bool {
			s := p.Status.InitContainerStatuses
			return len(s) > 0 && s[0].State.Running != nil
		}},
		{"a pod completes", "short", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodSucceeded }},
		{"a request is raised in place", "resized", func(p *corev1.Pod) bool {
			s := p.Status.ContainerStatuses
			return len(s) > 0 && s[0].RestartCount == 0 && s[0].Resources != nil && s[0].Resources.Requests.Cpu().MilliValue() == 120
		}},
		{"a pod comes late", "late", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning }},
	}
}

// missing returns what did not happen in a recording though it should have.
func (r recording) missing() []string {
	var out []string
	for _, s := range signs() {
		if !r.shows(s) {
			out = append(out, s.what)
		}
	}
	incarnations := map[types.UID]bool{}
	deleted := false
	for _, e := range r.events {
		if strings.HasPrefix(e.pod.Name, "replaced") {
			incarnations[e.pod.UID] = true
		}
		deleted = deleted || e.deleted && strings.HasPrefix(e.pod.Name, "heavy")
	}
	if len(incarnations) < 2 {
		out = append(out, "a pod is re-created under its name")
	}
	if !deleted {
		out = append(out, "a pod is deleted")
	}
	return out
}

func (r recording) shows(s sign) bool {
	for _, e := range r.events {
		if strings.HasPrefix(e.pod.Name, s.pod) && s.shows(e.pod) {
			return true
		}
	}
	return false
}
