// Package debian has Debian's Prometheus 2.x as a real process: fetched and unpacked
// without root, started on a port of its own, and ended.
package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNone tells that this machine cannot have Debian's Prometheus 2.x.
var ErrNone = errors.New("no Prometheus 2.x from a Debian package")

// Package is Debian's package of Prometheus, unpacked.
type Package struct {
	Dir     string
	Version string
}

// Prometheus returns the server's path.
func (p Package) Prometheus() string { return filepath.Join(p.Dir, "usr", "bin", "prometheus") }

// Promtool returns promtool's path.
func (p Package) Promtool() string { return filepath.Join(p.Dir, "usr", "bin", "promtool") }

// CacheDir returns the one directory outside the checkout in which this project keeps things.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no directory for a cache: set XDG_CACHE_HOME or HOME: %w", err)
	}
	return filepath.Join(dir, "seldon-prometheus-exporter"), nil
}

// Fetch returns the package from the cache, where it puts it first if need be: by
// apt-get and dpkg, into directories of its own, so that no root is needed and the system
// stays as it is. The error is ErrNone where the system has no such package.
func Fetch(ctx context.Context, cache string) (Package, error) {
	if p, ok := cached(cache); ok {
		return p, nil
	}
	for _, program := range []string{"apt-get", "dpkg"} {
		if _, err := exec.LookPath(program); err != nil {
			return Package{}, fmt.Errorf("%w: there is no %s here", ErrNone, program)
		}
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return Package{}, err
	}
	work, err := os.MkdirTemp(cache, ".fetch-")
	if err != nil {
		return Package{}, err
	}
	defer os.RemoveAll(work)

	deb, err := download(ctx, work, cache)
	if err != nil {
		return Package{}, err
	}
	version, err := run(ctx, work, "dpkg-deb", "--field", deb, "Version")
	if err != nil {
		return Package{}, err
	}
	if !strings.HasPrefix(version, "2.") {
		return Package{}, fmt.Errorf("%w: this release's is %s", ErrNone, version)
	}
	root := filepath.Join(work, "root")
	if _, err := run(ctx, work, "dpkg", "-x", deb, root); err != nil {
		return Package{}, err
	}
	p := Package{Dir: filepath.Join(cache, packagePrefix+version), Version: upstreamVersion(version)}
	// Whoever else was as quick has put the same there.
	if err := os.Rename(root, p.Dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return Package{}, err
	}
	return p, nil
}

const packagePrefix = "prometheus-"

func cached(cache string) (Package, bool) {
	found, err := filepath.Glob(filepath.Join(cache, packagePrefix+"2.*", "usr", "bin", "prometheus"))
	if err != nil || len(found) == 0 {
		return Package{}, false
	}
	dir := strings.TrimSuffix(slices.Max(found), filepath.Join("/", "usr", "bin", "prometheus"))
	return Package{Dir: dir, Version: upstreamVersion(strings.TrimPrefix(filepath.Base(dir), packagePrefix))}, true
}

// upstreamVersion turns 2.42.0+ds-5+deb12u1 into 2.42.0.
func upstreamVersion(debian string) string {
	version, _, _ := strings.Cut(debian, "+")
	version, _, _ = strings.Cut(version, "-")
	return version
}

// download fetches the package's file by the system's package lists, or, where those are
// missing or too old to fetch by, by lists of our own.
func download(ctx context.Context, work, cache string) (string, error) {
	_, err := run(ctx, work, "apt-get", "download", "prometheus")
	if err != nil {
		lists := filepath.Join(cache, "apt")
		if err := os.MkdirAll(filepath.Join(lists, "lists", "partial"), 0o755); err != nil {
			return "", err
		}
		own := []string{
			"-o", "Dir::State=" + lists,
			"-o", "Dir::State::lists=" + filepath.Join(lists, "lists"),
			"-o", "Dir::State::status=/var/lib/dpkg/status",
			"-o", "Dir::Cache=" + filepath.Join(lists, "cache"),
			"-o", "Debug::NoLocking=true",
		}
		if _, err := run(ctx, work, "apt-get", append(own, "update")...); err != nil {
			return "", err
		}
		if _, err := run(ctx, work, "apt-get", append(own, "download", "prometheus")...); err != nil {
			return "", err
		}
	}
	debs, err := filepath.Glob(filepath.Join(work, "prometheus_*.deb"))
	if err != nil {
		return "", err
	}
	if len(debs) != 1 {
		return "", fmt.Errorf("apt-get download left %d packages, want 1", len(debs))
	}
	return debs[0], nil
}

func run(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}
