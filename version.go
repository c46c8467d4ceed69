package main

import (
	"runtime/debug"
	"strings"

	"github.com/prometheus/common/version"
)

// nameBuild gives a build without -ldflags a version: what the go command says of it.
func nameBuild() {
	if version.Version != "" {
		return
	}
	info, _ := debug.ReadBuildInfo()
	version.Version = buildVersion(info)
}

// buildVersion is the main module's version as releases are named, without the v, or
// "devel" where the go command knows none.
func buildVersion(info *debug.BuildInfo) string {
	if info == nil || !strings.HasPrefix(info.Main.Version, "v") {
		return "devel"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}
