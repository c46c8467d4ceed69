// Package process runs a server as a process of its own: on a port that the server's
// log tells, until it is told to end.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"time"
)

// stopTimeout is how long a process is given to end when it is asked to.
const stopTimeout = 20 * time.Second

// Process is a server that runs.
type Process struct {
	process *os.Process
	cancel  context.CancelFunc
	address chan string
	done    chan struct{} // closed when it has ended
	err     error         // how it ended
	last    tail          // of its log
}

// Command is what to run. No environment means an empty one.
type Command struct {
	Path string
	Args []string
	Dir  string
	Env  []string
	Log  string // a file in which all of its log is kept, if there is one to be
}

// Start runs a command until Close. Its log, on either output, is followed, not shown.
func Start(c Command) (*Process, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Dir, cmd.Env = c.Dir, append([]string{}, c.Env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout                           // then it is killed
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is ours to pass on, once
	kept, err := keep(c.Log)
	if err != nil {
		cancel()
		return nil, err
	}
	log, logWriter, err := os.Pipe()
	if err != nil {
		cancel()
		kept.Close()
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = logWriter, logWriter
	err = cmd.Start()
	logWriter.Close()
	if err != nil {
		cancel()
		log.Close()
		kept.Close()
		return nil, err
	}
	p := &Process{process: cmd.Process, cancel: cancel, address: make(chan string, 1), done: make(chan struct{})}
	go p.follow(cmd, log, kept)
	return p, nil
}

// keep opens a file for a log, or none.
func keep(path string) (io.WriteCloser, error) {
	if path == "" {
		path = os.DevNull
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// Servers of the Prometheus ecosystem log their address so, in logfmt.
var listening = regexp.MustCompile(`msg="?Listening on"? .*address=(\S+)`)

// follow reads the log to its end, which is the process's.
func (p *Process) follow(cmd *exec.Cmd, log io.ReadCloser, kept io.WriteCloser) {
	defer close(p.done)
	defer kept.Close()
	defer log.Close()
	lines := bufio.NewScanner(io.TeeReader(log, kept))
	for lines.Scan() {
		p.last.add(lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			select {
			case p.address <- m[1]:
			default: // it was told already
			}
		}
	}
	_, _ = io.Copy(io.Discard, log) // a line too long to scan must not block the process
	p.err = cmd.Wait()
}

// Address waits until the server tells where it listens.
func (p *Process) Address(ctx context.Context) (string, error) {
	select {
	case a := <-p.address:
		p.address <- a // for who asks next
		return a, nil
	case <-p.done:
		return "", p.Err()
	case <-ctx.Done():
		return "", fmt.Errorf("it does not tell where it listens: %w: %s", ctx.Err(), p.last.String())
	}
}

// ID returns the system's number of the process.
func (p *Process) ID() int { return p.process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err tells how the process ended by itself, with its last words. It may be called when
// Done is closed.
func (p *Process) Err() error {
	how := p.err
	if how == nil {
		how = errors.New("without an error")
	}
	return fmt.Errorf("it ended: %w; its last words: %s", how, p.last.String())
}

// Close asks the process to end, and waits until it has. That it ended in another way
// than by the exit code 0 is an error.
func (p *Process) Close() error {
	p.cancel()
	<-p.done
	if p.err == nil || errors.Is(p.err, context.Canceled) {
		return nil
	}
	return p.Err()
}

// Kill ends the process at once, by SIGKILL, and waits until it has ended.
func (p *Process) Kill() {
	_ = p.process.Kill() // it may have ended
	<-p.done
	p.cancel()
}
