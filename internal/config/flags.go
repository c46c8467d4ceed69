package config

import (
	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	logflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	webflag "github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

// flags are the settings as they were given, before any of them is looked at.
type flags struct {
	url, tokenFile, httpFile, insecure         *setting
	period, settle, kinds, shard               *setting
	timeout, concurrency, maxSamples, maxBytes *setting
	maxWindowSamples, compression              *setting
	logLevel, logFormat                        *setting
	remoteWrite                                remoteWriteFlags
	catchUp                                    *setting
	systemd, listen, webFile, timestamps       *setting // of serving
	web                                        *web.FlagConfig
	end                                        *setting // of commands for one window
	past                                       pastFlags
	explain                                    explainFlags
}

const presetKinds = "SeldonDeployment,InferenceService"

// helpTemplate is what --help shows: a command's own flags first, and for the one that need not be
// named the list of commands, too.
const helpTemplate = `{{$command := .Context.SelectedCommand -}}
{{$named := and $command (ne $command.Name "serve") -}}
usage: {{.App.Name}} {{if $named}}{{$command.Name}}{{else}}[<command>]{{end}} [<flags>]

{{if $named}}{{$command.Help|Wrap 0}}{{else}}{{.App.Help|Wrap 0}}
Commands:
{{range .App.Commands}}  {{.Name}}
{{.Help|Wrap 4}}{{end}}{{end}}
{{if $named}}Flags:
{{$command.Flags|FlagsToTwoColumns|FormatTwoColumns}}
Flags of every command:
{{.App.Flags|FlagsToTwoColumns|FormatTwoColumns}}{{else}}Flags:
{{.Context.Flags|FlagsToTwoColumns|FormatTwoColumns}}{{end}}`

func define() (*kingpin.Application, *flags) {
	app := kingpin.New(Name, "Reads from a Prometheus what each model's pods used during every TIME_PERIOD, "+
		"and exposes the averages as seven small metrics.\n\n"+
		"A flag wins over its environment variable, which is shown in parentheses. "+
		"A bearer token for the Prometheus is taken from $"+tokenEnv+" or --prometheus.token-file.")
	app.HelpFlag.Short('h')
	app.Version(version.Print(Name))
	app.UsageTemplate(helpTemplate)

	serve := app.Command(string(Serve), "Compute every window when it has settled, and serve the averages: what is done without a command.")
	once := app.Command(string(ComputeOnce), "Compute one window, and print it in the exposition format.")
	backfill := app.Command(string(Backfill), "Compute past windows from what the Prometheus still has, and deliver them by remote write or write them as OpenMetrics. What is there already is left out, so that whoever was interrupted goes on by the same command.")
	explain := app.Command(string(ExplainModel), "Print what one model's values of a window are made of: its pods and containers, how long they lived, what they used, and what was left out.")
	all := group{app}

	f := &flags{
		url: all.add("prometheus.url", "PROMETHEUS_URL", "http://localhost:8080",
			"Prometheus to read, with or without /api/v1 at the end. User and password in it are used for basic authentication."),
		tokenFile: all.add("prometheus.token-file", "PROMETHEUS_TOKEN_FILE", "<file>",
			"File with a bearer token for the Prometheus, read anew for every request."),
		httpFile: all.add("prometheus.config-file", "PROMETHEUS_CONFIG_FILE", "<file>",
			"YAML file with HTTP client settings for the Prometheus (TLS, OAuth2, proxy, headers), as in Prometheus' own http_config. Redirects are never followed."),
		insecure: all.addSwitch("prometheus.insecure-skip-verify", "PROMETHEUS_INSECURE_SKIP_VERIFY",
			"Do not verify the Prometheus' TLS certificate."),
		period: all.add("time-period", "TIME_PERIOD", "1h",
			"Length of the windows that are averaged over, and how often there is a new one: 1m to 31d."),
		settle: all.add("settle-delay", "SETTLE_DELAY", "1m",
			"How long after a window's end it is computed, so that late scrapes are in."),
		kinds: all.add("kinds", "KINDS", presetKinds,
			"Kubernetes kinds that are models, separated by commas. A pod that carries the labels of several belongs to the first."),
		shard: all.add("shard", "SHARD", "0/1",
			"Which of several exporters this one is that share the models between them by namespace: i/n is number i, counted from 0, of n. 0/1 has them all."),
		timeout: all.add("query.timeout", "QUERY_TIMEOUT", "2m",
			"How long one query may take."),
		concurrency: all.add("query.concurrency", "QUERY_CONCURRENCY", "2",
			"How many queries may run at once."),
		maxSamples: all.add("query.max-samples", "QUERY_MAX_SAMPLES", "1000000",
			"How many samples one query may load. Larger ones are split."),
		maxWindowSamples: all.add("query.max-samples-per-window", "QUERY_MAX_SAMPLES_PER_WINDOW", "0",
			"How many samples all queries for one window may read together. A window that needs more fails. 0 is any number."),
		maxBytes: all.add("query.max-answer-bytes", "QUERY_MAX_ANSWER_BYTES", "64MiB",
			"How large one answer of the Prometheus may be."),
		compression: all.add("query.compression", "QUERY_COMPRESSION", "auto",
			"Whether answers are asked for in gzip, which costs the Prometheus some CPU and spares the network: gzip, none, or auto, which is none for a Prometheus on this host."),
	}
	f.remoteWrite = group{serve, backfill}.addRemoteWrite()
	f.catchUp = group{serve}.add("catch-up.max-age", "CATCH_UP_MAX_AGE", "24h",
		"How old a window may be that was not delivered to be computed and delivered after all. 0 is for the newest alone.")
	f.addServing(serve)
	f.addLog(app)
	f.end = group{once, explain}.add("end", "", "<time>",
		"When the window ends: RFC 3339, or seconds since 1970. By default, the newest settled one is taken.")
	f.past = group{backfill}.addPast()
	f.explain = group{explain}.addExplain()
	return app, f
}

// addServing adopts the web server's flags.
func (f *flags) addServing(serve *kingpin.CmdClause) {
	f.web = webflag.AddFlags(serve, ":8000")
	f.listen = adopt(serve.GetFlag("web.listen-address"), "web.listen-address", "WEB_LISTEN_ADDRESS")
	webFile := serve.GetFlag("web.config.file").
		Help("File that turns on TLS or authentication, as the Prometheus exporter-toolkit describes it.")
	f.webFile = adopt(webFile, "web.config.file", "WEB_CONFIG_FILE")
	if systemd := serve.GetFlag("web.systemd-socket"); systemd != nil { // Linux only
		f.systemd = adopt(systemd, "web.systemd-socket", "WEB_SYSTEMD_SOCKET")
		systemd.SetValue(switchValue{f.systemd})
	}
	f.timestamps = group{serve}.addSwitch("web.timestamps", "WEB_TIMESTAMPS",
		"Expose the models' metrics with their window's end as timestamp, so that one sample per window is stored. Not for every Prometheus: docs/how-it-works.md has the price.")
}

// addLog adopts the flags of the log, for their names and their help: the values are
// checked with the others.
func (f *flags) addLog(app *kingpin.Application) {
	logflag.AddFlags(app, &promslog.Config{})
	level, format := app.GetFlag(logflag.LevelFlagName), app.GetFlag(logflag.FormatFlagName)
	f.logLevel = adopt(level, logflag.LevelFlagName, "LOG_LEVEL")
	level.SetValue(f.logLevel)
	f.logFormat = adopt(format, logflag.FormatFlagName, "LOG_FORMAT")
	format.SetValue(f.logFormat)
}
