package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEffective: each setting is there with its value and its origin, and no secret is.
func TestEffective(t *testing.T) {
	cfg := mustLoad(t, map[string]string{
		"TIME_PERIOD":      "2h",
		"KINDS":            "Server",
		"REMOTE_WRITE_URL": "https://joe:s3cret@receiver/api/v1/write?key=s3cret",
		tokenEnv:           "s3cret",
	}, "--kinds=SeldonDeployment,Server", "--web.listen-address=:1", "--web.listen-address=:2", "--prometheus.url=http://p:9090/x?s3cret", "--kind=A=a", "--kind=B=b")
	type value struct{ Group, Value, Origin string }
	got := map[string]value{}
	for _, s := range cfg.Effective() {
		name := s.Flag
		if name == "" {
			name = s.Env
		}
		if _, twice := got[name]; twice || s.Help == "" {
			t.Errorf("%s is there twice, or without help", name)
		}
		got[name] = value{s.Group, s.Value, s.Origin}
		if strings.Contains(s.Value, "s3cret") || strings.Contains(s.Value, "joe") {
			t.Errorf("%s shows %s", name, s.Value)
		}
	}
	for name, want := range map[string]value{
		"--time-period":            {"Windows and models", "2h", FromEnvironment},
		"--kinds":                  {"Windows and models", "SeldonDeployment, Server", FromFlag},
		"--kind":                   {"Windows and models", "A=a, B=b", FromFlag},
		"--settle-delay":           {"Windows and models", "1m", FromDefault},
		"--prometheus.url":         {"Prometheus", "http://p:9090/x?<secret>", FromFlag},
		"--prometheus.token-file":  {"Prometheus", "", FromDefault},
		tokenEnv:                   {"Prometheus", "<secret>", FromEnvironment},
		"--remote-write.url":       {"Remote write", "https://<secret>@receiver/api/v1/write?<secret>", FromEnvironment},
		"--remote-write.query-url": {"Remote write", "", FromDefault},
		"--web.listen-address":     {"Web", ":1, :2", FromFlag},
		"--query.max-answer-bytes": {"Queries", "64MiB", FromDefault},
		"--web.timestamps":         {"Web", "false", FromDefault},
		"--log.level":              {"Logging", "info", FromDefault},
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, other := got["--end"]; other {
		t.Error("a setting of another command is there")
	}
}
