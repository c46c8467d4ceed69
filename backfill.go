package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/backfill"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
)

// computePast computes past windows, and delivers them or writes them as OpenMetrics.
func computePast(ctx context.Context, cfg *config.Config, log *slog.Logger, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	debug.SetGCPercent(400) // it holds little and throws away much: collecting less often is faster
	last, err := settled(cfg.Past.To, cfg)
	if err != nil {
		return err
	}
	span := backfill.Span{From: cfg.Past.From, To: last.End, Period: cfg.Period}
	if !span.From.Before(span.To) {
		return fmt.Errorf("the newest settled window ends at %s: choose an earlier --from", last.End.Format(time.RFC3339))
	}
	var progress backfill.Progress = backfill.NewLines(log)
	if backfill.IsTerminal(stderr) {
		bar := backfill.NewBar(stderr)
		cfg.Log.Writer = bar
		progress, log = bar, promslog.New(cfg.Log)
	}
	downsampler, err := newDownsampler(cfg, log, prometheus.NewRegistry())
	if err != nil {
		return err
	}
	job := backfill.Job{Computer: downsampler, Period: cfg.Period, Concurrency: cfg.Query.Concurrency, Progress: progress, Log: log}
	estimate := func(in backfill.Inventory) error {
		missing, _, err := span.Split(ctx, in)
		if err != nil {
			return err
		}
		return backfill.Estimate(ctx, downsampler, span, missing, stdout)
	}
	fill := func(d backfill.Destination) error {
		missing, _, err := span.Split(ctx, d)
		if err != nil {
			return err
		}
		return job.Run(ctx, d, missing)
	}
	if cfg.Past.Output == "" {
		writer, err := newWriter(cfg, log, prometheus.NewRegistry())
		if err != nil {
			return err
		}
		if cfg.Past.Replace {
			return job.Replace(ctx, writer, span, stdout, func() (bool, error) { return mayReplace(cfg, stderr) })
		}
		if cfg.Past.DryRun {
			return estimate(writer)
		}
		return fill(writer)
	}
	settings := fmt.Sprintf("period=%s kinds=%s shard=%s", model.Duration(cfg.Period), cfg.KindNames(), cfg.Shard)
	if cfg.Past.DryRun {
		kept, err := peekPast(cfg, settings)
		if err != nil {
			return err
		}
		return estimate(kept)
	}
	file, err := openPast(cfg, settings, stdout)
	if err != nil {
		return err
	}
	err = fill(file)
	if err == nil {
		err = file.Complete(span)
	}
	return errors.Join(err, file.Close())
}

// openPast opens the file that past windows become.
func openPast(cfg *config.Config, settings string, stdout io.Writer) (*backfill.File, error) {
	if cfg.Past.Output == "-" {
		return backfill.OpenPipe(stdout)
	}
	file, err := backfill.OpenFile(cfg.Past.Output, settings)
	if err != nil {
		return nil, unusable(cfg, err)
	}
	return file, nil
}

// peekPast returns what openPast would find, and touches nothing.
func peekPast(cfg *config.Config, settings string) (backfill.Inventory, error) {
	if cfg.Past.Output == "-" {
		return &backfill.Spool{}, nil
	}
	kept, err := backfill.Peek(cfg.Past.Output, settings)
	if err != nil {
		return nil, unusable(cfg, err)
	}
	return kept, nil
}

func unusable(cfg *config.Config, err error) error {
	return fmt.Errorf("--output=%q cannot be used: %w", cfg.Past.Output, err)
}

// mayReplace asks whoever sits at the terminal, unless that is settled already.
func mayReplace(cfg *config.Config, stderr io.Writer) (bool, error) {
	switch {
	case cfg.Past.DryRun:
		return false, nil
	case cfg.Past.Yes:
		return true, nil
	case !backfill.IsTerminal(os.Stdin) || !backfill.IsTerminal(stderr):
		return false, errors.New("--replace asks before it replaces, and there is no terminal: give --yes, or --dry-run")
	}
	fmt.Fprint(stderr, "Replace them? [y/N] ")
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}
