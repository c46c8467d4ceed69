// Seldon Prometheus Exporter reads from a Prometheus what each model's pods used during
// every period, and exposes the averages as seven small metrics.
package main

import (
	"context"
	"os"

	"github.com/prometheus/common/version"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/cli"
)

func main() {
	if version.Version == "" { // built without -ldflags
		version.Version = cli.BuildVersion()
	}
	err := cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	os.Exit(cli.Exit(err, os.Stderr))
}
