package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/backfill"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
)

// fill computes past windows, and delivers them or writes them as OpenMetrics.
func fill(ctx context.Context, s *session) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // most memory is short-lived: collecting it less often is faster
	}
	last, err := s.settled(s.Backfill.To)
	if err != nil {
		return err
	}
	span := backfill.Span{From: s.Backfill.From, To: last.End, Period: s.Period}
	if !span.From.Before(span.To) {
		return fmt.Errorf("the newest settled window ends at %s: choose an earlier --from", last.End.Format(time.RFC3339))
	}
	var progress backfill.Progress = backfill.NewLines(s.log)
	if backfill.IsTerminal(s.stderr) {
		bar := backfill.NewBar(s.stderr)
		s.Log.Writer = bar
		progress, s.log = bar, promslog.New(s.Log)
	}
	client, err := s.upstream(prometheus.NewRegistry())
	if err != nil {
		return err
	}
	downsampler := s.downsampler(client)
	job := backfill.Job{Computer: downsampler, Period: s.Period, Concurrency: s.Query.Concurrency, Progress: progress, Log: s.log}
	estimate := func(in backfill.Inventory) error {
		missing, _, err := span.Split(ctx, in)
		if err != nil {
			return err
		}
		return backfill.Estimate(ctx, downsampler, span, missing, s.stdout)
	}
	run := func(d backfill.Destination) error {
		missing, _, err := span.Split(ctx, d)
		if err != nil {
			return err
		}
		return job.Run(ctx, d, missing)
	}
	if s.Backfill.Output == "" {
		writer, err := s.writer(prometheus.NewRegistry())
		switch {
		case err != nil:
			return err
		case s.Backfill.Replace:
			return job.Replace(ctx, writer, span, s.stdout, s.mayReplace)
		case s.Backfill.DryRun:
			return estimate(writer)
		}
		return run(writer)
	}
	if s.Backfill.DryRun {
		kept, err := s.peekFile()
		if err != nil {
			return err
		}
		return estimate(kept)
	}
	file, err := s.openFile()
	if err != nil {
		return err
	}
	err = run(file)
	if err == nil {
		err = file.Complete(span)
	}
	return errors.Join(err, file.Close())
}

// fileSettings are the settings that two parts of one file must have in common.
func (s *session) fileSettings() string {
	text := fmt.Sprintf("period=%s kinds=%s shard=%s", model.Duration(s.Period), s.KindNames(), s.Shard)
	if s.Upstream != "" {
		text += " upstream=" + s.Upstream
	}
	return text
}

// openFile opens the file to which past windows are written.
func (s *session) openFile() (*backfill.File, error) {
	if s.Backfill.Output == "-" {
		return backfill.OpenPipe(s.stdout, metric.Default().Metrics)
	}
	file, err := backfill.OpenFile(s.Backfill.Output, s.fileSettings(), metric.Default().Metrics)
	return file, s.unusable(err)
}

// peekFile returns what openFile would find, and changes nothing.
func (s *session) peekFile() (backfill.Inventory, error) {
	if s.Backfill.Output == "-" {
		return &backfill.Spool{}, nil
	}
	kept, err := backfill.Peek(s.Backfill.Output, s.fileSettings(), metric.Default().Metrics)
	return kept, s.unusable(err)
}

func (s *session) unusable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--output=%q cannot be used: %w", s.Backfill.Output, err)
}

// mayReplace asks the user at the terminal, unless a flag answers.
func (s *session) mayReplace() (bool, error) {
	switch {
	case s.Backfill.DryRun:
		return false, nil
	case s.Backfill.Yes:
		return true, nil
	case !backfill.IsTerminal(s.stdin) || !backfill.IsTerminal(s.stderr):
		return false, errors.New("--replace asks before it replaces, and there is no terminal: give --yes or --dry-run")
	}
	fmt.Fprint(s.stderr, "Replace them? [y/N] ")
	answer, err := bufio.NewReader(s.stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}
