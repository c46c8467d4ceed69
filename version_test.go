package main

import (
	"runtime/debug"
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

func TestBuildVersion(t *testing.T) {
	for name, test := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"go run":                  {&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "devel"},
		"go install of a release": {&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "1.2.3"},
		"go build in a checkout":  {&debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-20260301120000-abcdef012345+dirty"}}, "0.0.0-20260301120000-abcdef012345+dirty"},
		"no version":              {&debug.BuildInfo{}, "devel"},
		"no information at all":   {nil, "devel"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := buildVersion(test.info); got != test.want {
				t.Errorf("version %s, want %s", got, test.want)
			}
		})
	}
}
