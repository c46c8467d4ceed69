package programs

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// Patience is how long a server may take to start, and what depends on it to happen.
const Patience = 2 * time.Minute

// Run starts a program that ends with the test.
func Run(t *testing.T, p Program, args ...string) *process.Process {
	t.Helper()
	path, err := p.Binary(t.Context())
	Must(t, err)
	return RunPath(t, process.Command{Path: path, Args: args, Env: []string{"HOME=" + t.TempDir()}})
}

// RunPath starts a command that ends with the test.
func RunPath(t *testing.T, c process.Command) *process.Process {
	t.Helper()
	p, err := process.Start(c)
	Must(t, err)
	t.Cleanup(func() {
		select {
		case <-p.Done(): // the test has ended it
		default:
			_ = p.Close() // how a server takes a SIGTERM is not what is tested
		}
	})
	return p
}

// Await waits until ready says nothing against it, as long as the process runs on which
// that depends, if it depends on one.
func Await(t *testing.T, what string, p *process.Process, ready func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	var ended <-chan struct{}
	if p != nil {
		ended = p.Done()
	}
	for {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s: %v", what, p.Err())
		case <-ctx.Done():
			t.Fatalf("%s is not ready after %s: %v", what, Patience, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Answers asks a server, which has to answer 200.
func Answers(url string) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}

// FreeAddress returns an address of the loopback interface on which nothing listens.
func FreeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// Must ends the test by an error, if there is one.
func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
