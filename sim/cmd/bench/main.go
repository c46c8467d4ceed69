// The bench command measures what this project says of its speed, each figure beside what
// it is a ratio to, in one run: what a refresh costs a Prometheus and the exporter, and
// what a scrape costs.
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
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	b := bench{out: os.Stdout, report: newReport()}
	flag.StringVar(&b.exporter, "exporter", "", "the exporter's binary")
	flag.IntVar(&b.rounds, "rounds", 5, "how often each is measured; the median counts")
	only := flag.String("only", "", "measure only these groups, separated by commas: "+strings.Join(names(), ", "))
	document := flag.String("o", "", "also write the tables to this `file`, if all is measured")
	// What the command starts itself for, so that each has a process of its own:
	writeTo := flag.String("write", "", "only write a cluster's samples into a TSDB `directory`")
	cluster := flag.String("cluster", "", "the cluster to write, as JSON")
	at := flag.String("place", string(inBlock), "where in the TSDB to write it: head or block")
	serveFrom := flag.String("serve", "", "only serve a TSDB `directory`")
	referenceFor := flag.String("reference", "", "only serve the series of the exporter at `URL` by client_golang")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	switch {
	case *writeTo != "":
		var s size
		if err = json.Unmarshal([]byte(*cluster), &s); err == nil {
			err = write(ctx, *writeTo, s, place(*at))
		}
	case *serveFrom != "":
		err = serve(ctx, *serveFrom)
	case *referenceFor != "":
		err = reference(ctx, *referenceFor)
	default:
		err = b.run(ctx, *only, *document)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is a run of measurements.
type bench struct {
	exporter string // the binary
	self     string // this one
	rounds   int
	dir      string         // for what a group writes, removed when it ends
	ends     []func() error // of what a group has started
	out      io.Writer
	report   *report
}

// group is what is measured on the same clusters.
type group struct {
	name    string
	measure func(*bench, context.Context) error
}

func groups() []group {
	return []group{
		{"refresh", (*bench).refresh},
		{"replaced", (*bench).replaced},
		{"others", (*bench).others},
		{"models", (*bench).models},
		{"windows", (*bench).windows},
		{"backfill", (*bench).backfill},
		{"scrape", (*bench).scrape},
	}
}

func names() []string {
	var out []string
	for _, g := range groups() {
		out = append(out, g.name)
	}
	return out
}

// run measures every group that is wanted. One that fails keeps none from the others.
func (b *bench) run(ctx context.Context, only, document string) (err error) {
	wanted := names()
	if only != "" {
		wanted = strings.Split(only, ",")
	}
	for _, name := range wanted {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("-only=%s: there is no group %q: choose from %s", only, name, strings.Join(names(), ", "))
		}
	}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	machine := thisMachine(ctx)
	began := time.Now()
	fmt.Fprintln(b.out, machine)
	var failures []error
	for _, g := range groups() {
		if !slices.Contains(wanted, g.name) {
			continue
		}
		began, tables, goals := time.Now(), len(b.report.tables), len(b.report.goals.rows)
		if err := b.measure(ctx, g); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.report.failed(g.name, err)
			failures = append(failures, fmt.Errorf("%s: %w", g.name, err))
		}
		for _, t := range b.report.tables[tables:] {
			t.print(b.out)
		}
		b.report.goals.from(goals).print(b.out)
		fmt.Fprintf(b.out, "(%s took %s)\n", g.name, time.Since(began).Round(time.Second))
	}
	fmt.Fprintf(b.out, "%s All took %s.\n", b.report.verdict(), time.Since(began).Round(time.Second))
	if document != "" && only == "" {
		failures = append(failures, os.WriteFile(document, b.report.document(machine, b.rounds), 0o644))
	}
	return errors.Join(failures...)
}

// measure measures a group, and ends what it has started.
func (b *bench) measure(ctx context.Context, g group) (err error) {
	if b.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	defer func() {
		for _, end := range slices.Backward(b.ends) {
			err = errors.Join(err, end())
		}
		b.ends = nil
	}()
	return g.measure(b, ctx)
}

// store writes a cluster's samples, in a process of its own: it takes memory that this
// one is better without.
func (b *bench) store(ctx context.Context, s size, at place) (dir string, err error) {
	if dir, err = os.MkdirTemp(b.dir, "tsdb-"); err != nil {
		return "", err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, b.self, "-write", dir, "-cluster", string(text), "-place", string(at))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("write the samples of %s: %w: %s", s, err, out)
	}
	return dir, nil
}

// stored writes a cluster's samples into a block, and serves them by the current Prometheus
// until the group ends.
func (b *bench) stored(ctx context.Context, s size) (server, error) {
	dir, err := b.store(ctx, s, inBlock)
	if err != nil {
		return server{}, err
	}
	return b.startCurrent(ctx, dir)
}
