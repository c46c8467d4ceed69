package cli

import (
	"runtime/debug"
	"strings"
)

// BuildVersion is the version of a build without -ldflags: what the go command says of it.
func BuildVersion() string {
	info, _ := debug.ReadBuildInfo()
	return buildVersion(info)
}

// buildVersion is the main module's version as releases are named, without the v, or
// "devel" where the go command knows none.
func buildVersion(info *debug.BuildInfo) string {
	if info == nil || !strings.HasPrefix(info.Main.Version, "v") {
		return "devel"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}
