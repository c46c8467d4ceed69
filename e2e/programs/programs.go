// Package programs has real programs as processes: each is built once from the Go module that
// pins it, in a directory beside this file, and is kept in the cache of this project.
package programs

import (
	"bytes"
	"cmp"
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

// Program is a real program, built from the Go module that pins it.
type Program struct {
	Name   string // of the binary
	dir    string // which has the go.mod, if it is not named like the binary
	module string
	pkg    string
	tags   string
	stamp  string // the linker variable that has to hold the version, if one has to
}

// The programs.
var (
	Etcd             = Program{Name: "etcd", module: "go.etcd.io/etcd/server/v3", pkg: "go.etcd.io/etcd/server/v3"}
	APIServer        = Program{Name: "kube-apiserver", dir: "kubernetes", module: "k8s.io/kubernetes", pkg: "k8s.io/kubernetes/cmd/kube-apiserver", stamp: "k8s.io/component-base/version.gitVersion"}
	Kubelet          = Program{Name: "kubelet", dir: "kubernetes", module: "k8s.io/kubernetes", pkg: "k8s.io/kubernetes/cmd/kubelet", stamp: "k8s.io/component-base/version.gitVersion"}
	KWOK             = Program{Name: "kwok", module: "sigs.k8s.io/kwok", pkg: "sigs.k8s.io/kwok/cmd/kwok"}
	KubeStateMetrics = Program{Name: "kube-state-metrics", module: "k8s.io/kube-state-metrics/v2", pkg: "k8s.io/kube-state-metrics/v2"}
	Helm             = Program{Name: "helm", module: "helm.sh/helm/v4", pkg: "helm.sh/helm/v4/cmd/helm"}
	Helm3            = Program{Name: "helm3", module: "helm.sh/helm/v3", pkg: "helm.sh/helm/v3/cmd/helm"}
	// With every service discovery one of its dependencies is not to be had.
	Prometheus = Program{Name: "prometheus", module: "github.com/prometheus/prometheus", pkg: "github.com/prometheus/prometheus/cmd/prometheus", tags: "remove_all_sd,enable_kubernetes_sd"}
	// Only its custom resource definitions are of use.
	PrometheusOperator = Program{Name: "prometheus-operator", module: "github.com/prometheus-operator/prometheus-operator"}
)

// Source is where a module was unpacked, and which version it is.
type Source struct{ Dir, Version string }

// Source fetches the program's module.
func (p Program) Source(ctx context.Context) (Source, error) {
	var s Source
	cmd, err := p.command(ctx, "mod", "download", "-json", p.module)
	if err != nil {
		return s, err
	}
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		return s, fmt.Errorf("fetch %s: %w: %s", p.module, err, out)
	}
	return s, nil
}

// command returns a command of Go in the directory of the module that pins the program.
func (p Program) command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	own, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOMOD: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(filepath.Dir(strings.TrimSpace(string(own))), "programs", cmp.Or(p.dir, p.Name))
	return cmd, nil
}

// Version returns the version of the program's module.
func (p Program) Version(ctx context.Context) (string, error) {
	list, err := p.command(ctx, "list", "-m", "-f", "{{.Version}}", p.module)
	if err != nil {
		return "", err
	}
	out, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", p.module, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Binary returns the program's path, in the cache of this project, where it is built
// first if it is not there yet.
func (p Program) Binary(ctx context.Context) (string, error) {
	cache, err := debian.CacheDir()
	if err != nil {
		return "", err
	}
	version, err := p.Version(ctx)
	if err != nil {
		return "", err
	}
	name := p.Name + "-" + version
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
	build, err := p.command(ctx, "build", "-trimpath", "-ldflags="+ldflags, "-tags="+p.tags, "-o", unfinished, p.pkg)
	if err != nil {
		return "", err
	}
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	var log bytes.Buffer
	build.Stdout, build.Stderr = &log, &log
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", name, err, log.String())
	}
	fmt.Printf("built %s in %s\n", name, time.Since(began).Round(time.Second))
	return path, os.Rename(unfinished, path)
}
