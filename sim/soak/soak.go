// Package soak has the exporter's binary deliver the windows of a history, and compares what has
// arrived with the truth: each window once, and right, also if the exporter was killed.
package soak

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
)

// Period makes twelve windows of the history's hour.
const Period = 5 * time.Minute

// Soak is a history that a server holds, and the windows of it.
type Soak struct {
	Binary  string
	Source  *url.URL // the server
	Tenant  string   // whose data each server holds, "" if they know no tenants
	Windows []accuracy.Placed
	Cluster string // which upstream this is, of an exporter with several; "" for its only one
}

// Receiver is where windows are delivered to.
type Receiver struct {
	Write, Query *url.URL
	Run          string // a label's value by which a run has windows of its own there, "" for none
}

// At returns a Prometheus as a receiver.
func At(server *url.URL) Receiver {
	return Receiver{Write: server.JoinPath("api/v1/write"), Query: server}
}

// History returns the history that is stored, whose hour ended with the newest window.
func History(t testing.TB) accuracy.Placed {
	t.Helper()
	const name = "several-at-once"
	for _, n := range histories.All() {
		if n.Name == name {
			return accuracy.Placed{Named: n, Origin: window.Containing(time.Now(), Period).Start.Add(-n.Window.To)}
		}
	}
	t.Fatalf("there is no history %s", name)
	return accuracy.Placed{}
}

// New returns the windows of a history that a server holds.
func New(t testing.TB, placed accuracy.Placed, source *url.URL) *Soak {
	t.Helper()
	s := &Soak{Binary: Build(t), Source: source}
	for from := placed.Window.From; from < placed.Window.To; from += Period {
		one := placed
		one.Window = cluster.Span{From: from, To: from + Period}
		s.Windows = append(s.Windows, one)
	}
	return s
}

// Build builds the exporter.
func Build(t testing.TB) string {
	t.Helper()
	const product = "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter"
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", product).Output()
	if err != nil {
		t.Fatalf("where is %s? %v", product, err)
	}
	binary := filepath.Join(t.TempDir(), "seldon-prometheus-exporter")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	cmd.Dir = strings.TrimSpace(string(dir))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// Args returns the flags of any command that delivers windows.
func (s *Soak) Args(t testing.TB, r Receiver) []string {
	t.Helper()
	args := []string{
		"--prometheus.url=" + s.Source.String(),
		"--remote-write.url=" + r.Write.String(),
		"--remote-write.query-url=" + r.Query.String(),
		"--time-period=" + model.Duration(Period).String(),
		"--settle-delay=0s",
	}
	if r.Run != "" {
		args = append(args, "--remote-write.label=run="+r.Run)
	}
	if s.Tenant != "" {
		file := filepath.Join(t.TempDir(), "http.yml")
		text := "http_headers: {X-Scope-OrgID: {values: [" + s.Tenant + "]}}\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--prometheus.config-file="+file, "--remote-write.config-file="+file)
	}
	return args
}

// Start starts the exporter. Its log is kept in a file, unless that has no name.
func (s *Soak) Start(t testing.TB, r Receiver, log string, flags ...string) *process.Process {
	t.Helper()
	args := append(s.Args(t, r),
		"--catch-up.max-age=90m", // a test that takes long still has its first window in it
		"--web.listen-address=127.0.0.1:0")
	p, err := process.Start(process.Command{Path: s.Binary, Args: append(args, flags...), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Kill lets the exporter run for a while.
func (s *Soak) Kill(t testing.TB, r Receiver, after time.Duration) {
	t.Helper()
	p := s.Start(t, r, "")
	select {
	case <-p.Done():
		t.Fatal(p.Err())
	case <-time.After(after):
		p.Kill()
	}
}

// Finish lets the exporter run until all windows are marked, and it has computed one: of an
// exporter that finds nothing to do, all are marked before it has begun.
func (s *Soak) Finish(t testing.TB, r Receiver) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "exporter.log")
	p := s.Start(t, r, log)
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if content, err := os.ReadFile(log); t.Failed() && err == nil {
			t.Logf("its log:\n%s", content)
		}
	}()
	AwaitLine(t, p, log, `msg="Window computed"`)
	s.Await(t, p, r)
}

// Await waits until each window of which something can be known is marked.
func (s *Soak) Await(t testing.TB, p *process.Process, r Receiver) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		missing := s.Missing(t, r)
		if missing == 0 {
			return
		}
		select {
		case <-p.Done():
			t.Fatal(p.Err())
		case <-deadline:
			t.Fatalf("%d windows are still missing", missing)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Missing returns how many windows are not marked of which something can be known.
func (s *Soak) Missing(t testing.TB, r Receiver) int {
	t.Helper()
	marked := map[int64]bool{}
	for _, series := range s.Stored(t, r, "seldon_exporter_window_delivered_timestamp_seconds") {
		for _, sample := range series.Values {
			marked[sample.T(t)] = true
		}
	}
	missing := 0
	for _, w := range s.Windows {
		if len(w.Truth()) > 0 && !marked[w.Span().End.UnixMilli()] {
			missing++
		}
	}
	return missing
}

// AwaitLine waits for a line with a text in the log of the exporter, and returns it.
func AwaitLine(t testing.TB, p *process.Process, log, text string) string {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		content, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			if strings.Contains(line, text) {
				return line
			}
		}
		select {
		case <-p.Done():
			t.Fatal(p.Err())
		case <-deadline:
			t.Fatalf("it does not log %q:\n%s", text, content)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Setting reads a number from the environment.
func Setting(t testing.TB, name string, preset int) int {
	t.Helper()
	text := os.Getenv(name)
	n, err := strconv.Atoi(cmp.Or(text, strconv.Itoa(preset)))
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number of 1 or more", name, text)
	}
	return n
}

// Output runs a command of the exporter to its end, and returns its log.
func (s *Soak) Output(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.Binary, args...)
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
