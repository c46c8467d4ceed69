// The browser command opens the exporter's pages in a Chromium: it starts exporters over
// simulated clusters, and has the tests of browser/ look at their pages.
//
//	browser -exporter FILE [-directory DIR] [-only CLUSTER,...] [argument of node ...]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/live"
)

// longest is how long the tests may take: they take a minute or two.
const longest = 15 * time.Minute

func main() {
	exporter := flag.String("exporter", "", "the exporter's binary")
	dir := flag.String("directory", "../browser", "where the tests are")
	only := flag.String("only", "", "the clusters to start, separated by commas; all if empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeoutCause(ctx, longest, fmt.Errorf("no end after %s", longest))
	err := run(ctx, *exporter, *dir, *only, flag.Args(), os.Stdout)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, exporter, dir, only string, args []string, out io.Writer) (err error) {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	env, node, err := tools(ctx, dir, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Starting the exporter over %d simulated clusters ...\n", len(chosen))
	began := time.Now()
	running, err := start(ctx, exporter, chosen)
	defer func() { err = errors.Join(err, running.Close()) }()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "They run after %s.\n", time.Since(began).Round(time.Second))
	addresses, err := json.Marshal(running.addresses())
	if err != nil {
		return err
	}
	names, err := json.Marshal(live.HostileNames())
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	ctx, finished := context.WithCancel(ctx)
	g.Go(func() error { return running.live(ctx) })
	g.Go(func() error {
		defer finished()
		cmd := exec.CommandContext(ctx, node, args...)
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 20 * time.Second
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, os.Stderr
		cmd.Env = slices.Concat(env, []string{"CLUSTERS=" + string(addresses), "HOSTILE=" + string(names)})
		return cmd.Run()
	})
	return g.Wait()
}

// tools returns the environment for node, and its path: what the tests need is there then.
func tools(ctx context.Context, dir string, out io.Writer) (env []string, path string, err error) {
	cache, err := debian.CacheDir()
	if err != nil {
		return nil, "", err
	}
	chromium, err := debian.Chromium(ctx, cache, out)
	if err != nil {
		return nil, "", fmt.Errorf("chromium: %w: install it to test the pages", err)
	}
	node, npm, err := debian.Node(ctx, cache, out)
	if err != nil {
		return nil, "", fmt.Errorf("node and npm: %w: install them to test the pages", err)
	}
	// What is loaded into node is not for the browser that it starts.
	browserEnv, err := json.Marshal(append(chromium.Env, "LD_PRELOAD="+os.Getenv("LD_PRELOAD")))
	if err != nil {
		return nil, "", err
	}
	env = slices.Concat(os.Environ(), node.Env, []string{"CHROMIUM=" + chromium.Path, "CHROMIUM_ENV=" + string(browserEnv)})
	if fresh(dir) {
		return env, node.Path, nil
	}
	fmt.Fprintln(out, "Installing the packages of browser/package-lock.json ...")
	cmd := exec.CommandContext(ctx, npm.Path, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), npm.Env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("npm ci in browser/: %w: %s", err, strings.TrimSpace(string(text)))
	}
	return env, node.Path, nil
}

// fresh says whether npm has installed the packages since the lock file was last changed.
func fresh(dir string) bool {
	lock, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return false
	}
	installed, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	return err == nil && installed.ModTime().After(lock.ModTime())
}
