package config

// Stands in for workload.ParseKind, and for a workload.Select that takes further kinds.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Kind is a kind that a setting adds.
type Kind struct {
	workload.Kind
	Where map[string]string // further labels that a pod must carry, and their values
}

// parseKind reads Name=label,other=value.
func parseKind(text string) (Kind, error) {
	naming, further, _ := strings.Cut(text, ",")
	name, label, _ := strings.Cut(strings.TrimSpace(naming), "=")
	if name == "" || label == "" {
		return Kind{}, errors.New("names no kind and its label: write RayService=ray.io/serve")
	}
	k := Kind{Where: map[string]string{}}
	k.Name = name
	k.Labels = []workload.PodLabel{{Kubernetes: label, Prometheus: "label_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, label)}}
	for pair := range strings.SplitSeq(further, ",") {
		label, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if further != "" && (!ok || label == "") {
			return Kind{}, fmt.Errorf("has %q, which is no label and its value: write other=value", pair)
		}
		if ok {
			k.Where[label] = value
		}
	}
	return k, nil
}

func selectKinds(names []string, extra []Kind) ([]workload.Kind, error) {
	var kinds []workload.Kind
	for _, name := range names {
		if i := slices.IndexFunc(extra, func(k Kind) bool { return k.Name == name }); i >= 0 {
			kinds = append(kinds, extra[i].Kind)
			continue
		}
		known, err := workload.Select([]string{name})
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, known...)
	}
	if len(kinds) == 0 {
		return workload.Select(names)
	}
	return slices.CompactFunc(kinds, func(a, b workload.Kind) bool { return a.Name == b.Name }), nil
}
