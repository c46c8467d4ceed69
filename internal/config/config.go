// Package config turns flags and environment variables into one checked Config.
// Nothing else in the exporter reads either.
package config

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/exporter-toolkit/web"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Name is the program's name, as users type it.
const Name = "seldon-prometheus-exporter"

// The periods that make sense: a shorter one averages a handful of scrapes, a longer
// one asks for more history than most servers keep.
const (
	MinPeriod = time.Minute
	MaxPeriod = 31 * 24 * time.Hour
)

// maxStampedDelay leaves a quarter of an hour to scrape values with timestamps in.
const maxStampedDelay = 30 * time.Minute

// longestCatchUp is further back than receivers take samples.
const longestCatchUp = 31 * 24 * time.Hour

// Config is everything that can be set, checked. What is one command's is zero for the others.
type Config struct {
	Command     Command
	Prometheus  Prometheus
	Period      time.Duration
	SettleDelay time.Duration
	Kinds       []workload.Kind // in order of precedence
	Shard       workload.Shard
	Query       Query
	Web         *web.FlagConfig
	ListenName  string // what the user calls the setting of the listen addresses
	Timestamps  bool   // whether models' metrics are exposed with their window's end
	Log         *promslog.Config
	RemoteWrite RemoteWrite
	CatchUp     time.Duration // how old a window may be to be delivered
	Once        Once
	Past        Past
	Explain     Explain
}

// Query bounds what is asked of the Prometheus.
type Query struct {
	Timeout             time.Duration
	Concurrency         int
	MaxSamples          int
	MaxAnswerBytes      int64
	MaxSamplesPerWindow int64 // that all queries of one window may read; 0 is any number
	Compress            bool  // ask for answers in gzip
}

// KindNames lists the kinds for people.
func (c *Config) KindNames() string {
	names := make([]string, len(c.Kinds))
	for i, kind := range c.Kinds {
		names[i] = kind.Name
	}
	return strings.Join(names, ", ")
}

// OwnKinds lists the kinds as they tell two exporters' windows apart: "" are the preset ones.
func (c *Config) OwnKinds() string {
	names := strings.ReplaceAll(c.KindNames(), ", ", ",")
	if names == presetKinds {
		return ""
	}
	return names
}

// ErrShown is returned when --help or --version was asked for and has been written.
var ErrShown = errors.New("only help or version was asked for")

// UsageError is a command line that cannot be understood, as opposed to a setting
// that has a bad value.
type UsageError struct{ Reason string }

func (e *UsageError) Error() string { return e.Reason + " (see --help)" }

// Load reads the settings from args and the environment, in which args win. Help and
// version go to stdout. The error is ErrShown, a *UsageError, or a join with one
// line for each setting at fault.
func Load(args []string, stdout io.Writer) (*Config, error) {
	app, f := define()
	if given, _ := app.ParseContext(args); given.SelectedCommand == nil {
		args = append([]string{string(Serve)}, args...) // kingpin's own default commands hide errors
	}
	shown := false
	app.UsageWriter(stdout).ErrorWriter(io.Discard).Terminate(func(int) { shown = true })
	command, err := app.Parse(args)
	if shown {
		return nil, ErrShown
	}
	if err != nil {
		return nil, usageError(err)
	}
	return f.check(Command(command))
}

// check looks at every setting, so that all that is wrong is told at once.
func (f *flags) check(command Command) (*Config, error) {
	var c checker
	cfg := &Config{
		Command:     command,
		Period:      parse(&c, f.period, durationBetween(MinPeriod, MaxPeriod)),
		SettleDelay: parse(&c, f.settle, durationBetween(0, MaxPeriod)),
		Kinds:       parse(&c, f.kinds, kinds),
		Shard:       parse(&c, f.shard, workload.ParseShard),
		Query: Query{
			Timeout:             parse(&c, f.timeout, durationBetween(time.Second, time.Hour)),
			Concurrency:         parse(&c, f.concurrency, atLeast(1)),
			MaxSamples:          parse(&c, f.maxSamples, atLeast(1000)),
			MaxAnswerBytes:      parse(&c, f.maxBytes, size),
			MaxSamplesPerWindow: int64(parse(&c, f.maxWindowSamples, atLeast(0))),
		},
		Log: &promslog.Config{Level: promslog.NewLevel(), Format: promslog.NewFormat()},
	}
	if cfg.Period > 0 && cfg.SettleDelay > cfg.Period {
		c.failf("%s is longer than the period of %s: choose a shorter delay", f.settle, model.Duration(cfg.Period))
	}
	parse(&c, f.logLevel, oneOf(cfg.Log.Level.Set, promslog.LevelFlagOptions))
	parse(&c, f.logFormat, oneOf(cfg.Log.Format.Set, promslog.FormatFlagOptions))
	cfg.Prometheus = f.prometheus(&c)
	cfg.Query.Compress = parse(&c, f.compression, compression(cfg.Prometheus.URL))
	switch command {
	case Serve:
		f.checkServing(&c, cfg)
	case ComputeOnce:
		cfg.Once = Once{End: parse(&c, f.end, orNothing(edge(cfg.Period)))}
	case ExplainModel:
		f.checkExplain(&c, cfg)
	case Backfill:
		f.checkPast(&c, cfg)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

func (f *flags) checkServing(c *checker, cfg *Config) {
	cfg.RemoteWrite = f.remoteWrite.check(c, cfg.Prometheus)
	cfg.CatchUp = parse(c, f.catchUp, durationBetween(0, longestCatchUp))
	cfg.Web, cfg.ListenName = f.web, f.listen.name()
	cfg.Timestamps = parse(c, f.timestamps, boolean)
	if cfg.Timestamps && cfg.SettleDelay > maxStampedDelay {
		c.failf("%s is too long for %s, whose values are withdrawn 45m after their window's end: choose %s at most",
			f.settle, f.timestamps.name(), model.Duration(maxStampedDelay))
	}
	if f.systemd != nil {
		*f.web.WebSystemdSocket = parse(c, f.systemd, boolean)
	}
	if file := *f.web.WebConfigFile; file != "" {
		if err := web.Validate(file); err != nil {
			c.failf("%s=%q cannot be used: %s", f.webFile.name(), file, plain(err))
		}
	}
}
