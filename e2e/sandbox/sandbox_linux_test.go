package sandbox_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/sandbox"
)

// ownerVariable has a process of this binary run a sandbox. All that is started by it carries
// the variable, by whose value the test finds it.
const ownerVariable = "SANDBOX_TEST_OWNER"

func TestMain(m *testing.M) {
	sandbox.Main()
	switch {
	case sandbox.Inside():
		os.Exit(inside(os.Args[1]))
	case os.Getenv(ownerVariable) != "":
		if err := sandbox.Run(os.Stdout, os.Args[1:]...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// inside is the program: it does what containers do that may be left behind, and says so.
func inside(what string) int {
	group := filepath.Join("/sys/fs/cgroup/memory", "group")
	sleep := exec.Command("sleep", "600")
	sleep.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	mounted := filepath.Join(sandbox.Dir(), "mounted")
	for _, do := range []func() error{
		func() error { return os.MkdirAll(filepath.Join(group, "below"), 0o755) },
		func() error { return os.Mkdir(mounted, 0o755) },
		func() error { return syscall.Mount("tmpfs", mounted, "tmpfs", 0, "") },
		sleep.Start,
		func() error {
			return os.WriteFile(filepath.Join(group, "below", "cgroup.procs"), []byte(strconv.Itoa(sleep.Process.Pid)), 0)
		},
		func() error {
			_, err := os.ReadFile("/sys/fs/cgroup/memory/group/below/memory.usage_in_bytes")
			return err
		},
	} {
		if err := do(); err != nil {
			fmt.Println(err)
			return 2
		}
	}
	fmt.Println("ready", sandbox.Dir())
	switch what {
	case "succeed":
		return 0
	case "fail":
		return 3
	}
	time.Sleep(10 * time.Minute)
	return 4
}

func TestNothingIsLeft(t *testing.T) {
	if err := sandbox.Missing(); err != nil {
		t.Skip(err)
	}
	for _, test := range []struct {
		name, what string
		kill       func(owner int, all []int) error
		fails      bool
	}{
		{"the program succeeds", "succeed", nil, false},
		{"the program fails", "fail", nil, true},
		{"the owner is killed", "stay", func(owner int, _ []int) error { return syscall.Kill(owner, syscall.SIGKILL) }, true},
		{"the owner is terminated", "stay", func(owner int, _ []int) error { return syscall.Kill(owner, syscall.SIGTERM) }, true},
		{"a terminal interrupts it", "stay", func(owner int, _ []int) error { return syscall.Kill(-owner, syscall.SIGINT) }, true},
		{"all are asked to end", "stay", func(_ int, all []int) error {
			for _, pid := range all {
				_ = syscall.Kill(pid, syscall.SIGTERM) // some end by the others' end
			}
			return nil
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			mounts := mountsOf(t)
			owner, dir := own(t, test.what)
			if test.kill != nil {
				if err := test.kill(owner.Process.Pid, carriers(t)); err != nil {
					t.Fatal(err)
				}
			}
			if err := owner.Wait(); (err != nil) != test.fails {
				t.Errorf("the owner ends by: %v", err)
			}
			await(t, func() string { return left(t, owner.Process.Pid, dir) })
			if after := mountsOf(t); after != mounts {
				t.Errorf("mounts before:\n%s\nafter:\n%s", mounts, after)
			}
		})
	}
}

// TestSweep: where all were killed at once, the next sandbox removes what is left.
func TestSweep(t *testing.T) {
	if err := sandbox.Missing(); err != nil {
		t.Skip(err)
	}
	owner, dir := own(t, "stay")
	for _, pid := range carriers(t) {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // so that nobody removes anything meanwhile
	}
	for _, pid := range carriers(t) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = owner.Wait()
	if left(t, owner.Process.Pid, dir) == "" {
		t.Fatal("nothing is left, so this tries nothing")
	}
	next, _ := own(t, "succeed")
	if err := next.Wait(); err != nil {
		t.Error(err)
	}
	await(t, func() string { return left(t, owner.Process.Pid, dir) })
}

// own starts a process that runs a sandbox, and waits until the program inside is ready. It
// returns the sandbox's directory as well.
func own(t *testing.T, what string) (*exec.Cmd, string) {
	t.Helper()
	owner := exec.Command("/proc/self/exe", what)
	owner.Env = append(os.Environ(), ownerVariable+"="+token())
	owner.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	dir, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ready {
		t.Fatalf("the program says %q: %v", line, err)
	}
	return owner, dir
}

func token() string { return fmt.Sprintf("of-%d", os.Getpid()) }

// carriers returns the processes that a sandbox of this test has started.
func carriers(t *testing.T) []int {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, file := range found {
		environ, _ := os.ReadFile(file) // it may have ended
		if bytes.Contains(environ, []byte(ownerVariable+"="+token())) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			out = append(out, pid)
		}
	}
	return out
}

// left says what is left of a sandbox.
func left(t *testing.T, owner int, dir string) string {
	t.Helper()
	var out []string
	for _, pid := range carriers(t) {
		out = append(out, fmt.Sprintf("process %d", pid))
	}
	if _, err := os.Stat(dir); err == nil {
		out = append(out, dir)
	}
	for _, depth := range []string{"*", "*/*/*"} { // this process's own may lie deeper
		groups, err := filepath.Glob(filepath.Join("/sys/fs/cgroup", depth, "seldon-node-"+strconv.Itoa(owner)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, groups...)
	}
	return strings.Join(out, ", ")
}

func mountsOf(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// await waits until nothing is said any more.
func await(t *testing.T, what func() string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		said := what()
		if said == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there is still: %s", said)
		}
	}
}
