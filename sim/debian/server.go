package debian

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// startTimeout is how long a server is given to be ready.
const startTimeout = 2 * time.Minute

// Server is Debian's Prometheus, running.
type Server struct {
	*process.Process
	url *url.URL
}

// Start runs the package's Prometheus over the TSDB in dir, which it needs for itself, on
// a port of the loopback interface that the system chooses, with more flags if there are
// any. Close ends it.
func Start(ctx context.Context, pkg Package, dir string, flags ...string) (*Server, error) {
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, nil, 0o644); err != nil {
		return nil, err
	}
	p, err := process.Start(process.Command{Path: pkg.Prometheus(), Dir: dir, Args: append([]string{
		"--config.file=" + config,
		"--storage.tsdb.path=" + dir,
		"--storage.tsdb.retention.time=100y",
		// Equal durations: nothing is ever compacted, blocks stay as they were written.
		"--storage.tsdb.min-block-duration=2h",
		"--storage.tsdb.max-block-duration=2h",
		"--web.listen-address=127.0.0.1:0",
		"--web.local-assets=" + filepath.Join(pkg.Dir, "usr", "share", "prometheus", "web"),
		"--web.console.templates=" + dir,
		"--web.console.libraries=" + dir,
	}, flags...)})
	if err != nil {
		return nil, err
	}
	s := &Server{Process: p}
	if err := s.awaitReady(ctx); err != nil {
		return nil, fmt.Errorf("start Prometheus %s: %w", pkg.Version, errors.Join(err, s.Close()))
	}
	return s, nil
}

// URL returns where the server answers.
func (s *Server) URL() *url.URL { return s.url }

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	address, err := s.Address(ctx)
	if err != nil {
		return err
	}
	s.url = &url.URL{Scheme: "http", Host: address}
	return s.AwaitReady(ctx, s.url.JoinPath("-/ready").String())
}
