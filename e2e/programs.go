// Package e2e installs the chart into a real Kubernetes API server and runs the exporter
// as the chart says, beside a real kube-state-metrics and a real Prometheus. No container
// engine is needed: KWOK plays the nodes, and everything is a process on loopback.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
)

// program is a real program, built from the Go module that pins it in programs/.
type program struct {
	name   string // of the directory in programs/, and of the binary
	module string
	pkg    string
	tags   string
	stamp  string // the linker variable that has to hold the version, if one has to
}

var (
	etcd             = program{name: "etcd", module: "go.etcd.io/etcd/server/v3", pkg: "go.etcd.io/etcd/server/v3"}
	apiserver        = program{name: "kube-apiserver", module: "k8s.io/kubernetes", pkg: "k8s.io/kubernetes/cmd/kube-apiserver", stamp: "k8s.io/component-base/version.gitVersion"}
	kwok             = program{name: "kwok", module: "sigs.k8s.io/kwok", pkg: "sigs.k8s.io/kwok/cmd/kwok"}
	kubeStateMetrics = program{name: "kube-state-metrics", module: "k8s.io/kube-state-metrics/v2", pkg: "k8s.io/kube-state-metrics/v2"}
	helm             = program{name: "helm", module: "helm.sh/helm/v4", pkg: "helm.sh/helm/v4/cmd/helm"}
	helm3            = program{name: "helm3", module: "helm.sh/helm/v3", pkg: "helm.sh/helm/v3/cmd/helm"}
	// With every service discovery one of its dependencies is not to be had.
	prometheus = program{name: "prometheus", module: "github.com/prometheus/prometheus", pkg: "github.com/prometheus/prometheus/cmd/prometheus", tags: "remove_all_sd,enable_kubernetes_sd"}
	// Only its custom resource definitions are of use.
	prometheusOperator = program{name: "prometheus-operator", module: "github.com/prometheus-operator/prometheus-operator"}
)

// source is where a module was unpacked, and which version it is.
type source struct{ Dir, Version string }

// source fetches the program's module.
func (p program) source(ctx context.Context) (source, error) {
	var s source
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", p.module)
	cmd.Dir = filepath.Join("programs", p.name)
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		return s, fmt.Errorf("fetch %s: %w: %s", p.module, err, out)
	}
	return s, nil
}

// binary returns the program's path, in the cache of this project, where it is built
// first if it is not there yet.
func (p program) binary(ctx context.Context) (string, error) {
	cache, err := debian.CacheDir()
	if err != nil {
		return "", err
	}
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", p.module)
	list.Dir = filepath.Join("programs", p.name)
	out, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", p.module, err)
	}
	version := strings.TrimSpace(string(out))
	name := p.name + "-" + version
	path := filepath.Join(cache, "e2e", name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	fmt.Printf("building %s, once: this takes minutes\n", name)
	began := time.Now()
	unfinished := fmt.Sprintf("%s.%d", path, os.Getpid())
	ldflags := "-s -w"
	if p.stamp != "" {
		ldflags += " -X " + p.stamp + "=" + version
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags="+ldflags, "-tags="+p.tags, "-o", unfinished, p.pkg)
	build.Dir, build.Env = list.Dir, append(os.Environ(), "CGO_ENABLED=0")
	var log bytes.Buffer
	build.Stdout, build.Stderr = &log, &log
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", name, err, log.String())
	}
	fmt.Printf("built %s in %s\n", name, time.Since(began).Round(time.Second))
	return path, os.Rename(unfinished, path)
}
