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
			Examples: []config.Example{
				{What: "read http://localhost:8080, and serve http://localhost:8000/metrics"},
				{What: "read another Prometheus, once a day", Args: "--prometheus.url=http://prometheus:9090 --time-period=1d"},
				{What: "read settings from a file, and only check them", Args: "--config.file=exporter.yml --config.check"},
			},
		}, serve},
		{config.Command{
			Name:  "once",
			Help:  "Compute one window and print it in the exposition format.",
			Flags: config.OnceFlags,
			Examples: []config.Example{
				{What: "the newest window", Args: "once"},
				{What: "the day that ended on February 1, UTC", Args: "once --time-period=1d --end=2026-02-01"},
			},
		}, once},
		{config.Command{
			Name:  "backfill",
			Help:  "Compute past windows from the samples that the Prometheus still has, and deliver them by remote write or write them as OpenMetrics. Windows that exist already are skipped, so the same command continues an interrupted run.",
			Flags: config.BackfillFlags,
			Examples: []config.Example{
				{What: "what it would cost", Args: "backfill --from=2026-01-01 --dry-run"},
				{What: "into a file for promtool", Args: "backfill --from=2026-01-01 --output=averages.om"},
			},
		}, fill},
		{config.Command{
			Name:  "explain",
			Help:  "Print what a model's values of one window are made of: its pods and containers, how long they lived, what they used, and what was left out.",
			Flags: config.ExplainFlags,
			Examples: []config.Example{
				{What: "all values of the newest window", Args: "explain --model=seldon/income"},
				{What: "one value, for a program", Args: "explain --model=seldon/income --metric=model_cpu_requests --output=json"},
			},
		}, explainModel},
		{config.Command{
			Name:  "doctor",
			Help:  "Check the Prometheus, what it scrapes and where averages are stored, and print what was found and what to do. The exit code is 1 if a check fails.",
			Flags: config.DoctorFlags,
			Examples: []config.Example{
				{What: "why is there nothing, and can the numbers be trusted?", Args: "doctor --prometheus.url=http://localhost:9090"},
				{What: "the same, for a program", Args: "doctor --output=json"},
			},
		}, examine},
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
	load := func() (*config.Config, error) { return config.Load(args, Commands()) }
	cfg, err := load()
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
	s := &session{cfg, promslog.New(cfg.Log), load, stdin, stdout, stderr}
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
