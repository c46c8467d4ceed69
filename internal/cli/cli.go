// Package cli is the command line: it runs each command with the other packages.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/prometheus/common/promslog"
	_ "golang.org/x/crypto/x509roots/fallback" // the image has no certificate authorities

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/backfill"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
)

// command is a row of the table of commands.
type command struct {
	config.Command
	run func(context.Context, *session) error
}

// table lists the commands. The first one is the default.
func table() []command {
	return []command{
		{config.Command{
			Name:  "serve",
			Help:  "Compute each window once it has settled, and serve the averages. This is the default command.",
			Flags: config.ServeFlags,
		}, serve},
		{config.Command{
			Name:  "once",
			Help:  "Compute one window and print it in the exposition format.",
			Flags: config.OnceFlags,
		}, once},
		{config.Command{
			Name:  "backfill",
			Help:  "Compute past windows from the samples that the Prometheus still has, and deliver them by remote write or write them as OpenMetrics. Windows that exist already are skipped, so the same command continues an interrupted run.",
			Flags: config.BackfillFlags,
		}, fill},
		{config.Command{
			Name:  "explain",
			Help:  "Print what a model's values of one window are made of: its pods and containers, how long they lived, what they used, and what was left out.",
			Flags: config.ExplainFlags,
		}, explainModel},
	}
}

// Commands returns the table of commands, for the documentation.
func Commands() []config.Command {
	var all []config.Command
	for _, c := range table() {
		all = append(all, c.Command)
	}
	return all
}

// Run runs the command that the command line gives. Its error is for Exit.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	out := &output{Writer: stdout, terminal: backfill.IsTerminal(stdout)}
	err := execute(ctx, args, stdin, out, stderr)
	if out.err != nil {
		return out.err
	}
	return err
}

func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	cfg, err := config.Load(args, Commands())
	if shown, ok := errors.AsType[*config.Shown](err); ok {
		_, err := io.WriteString(stdout, shown.Text)
		return err
	}
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg.Log.Writer = stderr
	commands := table()
	i := slices.IndexFunc(commands, func(c command) bool { return c.Name == cfg.Command })
	s := &session{cfg, promslog.New(cfg.Log), stdin, stdout, stderr}
	if cfg.CheckOnly {
		return checkOnly(s)
	}
	err = commands[i].run(ctx, s)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx) // the error is only a consequence of the signal
	}
	return s.advise(ctx, err)
}

// Exit reports an error of Run, and returns the exit code: 1 for a failure, 2 for a command
// line that cannot be understood.
func Exit(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "%s: %s\n", config.Name, printable([]byte(strings.TrimRight(line, "\n"))))
	}
	if _, usage := errors.AsType[*config.UsageError](err); usage {
		return 2
	}
	return 1
}
