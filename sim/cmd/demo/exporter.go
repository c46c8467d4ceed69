package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// child is the exporter's own binary, as users run it.
type child struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when it has ended
	err    error         // how it ended
	last   string        // line of its log
}

// startExporter runs the binary with the given flags, and with nothing from the
// environment, until ctx is done or stop is called.
func startExporter(ctx context.Context, binary string, flags ...string) (*child, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, binary, flags...)
	cmd.Env = []string{}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second // then it is killed
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start the exporter: %w", err)
	}
	c := &child{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			c.last = lines.Text()
		}
		_, _ = io.Copy(io.Discard, log) // a line too long to scan must not block it
		c.err = cmd.Wait()
	}()
	return c, nil
}

// failure tells why it ended by itself. It may be called when done is closed.
func (c *child) failure() error {
	return fmt.Errorf("the exporter ended: %w: %s", c.err, c.last)
}

// stop asks it to end, and waits until it has.
func (c *child) stop() error {
	c.cancel()
	<-c.done
	if errors.Is(c.err, context.Canceled) || errors.Is(c.err, context.DeadlineExceeded) {
		return nil // as it was asked to
	}
	return c.err
}
