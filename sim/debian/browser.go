package debian

import (
	"context"
	"fmt"
	"io"
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
	tree, err := UnpackWithDependencies(ctx, cache, out, "npm", "nodejs")
	if err != nil {
		return Program{}, Program{}, err
	}
	env := append(tree.environment(), "NODE_PATH="+filepath.Join(tree.Dir, "usr", "share", "nodejs"))
	if errNode != nil {
		nodePath = filepath.Join(tree.Dir, "usr", "bin", "node")
		env = append(env, "PATH="+filepath.Dir(nodePath)+":"+os.Getenv("PATH"))
	}
	return Program{Path: nodePath, Env: env}, Program{Path: filepath.Join(tree.Dir, "usr", "bin", "npm"), Env: env}, nil
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
