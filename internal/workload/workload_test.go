package workload

import (
	"strings"
	"testing"
)

func TestSelect(t *testing.T) {
	kinds, err := Select([]string{"InferenceService", " SeldonDeployment", "InferenceService"})
	if err != nil {
		t.Fatal(err)
	}
	if got := joinNames(kinds); got != "InferenceService, SeldonDeployment" {
		t.Errorf("got %s: the order given is the order of precedence, each kind once", got)
	}
	for _, bad := range [][]string{{"Deployment"}, {""}, {}, {"seldondeployment"}} {
		if _, err := Select(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		} else if !strings.Contains(err.Error(), "SeldonDeployment, InferenceService") {
			t.Errorf("%q: %v does not say what to choose from", bad, err)
		}
	}
}

// kube-state-metrics renders a label's name with every other character than letters,
// digits and underscores replaced by an underscore, behind "label_".
func TestLabelSpellings(t *testing.T) {
	for _, k := range Kinds() {
		for _, l := range k.Labels {
			want := "label_" + strings.Map(func(r rune) rune {
				if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
					return r
				}
				return '_'
			}, l.Kubernetes)
			if l.Prometheus != want {
				t.Errorf("%s is rendered as %s, not %s", l.Kubernetes, want, l.Prometheus)
			}
		}
	}
}

func TestAllowList(t *testing.T) {
	want := "pods=[seldon-deployment-id,serving.kserve.io/inferenceservice,serving.kubeflow.org/inferenceservice]"
	if got := AllowList(Kinds()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
