package config

import (
	"regexp"
	"strings"
)

// Server is a server that the exporter uses.
type Server int

// The servers.
const (
	Upstream  Server = iota // the Prometheus that is read
	Receiver                // of remote write
	Delivered               // the Prometheus that has the delivered windows
)

// The settings with credentials. The environment has none of an upstream.
const (
	upstreamCredentials = "--prometheus.token-file or --prometheus.config-file"
	readCredentials     = tokenEnv + ", " + upstreamCredentials
)

// queryRemedies returns the remedies for a Prometheus, by the kind of its failure.
func queryRemedies(credentials string) map[string]string {
	return map[string]string{
		"unreachable":    "check --prometheus.url, and the port-forward if there is one",
		"timeout":        "raise --query.timeout, and the limits of proxies and of the server",
		"unauthorized":   "check the credentials: " + credentials,
		"not_prometheus": "--prometheus.url must be the base URL of a Prometheus, its path prefix included",
		"rejected":       "check whether a proxy before the server allows only some queries",
		"too_expensive":  "raise the server's limit on the samples of one query, or the proxy's before it",
		"throttled":      "lower --query.concurrency, or raise the server's limit",
		"unavailable":    "check the log of the server, or of the proxy before it",
		"malformed":      "check what exposes these series, and whether a proxy changes answers",
		"too_large":      "raise --query.max-answer-bytes, or lower --query.max-samples",
		"partial":        "check which store of the server does not answer",
		"over_budget":    "raise --query.max-samples-per-window, leave out kinds with --kinds, or share the models with --shard",
		"not_offered":    "set --query.transport to auto or promql",
	}
}

// receiverRemedies returns the remedies for a remote-write receiver.
func receiverRemedies() map[string]string {
	return map[string]string{
		"unreachable":   "check --remote-write.url and --remote-write.timeout",
		"unauthorized":  "check the credentials: the user in --remote-write.url, or --remote-write.config-file",
		"not_found":     "check --remote-write.url, and that the receiver is turned on (Prometheus: --web.enable-remote-write-receiver)",
		"transient":     "check the log of the receiver",
		"too_old":       "raise out_of_order_time_window in the receiver's storage.tsdb settings",
		"refused":       "check what the receiver says, and that its samples can be read from --remote-write.query-url",
		"partial":       "check the log of the receiver",
		"misconfigured": "set --remote-write.protobuf-message to the other message: " + strings.Join(messages(), " or "),
		"conflict":      "delete the samples of that time from the receiver to have the window delivered again",
	}
}

// Remedy says what to change for a kind of failure of a server, or returns "" if that is
// unknown. It names each setting as the user did.
func (c *Config) Remedy(of Server, kind string) string {
	credentials := readCredentials
	if c.Upstream != "" {
		credentials = upstreamCredentials
	}
	text := queryRemedies(credentials)[kind]
	switch {
	case of == Receiver:
		text = receiverRemedies()[kind]
	case of == Delivered && c.settings["remote-write.query-url"].raw != "":
		text = strings.NewReplacer(credentials, "the user in --remote-write.query-url, or --remote-write.config-file",
			"--prometheus.url", "--remote-write.query-url").Replace(text)
	}
	return c.Named(text)
}

// Named names each setting in a text as the user did.
func (c *Config) Named(text string) string {
	return flagNames().ReplaceAllStringFunc(text, func(flag string) string {
		return c.SettingName(strings.TrimPrefix(flag, "--"))
	})
}

func flagNames() *regexp.Regexp { return regexp.MustCompile(`--[a-z][a-z.-]+[a-z]`) }
