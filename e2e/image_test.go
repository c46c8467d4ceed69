package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
)

// TestImage builds the image twice as `make image` does, by Debian's buildah, and runs what
// is in it: as the user of the image, with the image's files for a root.
func TestImage(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("building an image by buildah alone, and a change of root, take root: left out")
	}
	builder := buildah(t)
	var sums []string
	for range 2 {
		must(t, os.RemoveAll("../dist"))
		out, err := command(t, "make", "-C", "..", "--no-print-directory", "image", "CONTAINERS="+builder, "IMAGE=e2e")
		if err != nil {
			t.Fatalf("make image: %v\n%s", err, out)
		}
		sum, err := command(t, "sha256sum", "../dist/seldon-prometheus-exporter-linux-amd64", "../dist/seldon-prometheus-exporter-linux-arm64")
		must(t, err)
		sums = append(sums, sum)
	}
	if sums[0] != sums[1] {
		t.Errorf("two builds differ:\n%s%s", sums[0], sums[1])
	}

	version, err := os.ReadFile("../VERSION")
	must(t, err)
	image := "localhost/e2e:" + strings.TrimSpace(string(version))
	text, err := command(t, builder, "inspect", "--type=image", image)
	must(t, err)
	var inspected struct {
		OCIv1 struct {
			Architecture string
			Config       struct {
				User       string
				Entrypoint []string
				Labels     map[string]string
			}
		}
	}
	must(t, json.Unmarshal([]byte(text), &inspected))
	spec := inspected.OCIv1
	if spec.Config.User != "65532:65532" || spec.Architecture != runtime.GOARCH {
		t.Errorf("user %q, architecture %q", spec.Config.User, spec.Architecture)
	}
	if got := spec.Config.Labels["org.opencontainers.image.version"]; got != strings.TrimSpace(string(version)) {
		t.Errorf("the label says version %q, want %s", got, version)
	}

	container, err := command(t, builder, "from", image)
	must(t, err)
	root, err := command(t, builder, "mount", strings.TrimSpace(container))
	must(t, err)
	checkFiles(t, strings.TrimSpace(root))
	address := programs.FreeAddress(t)
	run := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), spec.Config.Entrypoint[0], args...)
		cmd.Dir, cmd.Env = "/", []string{}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: strings.TrimSpace(root), Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		return cmd
	}
	out, err := run("--version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), strings.TrimSpace(string(version))) {
		t.Errorf("--version: %v: %s", err, out)
	}
	host, port, _ := net.SplitHostPort(address)
	serving := run("--web.listen-address="+net.JoinHostPort(host, port), "--prometheus.url=http://127.0.0.1:1")
	must(t, serving.Start())
	programs.Await(t, "the image", nil, func() error { return programs.Answers("http://" + address + "/-/healthy") })
	must(t, serving.Process.Signal(syscall.SIGTERM))
	if err := serving.Wait(); err != nil {
		t.Errorf("it ended: %v", err)
	}
}

// checkFiles holds an image's files against the binary and a /tmp in which anyone may write.
func checkFiles(t *testing.T, root string) {
	entries, err := os.ReadDir(root)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "seldon-prometheus-exporter tmp" {
		t.Errorf("it has the files %s", got)
	}
	info, err := os.Stat(filepath.Join(root, "tmp"))
	must(t, err)
	if want := os.ModeDir | os.ModeSticky | 0o777; info.Mode() != want {
		t.Errorf("/tmp has the mode %s, want %s", info.Mode(), want)
	}
}

// buildah returns a script that runs Debian's, unpacked into the cache, on a store of this
// test's own.
func buildah(t *testing.T) string {
	t.Helper()
	cache, err := debian.CacheDir()
	must(t, err)
	tree, err := debian.Unpack(t.Context(), cache, "buildah", "libgpgme11", "golang-github-containers-common")
	if errors.Is(err, debian.ErrNone) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	must(t, err)
	dir := t.TempDir()
	policy, err := os.ReadFile(filepath.Join(tree.Dir, "etc", "containers", "policy.json"))
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(dir, ".config", "containers"), 0o755))
	write(t, filepath.Join(dir, ".config", "containers", "policy.json"), string(policy))
	libraries, err := filepath.Glob(filepath.Join(tree.Dir, "usr", "lib", "*-linux-gnu"))
	must(t, err)
	script := filepath.Join(dir, "buildah")
	must(t, os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\nHOME=%s LD_LIBRARY_PATH=%s BUILDAH_ISOLATION=chroot exec %s/usr/bin/buildah --root=%[1]s/store --runroot=%[1]s/run --storage-driver=vfs \"$@\"\n",
		dir, strings.Join(libraries, ":"), tree.Dir), 0o755))
	return script
}

// command runs a program, and returns what it prints.
func command(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out), err
}
