// Package program builds real programs, each from the Go module that pins it, once for each
// version.
package program

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

// Program is a real program.
type Program struct {
	Name   string // of its directory in programs/, and of the binary
	Module string
	Pkg    string
	Tags   string
	Stamp  string // the linker variable that has to hold the version, if one has to
	Bare   bool   // it holds the version without the v
}

// Source is where a module was unpacked, and which version it is.
type Source struct{ Dir, Version string }

// Source fetches the program's module.
func (p Program) Source(ctx context.Context) (Source, error) {
	var s Source
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", p.Module)
	cmd.Dir = p.dir()
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		return s, fmt.Errorf("fetch %s: %w: %s", p.Module, err, out)
	}
	return s, nil
}

// dir holds the module that pins the program, below the package whose test runs.
func (p Program) dir() string { return filepath.Join("programs", p.Name) }

// Version returns which version is pinned.
func (p Program) Version(ctx context.Context) (string, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", p.Module)
	list.Dir = p.dir()
	out, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", p.Module, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Binary returns the program's path, in a directory of this project's cache, where it is built
// first if it is not there yet.
func (p Program) Binary(ctx context.Context, cacheDir string) (string, error) {
	cache, err := debian.CacheDir()
	if err != nil {
		return "", err
	}
	version, err := p.Version(ctx)
	if err != nil {
		return "", err
	}
	name := p.Name + "-" + version
	path := filepath.Join(cache, cacheDir, name)
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
	if p.Stamp != "" {
		if p.Bare {
			version = strings.TrimPrefix(version, "v")
		}
		ldflags += " -X " + p.Stamp + "=" + version
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags="+ldflags, "-tags="+p.Tags, "-o", unfinished, p.Pkg)
	build.Dir, build.Env = p.dir(), append(os.Environ(), "CGO_ENABLED=0")
	var log bytes.Buffer
	build.Stdout, build.Stderr = &log, &log
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", name, err, log.String())
	}
	fmt.Printf("built %s in %s\n", name, time.Since(began).Round(time.Second))
	return path, os.Rename(unfinished, path)
}
