// Package config turns flags and environment variables into one checked Config.
// Nothing else in the exporter reads either.
package config

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	logflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	webflag "github.com/prometheus/exporter-toolkit/web/kingpinflag"

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

// Config is everything that can be set, checked.
type Config struct {
	Prometheus  Prometheus
	Period      time.Duration
	SettleDelay time.Duration
	Kinds       []workload.Kind // in order of precedence
	Query       Query
	Web         *web.FlagConfig
	ListenName  string // what the user calls the setting of the listen addresses
	Log         *promslog.Config
}

// Query bounds what is asked of the Prometheus.
type Query struct {
	Timeout        time.Duration
	Concurrency    int
	MaxSamples     int
	MaxAnswerBytes int64
}

// KindNames lists the kinds for people.
func (c *Config) KindNames() string {
	names := make([]string, len(c.Kinds))
	for i, kind := range c.Kinds {
		names[i] = kind.Name
	}
	return strings.Join(names, ", ")
}

// ErrShown is returned when --help or --version was asked for and has been written.
var ErrShown = errors.New("only help or version was asked for")

// UsageError is a command line that cannot be understood, as opposed to a setting
// that has a bad value.
type UsageError struct{ Reason string }

func (e *UsageError) Error() string { return e.Reason + " (see --help)" }

// flags are the settings as they were given, before any of them is looked at.
type flags struct {
	url, tokenFile, httpFile, insecure         *setting
	period, settle, kinds                      *setting
	timeout, concurrency, maxSamples, maxBytes *setting
	logLevel, logFormat                        *setting
	systemd, listen, webFile                   *setting
	web                                        *web.FlagConfig
}

// Load reads the settings from args and the environment, in which args win. Help and
// version go to stdout. The error is ErrShown, a *UsageError, or a join with one
// line for each setting at fault.
func Load(args []string, stdout io.Writer) (*Config, error) {
	app, f := define()
	shown := false
	app.UsageWriter(stdout).ErrorWriter(io.Discard).Terminate(func(int) { shown = true })
	_, err := app.Parse(args)
	if shown {
		return nil, ErrShown
	}
	if err != nil {
		return nil, usageError(err)
	}
	return f.check()
}

func define() (*kingpin.Application, *flags) {
	app := kingpin.New(Name, "Reads from a Prometheus what each model's pods used during every TIME_PERIOD, "+
		"and exposes the averages as seven small metrics.\n\n"+
		"A flag wins over its environment variable, which is shown in parentheses. "+
		"A bearer token for the Prometheus is taken from $"+tokenEnv+" or --prometheus.token-file.")
	app.HelpFlag.Short('h')
	app.Version(version.Print(Name))

	f := &flags{
		url: add(app, "prometheus.url", "PROMETHEUS_URL", "http://localhost:8080",
			"Prometheus to read, with or without /api/v1 at the end. User and password in it are used for basic authentication."),
		tokenFile: add(app, "prometheus.token-file", "PROMETHEUS_TOKEN_FILE", "",
			"File with a bearer token for the Prometheus, read anew for every request."),
		httpFile: add(app, "prometheus.config-file", "PROMETHEUS_CONFIG_FILE", "",
			"YAML file with HTTP client settings for the Prometheus (TLS, OAuth2, proxy, headers), as in Prometheus' own http_config. Redirects are never followed."),
		insecure: addSwitch(app, "prometheus.insecure-skip-verify", "PROMETHEUS_INSECURE_SKIP_VERIFY",
			"Do not verify the Prometheus' TLS certificate."),
		period: add(app, "time-period", "TIME_PERIOD", "1h",
			"Length of the windows that are averaged over, and how often there is a new one: 1m to 31d."),
		settle: add(app, "settle-delay", "SETTLE_DELAY", "1m",
			"How long after a window's end it is computed, so that late scrapes are in."),
		kinds: add(app, "kinds", "KINDS", "SeldonDeployment,InferenceService",
			"Kubernetes kinds that are models, separated by commas. A pod that carries the labels of several belongs to the first."),
		timeout: add(app, "query.timeout", "QUERY_TIMEOUT", "2m",
			"How long one query may take."),
		concurrency: add(app, "query.concurrency", "QUERY_CONCURRENCY", "2",
			"How many queries may run at once."),
		maxSamples: add(app, "query.max-samples", "QUERY_MAX_SAMPLES", "1000000",
			"How many samples one query may load. Larger ones are split."),
		maxBytes: add(app, "query.max-answer-bytes", "QUERY_MAX_ANSWER_BYTES", "64MiB",
			"How large one answer of the Prometheus may be."),
	}
	f.web = webflag.AddFlags(app, ":8000")
	f.listen = adopt(app.GetFlag("web.listen-address"), "web.listen-address", "WEB_LISTEN_ADDRESS")
	webFile := app.GetFlag("web.config.file").
		Help("File that turns on TLS or authentication, as the Prometheus exporter-toolkit describes it.")
	f.webFile = adopt(webFile, "web.config.file", "WEB_CONFIG_FILE")
	if systemd := app.GetFlag("web.systemd-socket"); systemd != nil { // Linux only
		f.systemd = adopt(systemd, "web.systemd-socket", "WEB_SYSTEMD_SOCKET")
		systemd.SetValue(switchValue{f.systemd})
	}
	logflag.AddFlags(app, &promslog.Config{}) // for the names and the help; the values are checked with the others
	level, format := app.GetFlag(logflag.LevelFlagName), app.GetFlag(logflag.FormatFlagName)
	f.logLevel = adopt(level, logflag.LevelFlagName, "LOG_LEVEL")
	level.SetValue(f.logLevel)
	f.logFormat = adopt(format, logflag.FormatFlagName, "LOG_FORMAT")
	format.SetValue(f.logFormat)
	return app, f
}

