// Package workload says what a model is: the Kubernetes kinds that serve models, and the
// pod labels by which the pods of one name it. Pure.
package workload

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Model identifies one model server workload.
type Model struct {
	Cluster   string // empty unless a cluster label is configured
	Namespace string
	Type      string // the Kubernetes kind
	Name      string
}

// Compare orders models by cluster, namespace, type and name.
func (m Model) Compare(o Model) int {
	return cmp.Or(cmp.Compare(m.Cluster, o.Cluster), cmp.Compare(m.Namespace, o.Namespace), cmp.Compare(m.Type, o.Type), cmp.Compare(m.Name, o.Name))
}

// Kind is a Kubernetes kind whose pods carry its object's name in a label.
type Kind struct {
	Name    string
	Labels  []string          // pod labels with the model's name; the first that is set names it
	Where   map[string]string // further pod labels and the values that they must have
	Default bool              // it is a model unless --kinds says otherwise
}

// Kinds returns every kind that is known, in order of precedence.
func Kinds() []Kind {
	return []Kind{
		// Seldon Core 1 labels every pod of a deployment so: predictors, canaries, explainers, orchestrators.
		{Name: "SeldonDeployment", Labels: []string{"seldon-deployment-id"}, Default: true},
		// KServe, and KFServing up to 0.6.
		{Name: "InferenceService", Labels: []string{"serving.kserve.io/inferenceservice", "serving.kubeflow.org/inferenceservice"}, Default: true},
		// KServe from 0.16 on. The name's label is everybody's: the other one says whose it is.
		{Name: "LLMInferenceService", Labels: []string{"app.kubernetes.io/name"}, Where: map[string]string{"app.kubernetes.io/part-of": "llminferenceservice"}},
		{Name: "InferenceGraph", Labels: []string{"serving.kserve.io/inferencegraph"}},
		// Seldon Core 2: many models share the pods of one server.
		{Name: "Server", Labels: []string{"seldon-server-name"}, Where: map[string]string{"app.kubernetes.io/name": "seldon-server"}},
	}
}

// Defaults returns the names of the kinds that are models by default, separated by commas.
func Defaults() string {
	return names(slices.DeleteFunc(Kinds(), func(k Kind) bool { return !k.Default }), ",")
}

// Select returns the kinds of the given names, of those that are known and of further ones,
// in the names' order: the order of precedence for a pod that carries the labels of several.
func Select(wanted []string, further []Kind) ([]Kind, error) {
	known := slices.Concat(further, Kinds())
	var kinds []Kind
	for _, name := range wanted {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(known, func(k Kind) bool { return k.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("%q is not a kind this exporter knows: choose from %s", name, names(known, ", "))
		}
		if !slices.ContainsFunc(kinds, func(k Kind) bool { return k.Name == name }) {
			kinds = append(kinds, known[i])
		}
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("no kind is given: choose from %s", names(known, ", "))
	}
	return kinds, nil
}

func names(kinds []Kind, separator string) string {
	var all []string
	for _, k := range kinds {
		all = append(all, k.Name)
	}
	return strings.Join(all, separator)
}

// AllowList returns the value of kube-state-metrics' --metric-labels-allowlist flag
// without which it exports none of the labels that name these kinds' models.
func AllowList(kinds []Kind) string {
	var labels []string
	for _, k := range kinds {
		for _, l := range slices.Concat(k.Labels, slices.Sorted(maps.Keys(k.Where))) {
			if !slices.Contains(labels, l) {
				labels = append(labels, l)
			}
		}
	}
	return "pods=[" + strings.Join(labels, ",") + "]"
}
