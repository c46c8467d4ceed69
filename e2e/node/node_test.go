package node

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/sandbox"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

const (
	settle = 40 * time.Second // a row may be 20 s old, and wait for a scrape for 15 s
	// lead is how long the pods run before the first window begins.
	lead = 30 * time.Second
	// usualWindows is how many windows there are, unless NODE_WINDOWS says otherwise.
	usualWindows = 2
)

func TestMain(m *testing.M) {
	sandbox.Main()
	flag.Parse()
	os.Exit(m.Run())
}

// TestNode runs in a sandbox what it has made ready outside: there is no way out of that.
func TestNode(t *testing.T) {
	if sandbox.Inside() {
		onNode(t)
		return
	}
	if err := sandbox.Missing(); err != nil {
		t.Skipf("not tried on a real node: %v", err)
	}
	prepare(t)
	if err := sandbox.Run(os.Stdout, "-test.run=^TestNode$", "-test.v", "-test.timeout=60m"); err != nil {
		t.Fatalf("in the sandbox: %v", err)
	}
}

// onNode holds the windows of a node against what its kernel counted.
func onNode(t *testing.T) {
	count := usualWindows
	if text, set := os.LookupEnv("NODE_WINDOWS"); set {
		var err error
		count, err = strconv.Atoi(text)
		programs.Must(t, err)
	}
	n := startNode(t, runtimeTree(t).Dir, imagePath())
	programs.Must(t, n.CreateNamespace(t.Context(), namespace, nil))

	r := n.record(t)
	for _, p := range cast() {
		programs.Must(t, n.create(t.Context(), p))
	}
	w := soonest(time.Now().Add(lead), count)
	t.Logf("the node runs; %d windows of %s begin at %s", w.n, w.period, w.first.UTC().Format(time.TimeOnly))
	programs.Must(t, n.play(t.Context(), w))
	wait(t, w.end(w.n-1).Add(settle+2*time.Second))
	recorded := r()
	for _, what := range recorded.missing() {
		t.Errorf("it did not happen that %s", what)
	}
	n.judge(t, recorded, w)
}

// record records what happens, until the function is called that it returns.
func (n *node) record(t *testing.T) func() recording {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var r recording
	var group errgroup.Group
	begun := make(chan struct{})
	group.Go(func() (err error) {
		r.events, err = follow(ctx, n.Client, begun)
		return err
	})
	group.Go(func() error {
		r.counters = count(ctx)
		return nil
	})
	select {
	case <-begun:
	case <-time.After(programs.Patience):
		t.Fatal("the API starts no watch of pods")
	}
	return func() recording {
		stop()
		programs.Must(t, group.Wait())
		return r
	}
}

// play has everything happen that is to happen in some windows.
func (n *node) play(ctx context.Context, w windows) error {
	var group errgroup.Group
	for i := range w.n {
		for number, s := range scenes() {
			at := w.start(i).Add(s.at)
			if s.next {
				at = at.Add(w.period)
			}
			if !at.Before(w.end(w.n - 1)) {
				continue
			}
			group.Go(func() error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Until(at)):
				}
				if err := s.act(ctx, n, i); err != nil {
					return fmt.Errorf("window %d, scene %d: %w", i, number, err)
				}
				return nil
			})
		}
	}
	return group.Wait()
}

func wait(t *testing.T, until time.Time) {
	t.Helper()
	select {
	case <-time.After(time.Until(until)):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// judge holds every value of some windows against the truth, over each transport.
func (n *node) judge(t *testing.T, r recording, w windows) {
	t.Helper()
	var all verdict
	for i := range w.n {
		origin, window := w.start(i), cluster.Span{To: w.period}
		h, late := r.history(origin, window, n.scraped(t, "kube-state-metrics", w, i), n.scraped(t, "kubelet", w, i))
		programs.Must(t, h.Check())
		truth, bounds, off := cluster.Truth(&h, window), cluster.Bound(&h, window), doubts(&h, late, window)
		if len(truth) != len(stories()) {
			t.Errorf("window to %s: there were %d models, want %d", clock(w.end(i)), len(truth), len(stories()))
		}
		for _, transport := range transports() {
			all.compare(transport, w.end(i), n.averages(t, transport, w, i), truth, bounds, off)
		}
	}
	all.rows = n.rowsOf(t, r, w)
	t.Logf("%d windows of %s, within the contract's error and the truth's own:\n%s", w.n, w.period, all.text(len(all.wrong) > 0))
	for _, wrong := range all.wrong {
		t.Error(wrong)
	}
	if path := os.Getenv(reportVariable); path != "" && !t.Failed() {
		text, err := all.report(w, versionsOf(t))
		programs.Must(t, err)
		programs.Must(t, os.WriteFile(path, []byte(text), 0o644))
	}
}
