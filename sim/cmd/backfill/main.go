// The backfill command measures how fast the exporter computes past windows, beside
// promtool's backfill of textbook recording rules for the same seven metrics, and whether
// both are right.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

func main() {
	exporter := flag.String("exporter", "", "the exporter's binary")
	rounds := flag.Int("rounds", 3, "how often each is measured; the median counts")
	others := flag.Int("others", 700, "pods that are no model's")
	serveFrom := flag.String("serve", "", "only serve a TSDB `directory`")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if *serveFrom != "" {
		err = serve(ctx, *serveFrom)
	} else {
		err = compare(ctx, *exporter, *others, *rounds, os.Stdout)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve is what the process of the Prometheus that is read does.
func serve(ctx context.Context, dir string) error {
	s, err := prom.Start(ctx, prom.Options{Dir: dir})
	if err != nil {
		return err
	}
	slog.New(slog.NewTextHandler(os.Stderr, nil)).Info("Listening on", "address", s.URL().Host)
	<-ctx.Done()
	return s.Close()
}

// bench is what is measured, and where.
type bench struct {
	work     string
	base     *url.URL
	span     window.Window // all the windows in one
	exporter string
	promtool string
	rules    string
}

func compare(ctx context.Context, exporter string, others, rounds int, out io.Writer) (err error) {
	b := bench{exporter: exporter}
	if b.work, err = os.MkdirTemp("", "backfill-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	cache, err := debian.CacheDir()
	if err != nil {
		return err
	}
	pkg, err := debian.Fetch(ctx, cache)
	if err != nil {
		return err
	}
	b.promtool = pkg.Promtool()
	placed := fixture(others)
	b.span = placed.Span()
	raw := filepath.Join(b.work, "raw")
	if err := accuracy.Store(ctx, raw, []accuracy.Placed{placed}); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server, err := process.Start(process.Command{Path: self, Args: []string{"-serve", raw}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	address, err := server.Address(ctx)
	if err != nil {
		return err
	}
	b.base = &url.URL{Scheme: "http", Host: address}
	if err := b.writeRules(); err != nil {
		return err
	}
	var ours, theirs []time.Duration
	for i := range rounds {
		a, err := b.ours(ctx, i)
		if err != nil {
			return err
		}
		p, err := b.theirs(ctx, i)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, a), append(theirs, p)
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	a, p := ours[rounds/2], theirs[rounds/2]
	fmt.Fprintf(out, "%d windows of 1 h, %d models x %d pods among %d other pods, every 30 s\n", windows, models, podsEach, others)
	fmt.Fprintf(out, "promtool %s, Prometheus %s; median of %d\n", pkg.Version, prom.Version, rounds)
	fmt.Fprintf(out, "exporter backfill                  %8s  %6.2f windows/s\n", a.Round(time.Millisecond), windows/a.Seconds())
	fmt.Fprintf(out, "promtool tsdb create-blocks-from   %8s  %6.2f windows/s\n", p.Round(time.Millisecond), windows/p.Seconds())
	fmt.Fprintf(out, "the exporter is %.1f times as fast\n", p.Seconds()/a.Seconds())
	return b.judge(ctx, placed, out)
}

// ours runs the exporter's backfill into a file.
func (b bench) ours(ctx context.Context, round int) (time.Duration, error) {
	return timed(exec.CommandContext(ctx, b.exporter, "backfill", "--log.level=error", "--prometheus.url="+b.base.String(),
		"--from="+b.span.Start.Format(time.RFC3339), "--to="+b.span.End.Format(time.RFC3339), "--output="+b.file(round)))
}

func (b bench) file(round int) string {
	return filepath.Join(b.work, fmt.Sprint("ours-", round, ".om"))
}

// theirs has promtool evaluate the rules at each window's end.
func (b bench) theirs(ctx context.Context, round int) (time.Duration, error) {
	return timed(exec.CommandContext(ctx, b.promtool, "tsdb", "create-blocks-from", "rules", "--url="+b.base.String(),
		"--start="+b.span.Start.Add(time.Hour).Format(time.RFC3339), "--end="+b.span.End.Format(time.RFC3339),
		"--eval-interval=1h", "--output-dir="+filepath.Join(b.work, fmt.Sprint("theirs-", round)), b.rules))
}

func timed(cmd *exec.Cmd) (time.Duration, error) {
	begin := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	return time.Since(begin), nil
}

// writeRules writes the textbook rules for the one kind that the fixture has.
func (b *bench) writeRules() error {
	text := "groups:\n- name: models\n  interval: 1h\n  rules:\n"
	for _, q := range accuracy.NewTextbook(b.base).Queries(time.Hour) {
		if q.Kind == "SeldonDeployment" {
			text += fmt.Sprintf("  - {record: %q, expr: %q}\n", strings.ReplaceAll(q.Metric.String(), "model_", "model:"), q.Expr)
		}
	}
	b.rules = filepath.Join(b.work, "rules.yml")
	return os.WriteFile(b.rules, []byte(text), 0o644)
}

// judge stores the exporter's file as promtool does, and holds every value against the truth.
func (b bench) judge(ctx context.Context, placed accuracy.Placed, out io.Writer) (err error) {
	blocks := filepath.Join(b.work, "ours")
	if _, err := timed(exec.CommandContext(ctx, b.promtool, "tsdb", "create-blocks-from", "openmetrics", b.file(0), blocks)); err != nil {
		return err
	}
	server, err := prom.Start(ctx, prom.Options{Dir: blocks})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	values := 0
	for i := range time.Duration(windows) {
		hour := placed
		hour.Window = cluster.Span{From: i * time.Hour, To: (i + 1) * time.Hour}
		result, err := accuracy.Stored(ctx, server.URL(), hour.Span())
		if err != nil {
			return err
		}
		verdict := accuracy.Judge(hour, result)
		if !verdict.Right() {
			return fmt.Errorf("%s: %d values are wrong, the first: %s", hour.Span(), len(verdict.Deviations), verdict.Deviations[0])
		}
		values += verdict.Values
	}
	fmt.Fprintf(out, "all of its %d values are right\n", values)
	return nil
}
