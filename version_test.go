package main

import (
	"slices"
	"strings"
	"testing"
)

// TestVersion: the chart is released with the exporter it installs, and both with a
// section of the changelog.
func TestVersion(t *testing.T) {
	version := strings.TrimSpace(read(t, "VERSION"))
	for _, test := range []struct {
		path string
		any  []string // one of these lines has to be there
	}{
		{"helm/seldon-prometheus-exporter/Chart.yaml", []string{"version: " + version}},
		{"helm/seldon-prometheus-exporter/Chart.yaml", []string{"appVersion: " + version}},
		{"CHANGELOG.md", []string{"## " + version, "## Unreleased"}},
	} {
		lines := strings.Split(read(t, test.path), "\n")
		if !slices.ContainsFunc(test.any, func(line string) bool { return slices.Contains(lines, line) }) {
			t.Errorf("VERSION is %s, and %s has no line %q", version, test.path, test.any)
		}
	}
}
