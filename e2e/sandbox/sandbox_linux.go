// Package sandbox runs a program in namespaces and cgroups of its own: with processes, mounts,
// a network and a part of the cgroup tree that nobody else sees. When the program ends, or
// whoever started it is killed, nothing of it is left.
//
// Three processes take part, all of this program's binary, each in a role that an environment
// variable names. The first process of the process namespace waits for all that is started in
// it. When it is killed the kernel kills all others there, and with the last one the mounts and
// the network go; it is killed when its parent ends. The janitor is outside, in a session of
// its own that no signal of a terminal reaches. It waits until its parent has ended, in whatever
// way, and removes the cgroups and the directory.
package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// roleVariable says which part a process plays; the others are what it needs to know.
const (
	roleVariable   = "SELDON_SANDBOX_ROLE"
	cgroupVariable = "SELDON_SANDBOX_CGROUPS"
	dirVariable    = "SELDON_SANDBOX_DIR"
)

// The roles.
const (
	janitorRole = "janitor" // removes what is left
	initRole    = "init"    // the first process inside
	insideRole  = "inside"  // the program
)

// Main has to be called before anything else is done in main or TestMain. It does not return
// in the processes that are not the program.
func Main() {
	var err error
	code := 0
	switch os.Getenv(roleVariable) {
	default:
		return
	case janitorRole:
		err = clean()
	case initRole:
		code, err = initialize()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		code = 1
	}
	os.Exit(code)
}

// Inside says whether this process is the program, in its sandbox.
func Inside() bool { return os.Getenv(roleVariable) == insideRole }

// Dir returns the sandbox's directory, which is removed with it.
func Dir() string { return os.Getenv(dirVariable) }

// Run runs this program's own binary in a sandbox, with some arguments, to its end.
func Run(out io.Writer, args ...string) (err error) {
	if err := sweep(); err != nil {
		return fmt.Errorf("remove what an earlier sandbox left: %w", err)
	}
	dirs, err := cgroups(fmt.Sprintf("%s%d", prefix, os.Getpid()))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid()))
	if err != nil {
		return err
	}
	env := append(os.Environ(), cgroupVariable+"="+strings.Join(dirs, ":"), dirVariable+"="+dir)

	alive, janitor, err := startJanitor(env)
	if err != nil {
		return err
	}
	defer func() {
		alive.Close() // by which the janitor knows
		err = errors.Join(err, janitor.Wait())
	}()
	if err := makeCgroups(dirs); err != nil {
		return err
	}
	return start(env, out, args)
}

// startJanitor starts the janitor. It waits for the end of a pipe, which only this process
// holds open.
func startJanitor(env []string) (io.Closer, *exec.Cmd, error) {
	janitor := exec.Command("/proc/self/exe")
	janitor.Env, janitor.Stderr = append(slices.Clone(env), roleVariable+"="+janitorRole), os.Stderr
	janitor.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	alive, err := janitor.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	return alive, janitor, janitor.Start()
}

// start starts the first process inside, and waits for it. The kernel kills it when the thread
// that started it ends.
func start(env []string, out io.Writer, args []string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(slices.Clone(env), roleVariable+"="+initRole)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true, // a Ctrl-C ends this process, and that ends those inside
		Pdeathsig:  syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
	return cmd.Run()
}
