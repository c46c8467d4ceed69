package config

import (
	"strings"
	"time"

	"github.com/prometheus/common/promslog"
	logflag "github.com/prometheus/common/promslog/flag"
)

// Query is how the Prometheus is read, and the bounds for that.
type Query struct {
	Engine              string // auto, or the name of one
	Transport           string // auto, remote-read, native-export or promql
	Timeout             time.Duration
	Concurrency         int
	MaxSamples          int
	MaxAnswerBytes      int64
	MaxSamplesPerWindow int64 // that all requests of one window may read; 0 is no limit
	Compress            bool  // request answers in gzip
}

// queryFlags defines how the Prometheus is read.
func queryFlags(f Flags) Check {
	engine := f.add("query.engine", "QUERY_ENGINE", "auto",
		"Which engine answers: prometheus, thanos, victoriametrics, mimir, cortex, or auto, which asks the server. It decides what is sent with each query, and how many names one query has.")
	transport := f.add("query.transport", "QUERY_TRANSPORT", "auto",
		"How raw samples are read: remote-read, native-export (of VictoriaMetrics), promql, or auto, which tries what the engine has and falls back to PromQL.")
	timeout := f.add("query.timeout", "QUERY_TIMEOUT", "2m",
		"How long one request may take.")
	concurrency := f.add("query.concurrency", "QUERY_CONCURRENCY", "2",
		"How many requests may run at the same time.")
	maxSamples := f.add("query.max-samples", "QUERY_MAX_SAMPLES", "1000000",
		"How many samples one request may return, as far as that is known before. Larger requests are split. The exporter never asks for more than 200000.")
	maxWindowSamples := f.add("query.max-samples-per-window", "QUERY_MAX_SAMPLES_PER_WINDOW", "0",
		"How many samples all requests of one window may read together. A window that needs more fails. 0 is no limit.")
	maxBytes := f.add("query.max-answer-bytes", "QUERY_MAX_ANSWER_BYTES", "64MiB",
		"Maximum size of one answer of the Prometheus, and of the memory for reading it.")
	compression := f.add("query.compression", "QUERY_COMPRESSION", "auto",
		"Compression of answers to PromQL queries, which costs the Prometheus some CPU and saves network traffic: gzip, none, or auto, which is none for a Prometheus on this host and gzip for others.")
	within(ofSome, engine, transport, timeout, concurrency, maxSamples, maxWindowSamples, maxBytes, compression)
	return func(c *checker, cfg *Config) {
		cfg.Query = Query{
			Engine:              parse(c, engine, choice("auto", "prometheus", "thanos", "victoriametrics", "mimir", "cortex")),
			Transport:           parse(c, transport, choice("auto", "remote-read", "native-export", "promql")),
			Timeout:             parse(c, timeout, durationBetween(time.Second, time.Hour)),
			Concurrency:         parse(c, concurrency, atLeast(1)),
			MaxSamples:          parse(c, maxSamples, atLeast(1000)),
			MaxAnswerBytes:      parse(c, maxBytes, size),
			MaxSamplesPerWindow: int64(parse(c, maxWindowSamples, atLeast(0))),
		}
		switch parse(c, compression, choice("auto", "gzip", "none")) {
		case "gzip":
			cfg.Query.Compress = true
		case "auto":
			u := cfg.Prometheus.URL
			cfg.Query.Compress = u != nil && !isThisHost(u.Hostname())
		}
	}
}

// logFlags defines the flags of promslog/flag.
func logFlags(f Flags) Check {
	level := f.add(logflag.LevelFlagName, "LOG_LEVEL", "info", "Severity from which on messages are logged: debug, info, warn or error.")
	format := f.add(logflag.FormatFlagName, "LOG_FORMAT", "logfmt", "Format of log messages: logfmt or json.")
	fix(format)
	return func(c *checker, cfg *Config) {
		cfg.Log = &promslog.Config{Level: promslog.NewLevel(), Format: promslog.NewFormat()}
		level.raw = strings.ToLower(level.raw) // as promslog takes it
		_ = cfg.Log.Level.Set(parse(c, level, choice(promslog.LevelFlagOptions...)))
		_ = cfg.Log.Format.Set(parse(c, format, choice(promslog.FormatFlagOptions...)))
	}
}
