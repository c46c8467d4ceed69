package workload

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	kindName   = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	labelName  = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)
	labelValue = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)
)

// ParseKind reads a kind of the user's own: its name, the pod label that names the model,
// and further labels with the values that they must have, as
// "RayService=ray.io/serve-app,app.kubernetes.io/component=serve". The error completes a
// sentence that begins with the text.
func ParseKind(text string) (Kind, error) {
	const remedy = `write Kind=label, such as RayService=ray.io/serve-app, with further labels behind commas`
	first, rest, _ := strings.Cut(text, ",")
	name, label, ok := strings.Cut(strings.TrimSpace(first), "=")
	switch {
	case !ok:
		return Kind{}, fmt.Errorf("names no pod label: %s", remedy)
	case !kindName.MatchString(name):
		return Kind{}, fmt.Errorf("has the kind %q, which Kubernetes would not take: %s", name, remedy)
	case !labelName.MatchString(label):
		return Kind{}, fmt.Errorf("has the label %q, which Kubernetes would not take: %s", label, remedy)
	}
	k := Kind{Name: name, Labels: []string{label}}
	for pair := range strings.SplitSeq(rest, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		label, value, ok := strings.Cut(pair, "=")
		if !ok || !labelValue.MatchString(value) || !labelName.MatchString(label) {
			return Kind{}, fmt.Errorf("has %q where a further label and its value belong: %s", pair, remedy)
		}
		if k.Where == nil {
			k.Where = map[string]string{}
		}
		k.Where[label] = value
	}
	return k, nil
}
