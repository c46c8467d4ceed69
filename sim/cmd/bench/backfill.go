package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/debian"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// past is the cluster of which past windows are computed.
var past = size{Models: 300, Pods: 2, Others: 700}

const pastWindows = 20 // of an hour

// backfill is past windows computed by two programs.
type backfill struct {
	*bench
	cluster  size
	server   server
	promtool string
	rules    string
}

// backfill measures how fast past windows are computed, beside promtool's backfill of
// textbook rules.
func (b *bench) backfill(ctx context.Context) error {
	cache, err := debian.CacheDir()
	if err != nil {
		return err
	}
	pkg, err := debian.Fetch(ctx, cache)
	if errors.Is(err, debian.ErrNone) {
		fmt.Fprintln(b.out, "Left out:", err)
		return nil
	}
	if err != nil {
		return err
	}
	f := backfill{bench: b, cluster: past, promtool: pkg.Promtool()}
	f.cluster.Window, _ = settledHour(time.Now())
	f.cluster.Window.Start = f.cluster.Window.End.Add(-pastWindows * time.Hour)
	if f.server, err = b.stored(ctx, f.cluster); err != nil {
		return err
	}
	if err := f.writeRules(); err != nil {
		return err
	}
	var ours, theirs []time.Duration
	for round := range b.rounds {
		a, err := f.ours(ctx, round)
		if err != nil {
			return err
		}
		p, err := f.theirs(ctx, round)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, a), append(theirs, p)
	}
	itself := func(d time.Duration) time.Duration { return d }
	a, p := median(ours, itself), median(theirs, itself)
	speed := func(d time.Duration) string { return number(pastWindows/d.Seconds()) + " windows/s" }
	b.report.add(goal{
		work: fmt.Sprintf("backfill of %d windows of 1 h, %s", pastWindows, f.cluster), measured: speed(a),
		against: "promtool " + pkg.Version + ", textbook rules: " + speed(p), ratio: p.Seconds() / a.Seconds(), least: 6, unit: "x as fast",
	})
	return f.judge(ctx)
}

// ours runs the exporter's backfill into a file.
func (f backfill) ours(ctx context.Context, round int) (time.Duration, error) {
	return timed(exec.CommandContext(ctx, f.exporter, "backfill", "--log.level=error", "--prometheus.url="+f.server.url.String(),
		"--from="+f.cluster.Window.Start.Format(time.RFC3339), "--to="+f.cluster.Window.End.Format(time.RFC3339), "--output="+f.file(round)))
}

func (f backfill) file(round int) string {
	return filepath.Join(f.dir, fmt.Sprint("ours-", round, ".om"))
}

// theirs has promtool evaluate the rules at each window's end.
func (f backfill) theirs(ctx context.Context, round int) (time.Duration, error) {
	return timed(exec.CommandContext(ctx, f.promtool, "tsdb", "create-blocks-from", "rules", "--url="+f.server.url.String(),
		"--start="+f.cluster.Window.Start.Add(time.Hour).Format(time.RFC3339), "--end="+f.cluster.Window.End.Format(time.RFC3339),
		"--eval-interval=1h", "--output-dir="+filepath.Join(f.dir, fmt.Sprint("theirs-", round)), f.rules))
}

func timed(cmd *exec.Cmd) (time.Duration, error) {
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	return time.Since(began), nil
}

// writeRules writes the textbook rules for the one kind that the cluster has.
func (f *backfill) writeRules() error {
	text := "groups:\n- name: models\n  interval: 1h\n  rules:\n"
	for _, q := range accuracy.NewTextbook(f.server.url).Queries(time.Hour) {
		if q.Kind == "SeldonDeployment" {
			text += fmt.Sprintf("  - {record: %q, expr: %q}\n", strings.ReplaceAll(q.Metric.String(), "model_", "model:"), q.Expr)
		}
	}
	f.rules = filepath.Join(f.dir, "rules.yml")
	return os.WriteFile(f.rules, []byte(text), 0o644)
}

// judge stores the exporter's file as promtool does, and holds every value against the truth.
func (f backfill) judge(ctx context.Context) (err error) {
	blocks := filepath.Join(f.dir, "ours")
	if _, err := timed(exec.CommandContext(ctx, f.promtool, "tsdb", "create-blocks-from", "openmetrics", f.file(0), blocks)); err != nil {
		return err
	}
	stored, err := prom.Start(ctx, prom.Options{Dir: blocks})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stored.Close()) }()
	hour := f.cluster.modelsOnly()
	for i := range time.Duration(pastWindows) {
		hour.Window = cluster.Span{From: i * time.Hour, To: (i + 1) * time.Hour}
		result, err := accuracy.Stored(ctx, stored.URL(), hour.Span())
		if err != nil {
			return err
		}
		if err := right(accuracy.Judge(hour, result)); err != nil {
			return fmt.Errorf("%s: %w", hour.Span(), err)
		}
	}
	return nil
}
