package cli

import (
	"runtime/debug"
	"strings"
)

// BuildVersion returns the version of a build without -ldflags, from the go command.
func BuildVersion() string {
	info, _ := debug.ReadBuildInfo()
	return buildVersion(info)
}

// buildVersion returns the main module's version without the v, or "devel" if there is none.
func buildVersion(info *debug.BuildInfo) string {
	if info == nil || !strings.HasPrefix(info.Main.Version, "v") {
		return "devel"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}
