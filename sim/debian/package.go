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

// Fetch returns Debian's Prometheus 2.x. The error is ErrNone where the system has none.
func Fetch(ctx context.Context, cache string) (Package, error) {
	tree, err := Unpack(ctx, cache, "prometheus")
	if err != nil {
		return Package{}, err
	}
	if !strings.HasPrefix(tree.Version, "2.") {
		return Package{}, fmt.Errorf("%w: this release's is %s", ErrNone, tree.Version)
	}
	return Package{Dir: tree.Dir, Version: upstreamVersion(tree.Version)}, nil
}

// Tree is the files of some packages, under a directory of their own.
type Tree struct {
	Dir     string
	Version string // of the first package
}

// Unpack returns the packages' files from the cache, where it puts them first if need be:
// by apt-get and dpkg, into a directory of their own, so that no root is needed and the
// system stays as it is. The error is ErrNone where there is no apt-get or dpkg.
func Unpack(ctx context.Context, cache string, packages ...string) (Tree, error) {
	if tree, ok := cached(cache, packages[0]); ok {
		return tree, nil
	}
	for _, program := range []string{"apt-get", "dpkg"} {
		if _, err := exec.LookPath(program); err != nil {
			return Tree{}, fmt.Errorf("%w: there is no %s here", ErrNone, program)
		}
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return Tree{}, err
	}
	work, err := os.MkdirTemp(cache, ".fetch-")
	if err != nil {
		return Tree{}, err
	}
	defer os.RemoveAll(work)

	if err := download(ctx, work, cache, packages); err != nil {
		return Tree{}, err
	}
	var tree Tree
	root := filepath.Join(work, "root")
	for i, name := range packages {
		deb, err := filepath.Glob(filepath.Join(work, name+"_*.deb"))
		if err != nil || len(deb) != 1 {
			return Tree{}, fmt.Errorf("apt-get download left %d packages of the name %s, want 1 (%w)", len(deb), name, err)
		}
		if i == 0 {
			if tree.Version, err = run(ctx, work, "dpkg-deb", "--field", deb[0], "Version"); err != nil {
				return Tree{}, err
			}
		}
		if _, err := run(ctx, work, "dpkg", "-x", deb[0], root); err != nil {
			return Tree{}, err
		}
	}
	tree.Dir = filepath.Join(cache, packages[0]+"-"+tree.Version)
	// Whoever else was as quick has put the same there.
	if err := os.Rename(root, tree.Dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return Tree{}, err
	}
	return tree, nil
}

// cached finds what was unpacked before.
func cached(cache, name string) (Tree, bool) {
	found, err := filepath.Glob(filepath.Join(cache, name+"-[0-9]*", "usr", "bin", name))
	if err != nil || len(found) == 0 {
		return Tree{}, false
	}
	dir := strings.TrimSuffix(slices.Max(found), filepath.Join("/", "usr", "bin", name))
	return Tree{Dir: dir, Version: strings.TrimPrefix(filepath.Base(dir), name+"-")}, true
}

// upstreamVersion turns 2.42.0+ds-5+deb12u1 into 2.42.0.
func upstreamVersion(debian string) string {
	version, _, _ := strings.Cut(debian, "+")
	version, _, _ = strings.Cut(version, "-")
	return version
}

// download fetches the packages' files by the system's package lists, or, where those are
// missing or too old to fetch by, by lists of our own.
func download(ctx context.Context, work, cache string, packages []string) error {
	if _, err := run(ctx, work, "apt-get", append([]string{"download"}, packages...)...); err == nil {
		return nil
	}
	lists := filepath.Join(cache, "apt")
	if err := os.MkdirAll(filepath.Join(lists, "lists", "partial"), 0o755); err != nil {
		return err
	}
	own := []string{
		"-o", "Dir::State=" + lists,
		"-o", "Dir::State::lists=" + filepath.Join(lists, "lists"),
		"-o", "Dir::State::status=/var/lib/dpkg/status",
		"-o", "Dir::Cache=" + filepath.Join(lists, "cache"),
		"-o", "Debug::NoLocking=true",
	}
	if _, err := run(ctx, work, "apt-get", append(slices.Clone(own), "update")...); err != nil {
		return err
	}
	_, err := run(ctx, work, "apt-get", append(append(own, "download"), packages...)...)
	return err
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
