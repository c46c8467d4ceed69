package debian

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program is a program with the environment that it needs.
type Program struct {
	Path string
	Env  []string
}

// Chromium returns the machine's Chromium or, where it has none, that of Debian's package,
// which is in the cache from then on.
func Chromium(ctx context.Context, cache string, out io.Writer) (Program, error) {
	if path, err := exec.LookPath("chromium"); err == nil {
		return Program{Path: path}, nil
	}
	fmt.Fprintln(out, "chromium is not installed here: it is unpacked into the cache, once")
	tree, err := UnpackWithDependencies(ctx, cache, out, "chromium", "fonts-dejavu-core")
	if err != nil {
		return Program{}, err
	}
	fonts, err := tree.fonts()
	if err != nil {
		return Program{}, err
	}
	// /usr/bin/chromium is a script that reads /etc.
	return Program{Path: filepath.Join(tree.Dir, "usr", "lib", "chromium", "chromium"), Env: append(tree.environment(), fonts)}, nil
}

// Node returns node and npm of the machine or, where it lacks one of them, of Debian's packages.
func Node(ctx context.Context, cache string, out io.Writer) (node, npm Program, err error) {
	nodePath, errNode := exec.LookPath("node")
	npmPath, errNPM := exec.LookPath("npm")
	if errNode == nil && errNPM == nil {
		return Program{Path: nodePath}, Program{Path: npmPath}, nil
	}
	fmt.Fprintln(out, "node or npm is not installed here: Debian's are unpacked into the cache, once")
	tree, err := UnpackWithDependencies(ctx, cache, out, "npm", "nodejs", "libfakechroot")
	if err != nil {
		return Program{}, Program{}, err
	}
	env, err := tree.nodeEnvironment()
	if err != nil {
		return Program{}, Program{}, err
	}
	if errNode != nil {
		nodePath = filepath.Join(tree.Dir, "usr", "bin", "node")
		env = append(env, "PATH="+filepath.Dir(nodePath)+":"+os.Getenv("PATH"))
	}
	return Program{Path: nodePath, Env: env}, Program{Path: filepath.Join(tree.Dir, "usr", "bin", "npm"), Env: env}, nil
}

// nodeEnvironment is that of node and what it starts. Debian's node has parts of itself in
// /usr/share/nodejs, by that name: libfakechroot has it look in the tree instead, for /usr/share
// and nothing else.
func (t Tree) nodeEnvironment() ([]string, error) {
	share := filepath.Join(t.Dir, "usr", "share")
	base := filepath.Join(t.Dir, "fakechroot")
	if err := os.MkdirAll(filepath.Join(base, "usr"), 0o755); err != nil {
		return nil, err
	}
	// A base of its own, because libfakechroot shortens all names below the base.
	if err := os.Symlink(share, filepath.Join(base, "usr", "share")); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	var elsewhere []string
	for _, dir := range []string{"/", "/usr"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if path := filepath.Join(dir, e.Name()); path != "/usr" && path != "/usr/share" {
				elsewhere = append(elsewhere, path)
			}
		}
	}
	library, err := filepath.Glob(filepath.Join(t.Dir, "usr", "lib", "*", "fakechroot", "libfakechroot.so"))
	if err != nil || len(library) == 0 {
		return nil, fmt.Errorf("there is no libfakechroot.so in %s", t.Dir)
	}
	return append(t.environment(),
		"NODE_PATH="+filepath.Join(share, "nodejs"),
		"FAKECHROOT_BASE="+base,
		"FAKECHROOT_EXCLUDE_PATH="+strings.Join(elsewhere, ":"),
		"LD_PRELOAD="+library[0],
	), nil
}

// environment has the libraries of the packages found.
func (t Tree) environment() []string {
	var dirs []string
	for _, lib := range []string{"usr/lib", "lib"} {
		found, err := filepath.Glob(filepath.Join(t.Dir, lib, "*-linux-gnu"))
		if err != nil {
			continue // the pattern has no error in it
		}
		for _, dir := range found {
			dirs = append(dirs, dir, filepath.Join(dir, "pulseaudio"))
		}
	}
	return []string{"LD_LIBRARY_PATH=" + strings.Join(dirs, ":")}
}

// fonts writes a configuration of fontconfig, which would look for one in /etc.
func (t Tree) fonts() (string, error) {
	path := filepath.Join(t.Dir, "fonts.conf")
	text := fmt.Sprintf(`<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>%s/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>%s/fonts-cache</cachedir></fontconfig>
`, t.Dir, t.Dir)
	return "FONTCONFIG_FILE=" + path, os.WriteFile(path, []byte(text), 0o644)
}
