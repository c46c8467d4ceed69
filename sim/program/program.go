// Package program has real programs, each built once from the Go module that pins it, and kept
// in the cache of this project.
package program

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

// Program is a real program, built from the Go module that pins it: a directory in programs/,
// beside the go.mod of the module whose test runs.
type Program struct {
	Name   string // of the binary
	Dir    string // which has the go.mod, if it is not named like the binary
	Module string
	Pkg    string
	Tags   string
	Stamp  string // the linker variable that has to hold the version, if one has to
	Bare   bool   // it holds the version without its v
	Cache  string // the directory of the cache that holds the binary
}

// Source is where a module was unpacked, and which version it is.
type Source struct{ Dir, Version string }

// Source fetches the program's module.
func (p Program) Source(ctx context.Context) (Source, error) {
	var s Source
	cmd, err := p.command(ctx, "mod", "download", "-json", p.Module)
	if err != nil {
		return s, err
	}
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		return s, fmt.Errorf("fetch %s: %w: %s", p.Module, err, out)
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
	cmd.Dir = filepath.Join(filepath.Dir(strings.TrimSpace(string(own))), "programs", cmp.Or(p.Dir, p.Name))
	return cmd, nil
}

// Version returns the version of the program's module.
func (p Program) Version(ctx context.Context) (string, error) {
	list, err := p.command(ctx, "list", "-m", "-f", "{{.Version}}", p.Module)
	if err != nil {
		return "", err
	}
	out, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", p.Module, err)
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
	path := filepath.Join(cache, p.Cache, name)
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
	if p.Bare {
		version = strings.TrimPrefix(version, "v")
	}
	if p.Stamp != "" {
		ldflags += " -X " + p.Stamp + "=" + version
	}
	build, err := p.command(ctx, "build", "-trimpath", "-ldflags="+ldflags, "-tags="+p.Tags, "-o", unfinished, p.Pkg)
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
