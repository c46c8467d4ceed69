// Package engines runs the engines that can take the place of a Prometheus, as real programs,
// and gives them simulated histories: what is read from each must be as right as from a
// Prometheus.
package engines

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/program"
)

// The programs. Some pages of docs/engines.md name their versions.
var (
	victoriaMetrics = program.Program{Cache: "engines", Name: "victoriametrics", Module: "github.com/VictoriaMetrics/VictoriaMetrics", Pkg: "github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics"}
	// Without its tag, a sidecar panics at its first answer.
	thanos = program.Program{Cache: "engines", Name: "thanos", Module: "github.com/thanos-io/thanos", Pkg: "github.com/thanos-io/thanos/cmd/thanos", Tags: "slicelabels", Stamp: "github.com/prometheus/common/version.Version", Bare: true}
	mimir  = program.Program{Cache: "engines", Name: "mimir", Module: "github.com/grafana/mimir", Pkg: "github.com/grafana/mimir/cmd/mimir"}
	cortex = program.Program{Cache: "engines", Name: "cortex", Module: "github.com/cortexproject/cortex", Pkg: "github.com/cortexproject/cortex/cmd/cortex", Tags: "netgo,slicelabels", Stamp: "main.Version", Bare: true}
)

// tenant is whose data Mimir and Cortex hold here.
const tenant = "models"

// server is an engine that runs, where it is read and where it is written.
type server struct {
	read, write *url.URL
}

// built returns the path of a program's binary.
func built(t testing.TB, p program.Program) string {
	t.Helper()
	return fetched(t, func(string) (string, error) { return p.Binary(t.Context()) })
}

// fromDebian returns the path of a program of Debian.
func fromDebian(t testing.TB, name string) string {
	t.Helper()
	return fetched(t, func(cache string) (string, error) {
		tree, err := debian.Unpack(t.Context(), cache, name)
		return filepath.Join(tree.Dir, "usr", "bin", name), err
	})
}

// fetched returns a program's path in the cache. What tests beside each other need is put there
// once.
func fetched(t testing.TB, fetch func(cache string) (string, error)) string {
	t.Helper()
	cache, err := debian.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(cache, "engines.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close() // which unlocks it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	path, err := fetch(cache)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// run starts a program that ends with the test, and waits until it is ready.
func run(t testing.TB, path, ready string, args ...string) *process.Process {
	t.Helper()
	dir := t.TempDir()
	p, err := process.Start(process.Command{Path: path, Dir: dir, Args: args, Env: []string{"HOME=" + dir}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p) })
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if err := p.AwaitReady(ctx, ready); err != nil {
		t.Fatalf("start %s: %v", filepath.Base(path), err)
	}
	if w, ok := t.(*counted); ok {
		w.processes = append(w.processes, p)
	}
	return p
}

// counted is a test that knows the programs that it runs.
type counted struct {
	testing.TB
	processes []*process.Process
}

// stop ends a program, unless the test did.
func stop(t testing.TB, p *process.Process) {
	select {
	case <-p.Done():
	default:
		if err := p.Close(); err != nil {
			t.Logf("it did not end well: %v", err)
		}
	}
}

// startTimeout is how long a server is given to be ready.
const startTimeout = 2 * time.Minute

// freeAddress returns an address of the loopback interface on which nothing listens. Some of
// these programs do not say which port the system chose.
func freeAddress(t testing.TB) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func at(address, path string) *url.URL { return &url.URL{Scheme: "http", Host: address, Path: path} }
