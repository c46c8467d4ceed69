// The runtests command runs the tests of one Go module after another and says what
// matters: each package, what failed and why, and at the very end what was left out and
// the counts.
//
//	runtests [directory ...]
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// heartbeat is how often a run that says nothing else says that it is still at work.
const heartbeat = 30 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, modules []string, out io.Writer) error {
	// Whatever the tests put aside, a killed one included, goes with this directory.
	tmp, err := os.MkdirTemp("", "runtests-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)

	started := time.Now()
	report := newReport(out)
	for _, module := range modules {
		for _, args := range runs(ctx, module, report) {
			if err := test(ctx, module, args, tmp, report); err != nil {
				return err
			}
		}
	}
	return report.close(time.Since(started))
}

// runs returns the arguments of the go commands that run a module's tests.
func runs(ctx context.Context, module string, report *report) [][]string {
	// What tests read besides Go files, as alerts and dashboards, a cached result would not notice.
	all := []string{"test", "-json", "-count=1", "-timeout=40m"}
	switch {
	case !race(module):
	case !compiler(ctx):
		report.leftOut("the race detector: it needs a C compiler")
	default:
		// What measures memory does without the detector, which takes much of its own.
		memory := append(slices.Clone(all), "-run=^TestMemory$", "./internal/downsample")
		return [][]string{append(all, "-race", "./..."), memory}
	}
	return [][]string{append(all, "./...")}
}

// test runs a module's tests into the report.
func test(ctx context.Context, module string, args []string, tmp string, report *report) error {
	dir, err := filepath.Abs(module)
	if err != nil {
		return err
	}
	report.say("%s: go %s (a first build takes minutes)", filepath.Base(dir), strings.Join(args, " "))

	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	complaints, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go report.beat(done)
	var reading sync.WaitGroup
	reading.Go(func() { report.relay(complaints) })
	readErr := report.read(events)
	reading.Wait()
	err = cmd.Wait()
	close(done)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if readErr != nil {
		return readErr
	}
	if err != nil && !report.failed() {
		return fmt.Errorf("%s: go test: %w", filepath.Base(dir), err) // it failed before any test did
	}
	return nil
}

// race says whether a module's tests need and can afford the race detector: the product's. The
// simulator's, a whole Prometheus among them, would take ten times as long.
func race(module string) bool {
	_, err := os.Stat(filepath.Join(module, "internal"))
	return err == nil
}

func compiler(ctx context.Context) bool {
	enabled, err := exec.CommandContext(ctx, "go", "env", "CGO_ENABLED").Output()
	if err != nil || strings.TrimSpace(string(enabled)) != "1" {
		return false
	}
	cc, err := exec.CommandContext(ctx, "go", "env", "CC").Output()
	if err != nil {
		return false
	}
	_, err = exec.LookPath(strings.TrimSpace(string(cc)))
	return err == nil
}
