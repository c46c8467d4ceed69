package config

import (
	"strings"
	"testing"
)

func TestMatchers(t *testing.T) {
	target := map[string]string{"job": "kube-state-metrics", "namespace": "monitoring"}
	for text, want := range map[string]bool{
		`job="kube-state-metrics"`:                          true,
		`{job="kube-state-metrics", namespace=~"mon.*|x"}`:  true,
		`job="kube-state-metrics",namespace!="monitoring"`:  false,
		`namespace=~"mon"`:                                  false,
		`namespace!~"kube-.*",job=~"kube-state-metrics.*",`: true,
		`pod=""`:                             true,
		`job="kube\u002dstate\u002dmetrics"`: true,
		`job="kube.state.metrics"`:           false,
	} {
		is, err := matchers(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := is(func(l string) string { return target[l] }); got != want {
			t.Errorf("%s selects the target: %t", text, got)
		}
	}
	for text, want := range map[string]string{
		`{}`:            "has no label matcher",
		`job`:           `"job" is not a label matcher`,
		`job=x`:         `"job=x" is not a label matcher`,
		`job="x" a="y"`: `is not a label matcher`,
		`job=~"("`:      `"(" is not a regular expression`,
		`job="\q"`:      `is not quoted as PromQL does`,
		`1job="x"`:      `is not a label matcher`,
	} {
		if _, err := matchers(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
