package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
)

// builtVariable names the directory with what was built for this run.
const builtVariable = "NODE_BUILT"

// The files in it.
func exporterPath() string { return filepath.Join(os.Getenv(builtVariable), "exporter") }
func imagePath() string    { return filepath.Join(os.Getenv(builtVariable), "image.tar") }

// prepare builds and fetches everything that the test runs.
func prepare(t *testing.T) {
	t.Helper()
	t.Setenv(builtVariable, t.TempDir())
	for _, p := range []programs.Program{programs.Etcd, programs.APIServer, programs.Kubelet, programs.KubeStateMetrics, programs.Prometheus} {
		_, err := p.Binary(t.Context())
		programs.Must(t, err)
	}
	runtimeTree(t)
	programs.Must(t, writeImage(t.Context(), imagePath()))
	programs.Must(t, buildExporter(t.Context(), exporterPath()))
}

// runtimeTree returns Debian's containerd and runc, unpacked.
func runtimeTree(t *testing.T) debian.Tree {
	t.Helper()
	cache, err := debian.CacheDir()
	programs.Must(t, err)
	tree, err := debian.Unpack(t.Context(), cache, "containerd", "runc")
	programs.Must(t, err)
	return tree
}

func buildExporter(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, ".")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the exporter: %w: %s", err, out)
	}
	return nil
}

// versionsOf returns the versions of what takes part.
func versionsOf(t *testing.T) versions {
	t.Helper()
	version := func(p programs.Program) string {
		v, err := p.Version(t.Context())
		programs.Must(t, err)
		return v
	}
	return versions{
		Kubernetes: version(programs.Kubelet), KubeStateMetrics: version(programs.KubeStateMetrics), Prometheus: version(programs.Prometheus),
		Containerd: runtimeTree(t).Version,
	}
}
