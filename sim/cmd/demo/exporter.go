package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// child is the exporter's own binary, as users run it.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended
	last string        // line of its log
}

// startExporter runs the binary with the given flags, and with nothing from the environment.
func startExporter(binary string, flags ...string) (*child, error) {
	c := &child{cmd: exec.Command(binary, flags...), done: make(chan struct{})}
	c.cmd.Env = []string{}
	log, err := c.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the exporter: %w", err)
	}
	go func() {
		defer close(c.done)
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			c.last = lines.Text()
		}
		_, _ = io.Copy(io.Discard, log)
		c.err = c.cmd.Wait()
	}()
	return c, nil
}

// failure tells why it ended by itself. It may be called when done is closed.
func (c *child) failure() error { return fmt.Errorf("the exporter ended (%v): %s", c.err, c.last) }

// stop asks it to end, and makes sure that it does.
func (c *child) stop() error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(10 * time.Second):
		return errors.Join(errors.New("the exporter did not end when asked, and was killed"), c.cmd.Process.Kill())
	}
}
