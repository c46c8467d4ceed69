package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// mountPoint is where cgroups are, outside and inside.
const mountPoint = "/sys/fs/cgroup"

// prefix begins the name of each cgroup and directory that is made here. The number of the
// process that made it follows.
const prefix = "seldon-node-"

// hierarchies are the controllers of version 1 that a kubelet and runc use, each of which has
// to be mounted by itself.
func hierarchies() []string {
	return []string{"blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids", "systemd"}
}

// Missing says what a sandbox needs and this machine does not have.
func Missing() error {
	if os.Geteuid() != 0 {
		return errors.New("it takes root")
	}
	for _, h := range hierarchies() {
		if _, err := os.Stat(filepath.Join(mountPoint, h, "cgroup.procs")); err != nil {
			return fmt.Errorf("it takes cgroups of version 1, each controller mounted by itself: %w", err)
		}
	}
	if _, err := os.Stat("/proc/self/ns/cgroup"); err != nil {
		return fmt.Errorf("it takes a kernel with namespaces of cgroups: %w", err)
	}
	return nil
}

// cgroups returns the directory of one cgroup of a name in each hierarchy, below this process's
// own: whatever limits hold for that go on holding.
func cgroups(name string) ([]string, error) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(string(own)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		hierarchy := strings.TrimPrefix(fields[1], "name=")
		if slices.Contains(hierarchies(), hierarchy) {
			out = append(out, filepath.Join(mountPoint, hierarchy, fields[2], name))
		}
	}
	return out, nil
}

// makeCgroups creates the cgroups. A new cpuset has no processors, so it gets its parent's.
func makeCgroups(dirs []string) error {
	for _, dir := range dirs {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			inherited, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, file), inherited, 0)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// enter moves this process into the cgroups.
func enter(dirs []string) error {
	for _, dir := range dirs {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0); err != nil {
			return err
		}
	}
	return nil
}

// removeTimeout is how long the kernel may take to let go of what has ended.
const removeTimeout = 30 * time.Second

// removeCgroups kills what is left in the cgroups, and removes them with those below them.
func removeCgroups(dirs []string) error {
	var last error
	for deadline := time.Now().Add(removeTimeout); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		last = nil
		for _, dir := range dirs {
			last = errors.Join(last, removeTree(dir))
		}
		if last == nil {
			return nil
		}
	}
	return last
}

func removeTree(dir string) error {
	below, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range below {
		if e.IsDir() {
			err = errors.Join(err, removeTree(filepath.Join(dir, e.Name())))
		}
	}
	procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for id := range strings.FieldsSeq(string(procs)) {
		if pid, err := strconv.Atoi(id); err == nil && pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
		}
	}
	return errors.Join(err, os.Remove(dir))
}

// sweep removes what a sandbox left whose processes were all killed at once.
func sweep() error {
	parents, err := cgroups("")
	if err != nil {
		return err
	}
	for _, parent := range append(parents, os.TempDir()) {
		left, err := filepath.Glob(filepath.Join(parent, prefix+"*"))
		if err != nil {
			return err
		}
		for _, dir := range left {
			pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
			if _, err := os.Stat(filepath.Join("/proc", pid)); err == nil {
				continue // it runs
			}
			if parent == os.TempDir() {
				err = os.RemoveAll(dir)
			} else {
				err = removeCgroups([]string{dir})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
