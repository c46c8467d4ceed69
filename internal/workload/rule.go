package workload

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Rule is one way in which the labels of kube_pod_labels make a pod a model's.
type Rule struct {
	Type  string
	Label string      // its value is the model's name
	Where [][2]string // labels and the values that they must have
}

// Rules returns the kinds' rules, in order of precedence.
func Rules(kinds []Kind) []Rule {
	var rules []Rule
	for _, k := range kinds {
		var where [][2]string
		for _, label := range slices.Sorted(maps.Keys(k.Where)) {
			where = append(where, [2]string{Rendered(label), k.Where[label]})
		}
		for _, label := range k.Labels {
			rules = append(rules, Rule{Type: k.Name, Label: Rendered(label), Where: where})
		}
	}
	return rules
}

// Owner returns the type and name of the model that labels name, by the first rule that
// holds, and "" where none does.
func Owner(rules []Rule, get func(label string) string) (kind, name string) {
	for _, r := range rules {
		if name := get(r.Label); name != "" && !slices.ContainsFunc(r.Where, func(w [2]string) bool { return get(w[0]) != w[1] }) {
			return r.Type, name
		}
	}
	return "", ""
}

var (
	notAllowed = regexp.MustCompile(`[^a-zA-Z0-9_]`)
	camelCase  = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

// Rendered returns the name by which kube-state-metrics shows a pod label (its
// internal/store/utils.go): characters that a label may not have become underscores, and
// camel case becomes snake case.
func Rendered(label string) string {
	return "label_" + strings.ToLower(camelCase.ReplaceAllString(notAllowed.ReplaceAllString(label, "_"), "${1}_${2}"))
}
