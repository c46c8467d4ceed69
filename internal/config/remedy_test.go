package config

import "testing"

func TestRemedyNamesTheSettingsOfTheServer(t *testing.T) {
	url, query := "--remote-write.url=http://r/w", "--remote-write.query-url=http://q"
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		of   Server
		kind string
		want string
	}{
		"read, by default":         {nil, nil, Upstream, "not_prometheus", "--prometheus.url must be the base URL of a Prometheus, its path prefix included"},
		"read, by the environment": {map[string]string{"PROMETHEUS_URL": "http://p"}, nil, Upstream, "not_prometheus", "PROMETHEUS_URL must be the base URL of a Prometheus, its path prefix included"},
		"delivered, read there":    {nil, []string{url}, Delivered, "not_prometheus", "--prometheus.url must be the base URL of a Prometheus, its path prefix included"},
		"delivered, elsewhere":     {nil, []string{url, query}, Delivered, "not_prometheus", "--remote-write.query-url must be the base URL of a Prometheus, its path prefix included"},
		"delivered, credentials":   {nil, []string{url, query}, Delivered, "unauthorized", "check the credentials: the user in --remote-write.query-url, or --remote-write.config-file"},
		"delivered, time":          {map[string]string{"QUERY_TIMEOUT": "3m"}, []string{url, query}, Delivered, "timeout", "raise QUERY_TIMEOUT, and the limits of proxies and of the server"},
		"receiver":                 {map[string]string{"REMOTE_WRITE_URL": "http://r/w"}, nil, Receiver, "unreachable", "check REMOTE_WRITE_URL and --remote-write.timeout"},
		"receiver's own flag":      {nil, []string{url}, Receiver, "not_found", "check --remote-write.url, and that the receiver is turned on (Prometheus: --web.enable-remote-write-receiver)"},
		"what nobody knows":        {nil, nil, Upstream, "internal", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mustLoad(t, test.env, test.args...).Remedy(test.of, test.kind); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestRemediesNameWhatExists checks that the flags in remedies exist.
func TestRemediesNameWhatExists(t *testing.T) {
	known := map[string]bool{"--web.enable-remote-write-receiver": true} // a Prometheus' own
	for _, s := range Settings(commands()) {
		known[s.Flag] = true
	}
	for _, remedies := range []map[string]string{queryRemedies(readCredentials), receiverRemedies()} {
		for kind, text := range remedies {
			for _, flag := range flagNames().FindAllString(text, -1) {
				if !known[flag] {
					t.Errorf("%s: %s does not exist", kind, flag)
				}
			}
		}
	}
}
