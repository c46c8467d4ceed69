package cli

import (
	"runtime/debug"
	"testing"
)

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