// check looks at every setting, so that all that is wrong is told at once.
func (f *flags) check() (*Config, error) {
	var c checker
	cfg := &Config{
		Period:      parse(&c, f.period, durationBetween(MinPeriod, MaxPeriod)),
		SettleDelay: parse(&c, f.settle, durationBetween(0, MaxPeriod)),
		Kinds:       parse(&c, f.kinds, kinds),
		Query: Query{
			Timeout:        parse(&c, f.timeout, durationBetween(time.Second, time.Hour)),
			Concurrency:    parse(&c, f.concurrency, atLeast(1)),
			MaxSamples:     parse(&c, f.maxSamples, atLeast(1000)),
			MaxAnswerBytes: parse(&c, f.maxBytes, size),
		},
		Web:        f.web,
		ListenName: f.listen.name(),
		Log:        &promslog.Config{Level: promslog.NewLevel(), Format: promslog.NewFormat()},
	}
	if cfg.Period > 0 && cfg.SettleDelay > cfg.Period {
		c.failf("%s is longer than the period of %s: choose a shorter delay", f.settle, model.Duration(cfg.Period))
	}
	parse(&c, f.logLevel, oneOf(cfg.Log.Level.Set, promslog.LevelFlagOptions))
	parse(&c, f.logFormat, oneOf(cfg.Log.Format.Set, promslog.FormatFlagOptions))
	if f.systemd != nil {
		*f.web.WebSystemdSocket = parse(&c, f.systemd, boolean)
	}
	if file := *f.web.WebConfigFile; file != "" {
		if err := web.Validate(file); err != nil {
			c.failf("%s=%q cannot be used: %s", f.webFile.name(), file, plain(err))
		}
	}
	cfg.Prometheus = f.prometheus(&c)
	if err := c.err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// Setting describes one setting to those who document it.
type Setting struct {
	Flag, Env, Default, Help string
}

// Settings lists every setting, in the order of --help.
func Settings() []Setting {
	app, _ := define()
	var out []Setting
	for _, flag := range app.Model().Flags {
		if flag.Hidden || flag.Name == "help" || flag.Name == "version" {
			continue
		}
		s := Setting{Flag: "--" + flag.Name, Env: flag.Envar, Help: flag.Help}
		if len(flag.Default) > 0 {
			s.Default = flag.Default[0]
		}
		out = append(out, s)
		if flag.Name == "prometheus.url" {
			out = append(out, Setting{Env: tokenEnv, Help: tokenHelp})
		}
	}
	return out
}
