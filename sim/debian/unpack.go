package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Tree is the files of some packages, under a directory of their own.
type Tree struct {
	Dir     string
	Version string // of the first package
}

// Unpack returns the packages' files from the cache, where it puts them first if need be:
// by apt-get and dpkg, into a directory of their own, so that no root is needed and the
// system stays as it is. The error is ErrNone where there is no apt-get or dpkg.
func Unpack(ctx context.Context, cache string, packages ...string) (Tree, error) {
	return unpack(ctx, cache, packages, func(work string, own ...string) error {
		_, err := run(ctx, work, "apt-get", slices.Concat(own, []string{"download"}, packages)...)
		return err
	})
}

// UnpackWithDependencies is as Unpack, with every package that they depend on and this machine
// lacks. What is downloaded is said to out.
func UnpackWithDependencies(ctx context.Context, cache string, out io.Writer, packages ...string) (Tree, error) {
	return unpack(ctx, cache, packages, func(work string, own ...string) error {
		if err := os.MkdirAll(filepath.Join(work, "partial"), 0o755); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, "apt-get", slices.Concat(own, []string{
			"-o", "Dir::Cache=" + work, "-o", "Dir::Cache::archives=" + work, "-o", "Debug::NoLocking=true",
			"--yes", "--no-install-recommends", "--download-only", "install",
		}, packages)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &downloads{to: out}, &stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("apt-get --download-only install %s: %w: %s", strings.Join(packages, " "), err, bytes.TrimSpace(stderr.Bytes()))
		}
		return nil
	})
}

// unpack unpacks what fetch leaves in a directory. fetch is called by the system's package
// lists and, where those are missing or too old to fetch by, with the options of lists of our own.
func unpack(ctx context.Context, cache string, packages []string, fetch func(work string, own ...string) error) (Tree, error) {
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

	if fetch(work) != nil {
		own, err := ownLists(ctx, work, cache)
		if err != nil {
			return Tree{}, err
		}
		if err := fetch(work, own...); err != nil {
			return Tree{}, err
		}
	}
	var tree Tree
	root := filepath.Join(work, "root")
	debs, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil {
		return Tree{}, err
	}
	for _, deb := range debs {
		if strings.HasPrefix(filepath.Base(deb), packages[0]+"_") {
			if tree.Version, err = run(ctx, work, "dpkg-deb", "--field", deb, "Version"); err != nil {
				return Tree{}, err
			}
		}
		if _, err := run(ctx, work, "dpkg", "-x", deb, root); err != nil {
			return Tree{}, err
		}
	}
	if tree.Version == "" {
		return Tree{}, fmt.Errorf("apt-get left no package of the name %s: is it installed already?", packages[0])
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

// ownLists fetches package lists into the cache, and returns the options by which apt-get
// reads them.
func ownLists(ctx context.Context, work, cache string) ([]string, error) {
	lists := filepath.Join(cache, "apt")
	if err := os.MkdirAll(filepath.Join(lists, "lists", "partial"), 0o755); err != nil {
		return nil, err
	}
	own := []string{
		"-o", "Dir::State=" + lists,
		"-o", "Dir::State::lists=" + filepath.Join(lists, "lists"),
		"-o", "Dir::State::status=/var/lib/dpkg/status",
		"-o", "Dir::Cache=" + filepath.Join(lists, "cache"),
		"-o", "Debug::NoLocking=true",
	}
	_, err := run(ctx, work, "apt-get", append(slices.Clone(own), "update")...)
	return own, err
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
