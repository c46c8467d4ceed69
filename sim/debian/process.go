package debian

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// How long a process is given to be ready, and to end.
const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 20 * time.Second
)

// Process is a Prometheus that runs as a process of its own.
type Process struct {
	url    *url.URL
	cancel context.CancelFunc
	done   chan struct{} // closed when the process has ended
	err    error         // how it ended
	last   tail          // of its log
}

// Start runs Debian's Prometheus over the TSDB in dir, which it needs for itself,
// on a port of the loopback interface that the system chooses. It runs until Close, ctx
// bounds only its start.
func Start(ctx context.Context, pkg Package, dir string) (*Process, error) {
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, nil, 0o644); err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cmd := exec.CommandContext(running, pkg.Prometheus(),
		"--config.file="+config,
		"--storage.tsdb.path="+dir,
		"--storage.tsdb.retention.time=100y",
		// Equal durations: nothing is ever compacted, blocks stay as they were written.
		"--storage.tsdb.min-block-duration=2h",
		"--storage.tsdb.max-block-duration=2h",
		"--web.listen-address=127.0.0.1:0",
		"--web.local-assets="+filepath.Join(pkg.Dir, "usr", "share", "prometheus", "web"),
		"--web.console.templates="+dir,
		"--web.console.libraries="+dir,
	)
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout // then it is killed
	log, logWriter, err := os.Pipe()
	if err != nil {
		cancel()
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = logWriter, logWriter
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, errors.Join(err, log.Close(), logWriter.Close())
	}
	logWriter.Close()

	p := &Process{cancel: cancel, done: make(chan struct{})}
	address := make(chan string, 1)
	go p.follow(cmd, log, address)

	starting, started := context.WithTimeout(ctx, startTimeout)
	defer started()
	if err := p.awaitReady(starting, address); err != nil {
		return nil, fmt.Errorf("start Prometheus %s: %w; its last words: %s", pkg.Version, errors.Join(err, p.Close()), p.last.String())
	}
	return p, nil
}

// URL returns where the server answers.
func (p *Process) URL() *url.URL { return p.url }

// Close ends the process, which is asked first.
func (p *Process) Close() error {
	p.cancel()
	<-p.done
	if errors.Is(p.err, context.Canceled) {
		return nil // as it was asked to
	}
	return p.err
}

var listening = regexp.MustCompile(`msg="?Listening on"? .*address=(\S+)`)

// follow reads the log to its end, which is the process's, and tells the address it finds there.
func (p *Process) follow(cmd *exec.Cmd, log io.ReadCloser, address chan<- string) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		p.last.add(lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			select {
			case address <- m[1]:
			default:
			}
		}
	}
	_, _ = io.Copy(io.Discard, log) // a line too long to scan must not block the process
	log.Close()
	p.err = cmd.Wait()
	close(p.done)
}

func (p *Process) awaitReady(ctx context.Context, address <-chan string) error {
	select {
	case a := <-address:
		p.url = &url.URL{Scheme: "http", Host: a}
	case <-p.done:
		return errors.New("it ended before it listened")
	case <-ctx.Done():
		return fmt.Errorf("it does not listen: %w", ctx.Err())
	}
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if ready(ctx, p.url.JoinPath("-/ready").String()) {
			return nil
		}
		select {
		case <-poll.C:
		case <-p.done:
			return errors.New("it ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w", ctx.Err())
		}
	}
}

func ready(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
