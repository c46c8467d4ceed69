// Package workload says what a model is: the Kubernetes kinds that serve models,
// and the pod labels by which the pods of one name it.
package workload

import (
	"cmp"
	"fmt"
	"strings"
)

// Model identifies one model server workload.
type Model struct {
	Namespace string
	Type      string // the Kubernetes kind
	Name      string
}

// Compare orders models by namespace, type and name.
func (m Model) Compare(o Model) int {
	return cmp.Or(cmp.Compare(m.Namespace, o.Namespace), cmp.Compare(m.Type, o.Type), cmp.Compare(m.Name, o.Name))
}

// Kind is a Kubernetes kind whose pods carry its object's name in a label.
type Kind struct {
	Name   string
	Labels []PodLabel // any of them makes a pod the kind's; the first that is set names the model
}

// PodLabel is a pod label that holds a model's name, in the two spellings that matter.
type PodLabel struct {
	Kubernetes string // as on the pod, and in kube-state-metrics' --metric-labels-allowlist
	Prometheus string // as kube-state-metrics renders it on kube_pod_labels
}

// Kinds returns every kind that is known, in order of precedence.
func Kinds() []Kind {
	return []Kind{
		// Seldon Core 1 labels every pod of a deployment so: predictors, canaries, explainers, orchestrators.
		{Name: "SeldonDeployment", Labels: []PodLabel{
			{"seldon-deployment-id", "label_seldon_deployment_id"},
		}},
		// KServe, and KFServing up to 0.6.
		{Name: "InferenceService", Labels: []PodLabel{
			{"serving.kserve.io/inferenceservice", "label_serving_kserve_io_inferenceservice"},
			{"serving.kubeflow.org/inferenceservice", "label_serving_kubeflow_org_inferenceservice"},
		}},
	}
}

// Select returns the kinds of the given names, in the names' order, which is the order
// of precedence for a pod that carries the labels of several.
func Select(names []string) ([]Kind, error) {
	known := Kinds()
	seen := make(map[string]bool, len(names))
	var kinds []Kind
	for _, name := range names {
		name = strings.TrimSpace(name)
		var found *Kind
		for i := range known {
			if known[i].Name == name {
				found = &known[i]
			}
		}
		if found == nil {
			return nil, fmt.Errorf("%q is not a kind this exporter knows: choose from %s", name, joinNames(known))
		}
		if !seen[name] {
			seen[name] = true
			kinds = append(kinds, *found)
		}
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("no kind is given: choose from %s", joinNames(known))
	}
	return kinds, nil
}

func joinNames(kinds []Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return strings.Join(names, ", ")
}

// AllowList returns the value of kube-state-metrics' --metric-labels-allowlist flag
// without which it exports none of the labels that name these kinds' models.
func AllowList(kinds []Kind) string {
	var labels []string
	for _, k := range kinds {
		for _, l := range k.Labels {
			labels = append(labels, l.Kubernetes)
		}
	}
	return "pods=[" + strings.Join(labels, ",") + "]"
}
