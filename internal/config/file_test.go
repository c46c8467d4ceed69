package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// nested returns names and values as YAML, nested at the dots.
func nested(t *testing.T, values map[string]any) string {
	t.Helper()
	root := map[string]any{}
	for name, value := range values {
		parts := strings.Split(name, ".")
		at := root
		for _, part := range parts[:len(parts)-1] {
			if at[part] == nil {
				at[part] = map[string]any{}
			}
			at = at[part].(map[string]any)
		}
		at[parts[len(parts)-1]] = value
	}
	text, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEverySettingCanBeInTheFile(t *testing.T) {
	values := map[string]any{
		"prometheus.url": "https://prom.example/x", "prometheus.token-file": write(t, "t0ken\n"),
		"prometheus.config-file": write(t, "enable_http2: false\n"), "prometheus.insecure-skip-verify": true,
		"time-period": "2h", "settle-delay": "5m", "kinds": []string{"RayService", "Server"}, "shard": "1/3",
		"kind": []string{"RayService=ray.io/serve,a=b", "Other=other"}, "cluster-label": "region", "query.engine": "mimir", "query.transport": "promql",
		"query.timeout": "10s", "query.concurrency": 4, "query.max-samples": 5000, "query.max-samples-per-window": "70000", "query.compression": "gzip", "query.max-answer-bytes": "1MiB",
		"web.listen-address": []string{":1234", ":1235"}, "web.config.file": write(t, "{}\n"), "web.systemd-socket": false, "web.timestamps": true, "web.pages": false, "web.doctor": false, "web.grafana-url": "https://grafana.example/d/1", "web.enable-lifecycle": true,
		"log.level": "DEBUG", "log.format": "json",
		"remote-write.url": "http://receiver/w", "remote-write.config-file": write(t, "enable_http2: false\n"), "remote-write.query-url": "http://query",
		"remote-write.label": []string{"a=b", "c=d"}, "remote-write.protobuf-message": "io.prometheus.write.v2.Request", "remote-write.timeout": "5s",
		"catch-up.max-age": "3h", "source.kube-state-metrics": `job="ksm"`, "source.cadvisor": `{job="kubelet"}`,
	}
	cfg := mustLoad(t, nil, "--config.file="+write(t, nested(t, values)))
	if cfg.Period != 2*time.Hour || cfg.KindNames() != "RayService, Server, Other" || cfg.Query != (Query{"mimir", "promql", 10 * time.Second, 4, 5000, 1 << 20, 70_000, true}) ||
		!cmp.Equal(*cfg.Web.WebListenAddresses, []string{":1234", ":1235"}) || !cfg.Timestamps || !cmp.Equal(cfg.RemoteWrite.Labels, map[string]string{"a": "b", "c": "d"}) {
		t.Errorf("%+v", cfg)
	}
	origins := map[string]string{}
	for _, s := range cfg.Effective() {
		name := strings.TrimPrefix(s.Flag, "--")
		origins[name] = s.Origin
		if _, ok := values[name]; !ok && s.Env != "" && s.Env != tokenEnv && name != "config.file" {
			t.Errorf("%s is not tried here", name)
		}
	}
	for name := range values {
		if origins[name] != FromFile {
			t.Errorf("%s is from %q", name, origins[name])
		}
	}
}

// TestNoSettingIsASection: a name with settings below it cannot have a value of its own.
func TestNoSettingIsASection(t *testing.T) {
	all := Settings(commands())
	for _, section := range all {
		for _, s := range all {
			if section.Flag != "" && strings.HasPrefix(s.Flag, section.Flag+".") {
				t.Errorf("%s is in %s", s.Flag, section.Flag)
			}
		}
	}
}

func TestPrecedence(t *testing.T) {
	file := "--config.file=" + write(t, "time-period: 3h\nsettle-delay: 2m\nprometheus.url: http://a\n")
	cfg := mustLoad(t, map[string]string{"TIME_PERIOD": "2h", "SETTLE_DELAY": "3m"}, file, "--settle-delay=4m")
	if cfg.Period != 2*time.Hour || cfg.SettleDelay != 4*time.Minute || cfg.Prometheus.URL.Host != "a" {
		t.Errorf("%+v", cfg)
	}
	if got := cfg.SettingName("prometheus.url"); !strings.HasPrefix(got, "prometheus.url in ") || !strings.HasSuffix(got, ":3") {
		t.Errorf("the URL is called %s", got)
	}
	if cfg := mustLoad(t, map[string]string{"TIME_PERIOD": "2h"}, file, "once"); cfg.Period != 2*time.Hour || cfg.SettleDelay != 2*time.Minute {
		t.Errorf("once: %+v", cfg)
	}
}

// TestFilesAreBesideTheFile: as in Prometheus' own configuration, relative names are relative to
// the file's directory.
func TestFilesAreBesideTheFile(t *testing.T) {
	file := write(t, "prometheus: {token-file: token}\nweb: {listen-address: ':1'}\n")
	token := filepath.Join(filepath.Dir(file), "token")
	if err := os.WriteFile(token, []byte("t0ken"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"once"}} { // once has no listen address
		cfg := mustLoad(t, map[string]string{"CONFIG_FILE": file}, args...)
		if got := cfg.Prometheus.HTTP.Authorization.CredentialsFile; got != token || cfg.File != file {
			t.Errorf("%v: the token is read from %s, of %s", args, got, cfg.File)
		}
	}
}

func TestFileWithoutSettings(t *testing.T) {
	for _, content := range []string{"", "# time-period: 2h\n", "---\n", "{}", "prometheus:\n  # url: http://p\n", "null"} {
		if cfg := mustLoad(t, nil, "--config.file="+write(t, content)); cfg.Period != time.Hour {
			t.Errorf("%q: %+v", content, cfg)
		}
	}
}

func TestBadConfigurationFiles(t *testing.T) {
	const noSecrets = ": this file holds no secrets. Set PROMETHEUS_SELDON_TOKEN, --prometheus.token-file or --prometheus.config-file"
	for name, test := range map[string]struct {
		content string
		env     map[string]string
		args    []string
		want    string // FILE is the file's name
	}{
		"unknown":              {content: "a: 1\ntime-periode: 1h\n", want: "FILE:1: unknown setting a: --help lists all\nFILE:2: unknown setting time-periode: did you mean time-period?"},
		"unknown, nested":      {content: "prometheus:\n  urll: http://p\n", want: "FILE:2: unknown setting prometheus.urll: did you mean prometheus.url?"},
		"unknown section":      {content: "promtheus:\n  url: http://p\n", want: "FILE:1: unknown setting promtheus: did you mean prometheus?"},
		"variable's name":      {content: "TIME_PERIOD: 1h\nKIND: A=a", want: "FILE:1: unknown setting TIME_PERIOD: did you mean time-period?\nFILE:2: unknown setting KIND: did you mean kind?"},
		"chart's name":         {content: "timePeriod: 1h\n", want: "FILE:1: unknown setting timePeriod: did you mean time-period?"},
		"twice":                {content: "time-period: 1h\nshard: 0/1\ntime-period: 2h\n", want: "FILE:3: time-period is set in line 1 already: keep one of them"},
		"twice, in two ways":   {content: "prometheus: {url: http://a}\nprometheus.url: http://b\n", want: "FILE:2: prometheus.url is set in line 1 already: keep one of them"},
		"section twice":        {content: "log: {level: info}\nlog: {format: json}\n", want: "FILE:2: log is set in line 1 already: keep one of them"},
		"list":                 {content: "time-period: [1h, 2h]\n", want: "FILE:1: time-period is a list: write one value"},
		"list in a list":       {content: "kinds: [[Server]]\n", want: "FILE:1: kinds is a list in a list: write one list"},
		"mapping":              {content: "time-period:\n  hours: 1\n", want: "FILE:2: time-period has settings of its own, which are unknown: write one value"},
		"value of a section":   {content: "prometheus: http://p\n", want: "FILE:1: prometheus has no settings: write name: value"},
		"no mapping":           {content: "- time-period\n", want: "FILE:1: the file has no settings: write name: value"},
		"only text":            {content: "s3cret", want: "FILE:1: the file has no settings: write name: value"},
		"no value":             {content: "time-period:\n", want: "FILE:1: time-period has no value: write one, or remove the line"},
		"boolean":              {content: "cluster-label: true\n", want: "FILE:1: cluster-label is true or false, where text or a number belongs: write it in quotes if it is text"},
		"no boolean":           {content: "web: {timestamps: 'true'}\n", want: "FILE:1: web.timestamps is neither true nor false: write one of them, without quotes"},
		"type of its own":      {content: "shard: !mine s3cret\n", want: "FILE:1: shard has a type of its own: write plain text"},
		"binary":               {content: "shard: !!binary czNjcmV0\n", want: "FILE:1: shard has a type of its own: write plain text"},
		"alias":                {content: "time-period: &p 1h\nsettle-delay: *p\n", want: "FILE:2: settle-delay is an alias: write the value"},
		"merge":                {content: "log: &l {level: info}\nweb: {<<: *l}\n", want: "FILE:2: unknown setting (name not shown): --help lists all"},
		"name no text":         {content: "? [s3cret]\n: 1\n", want: "FILE:1: a name must be text"},
		"name a secret":        {content: "{http://joe:s3cret@h}", want: "FILE:1: unknown setting (name not shown): --help lists all"},
		"not YAML":             {content: "a: 1\n b: s3cret\n", want: `--config.file="FILE" is not YAML: line 2: mapping values are not allowed in this context`},
		"anchor unknown":       {content: "shard: *s3cret\n", want: `--config.file="FILE" is not YAML: a value that cannot be read`},
		"two documents":        {content: "time-period: 1h\n---\ntime-period: 2h\n", want: `--config.file="FILE" has more than one document: keep one of them`},
		"token":                {content: "prometheus: {token: s3cret}\n", want: "FILE:1: unknown setting prometheus.token" + noSecrets},
		"token, variable":      {content: "PROMETHEUS_SELDON_TOKEN: s3cret\n", want: "FILE:1: unknown setting PROMETHEUS_SELDON_TOKEN" + noSecrets},
		"basic auth":           {content: "prometheus:\n  basic_auth:\n    password: s3cret\n", want: "FILE:2: unknown setting prometheus.basic_auth" + noSecrets},
		"password in a URL":    {content: "prometheus: {url: 'http://joe:s3cret@h'}\n", want: "FILE:1: prometheus.url (value not shown) has a user, a password or a query: this file holds no secrets. Set the environment variable PROMETHEUS_URL, or prometheus.config-file"},
		"key in a URL":         {content: "remote-write:\n  url: http://h/w?key=s3cret\n", want: "FILE:2: remote-write.url (value not shown) has a user, a password or a query: this file holds no secrets. Set the environment variable REMOTE_WRITE_URL, or remote-write.config-file"},
		"token for its file":   {content: "prometheus: {token-file: s3cret}\n", want: `prometheus.token-file=(not shown: it may be the token) in FILE:1 cannot be read: no such file or directory: name a file that holds the token`},
		"settings of settings": {content: "prometheus: {config-file: {bearer_token: s3cret}}\n", want: "FILE:1: prometheus.config-file has settings of its own, which are unknown: write one value"},
		"command's flag":       {content: "from: 2026-01-31\nend: 2026-01-31\n", want: "FILE:1: from is not a setting of the file: give --from on the command line\nFILE:2: end is not a setting of the file: give --end on the command line"},
		"itself":               {content: "config: {file: x, check: true}\n", want: "FILE:1: config.file cannot be set in the file itself: remove it\nFILE:1: config.check is not a setting of the file: give --config.check on the command line"},
		"bad values": {content: "time-period: 1hour\nweb:\n  listen-address: [':1', '8000']\nquery: {concurrency: 1.5}\n",
			want: `time-period="1hour" in FILE:1 is not a Prometheus duration: write 1h, 30m or 1d
query.concurrency="1.5" in FILE:4 is not a whole number: choose 1 or more
web.listen-address="8000" in FILE:3 cannot be listened on: write it like :8000 or 127.0.0.1:8000`},
		"of all origins": {content: "x: 1\ntime-period: 0s\n", env: map[string]string{"SHARD": "x"}, args: []string{"--kinds=X"}, want: `FILE:1: unknown setting x: --help lists all
time-period="0s" in FILE:2 is zero: choose from 1m to 31d
--kinds="X" cannot be used: "X" is not a kind this exporter knows: choose from SeldonDeployment, InferenceService, LLMInferenceService, InferenceGraph, Server
SHARD="x" is not a shard: write 0/3 for the first of three, 0/1 for everything`},
		"two credentials": {content: "prometheus: {token-file: /dev/null}\n", env: map[string]string{tokenEnv: "s3cret"}, want: `prometheus.token-file="/dev/null" in FILE:1 is empty: put the token into it
PROMETHEUS_SELDON_TOKEN and prometheus.token-file in FILE:1 hold credentials for the Prometheus: keep one of them`},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, test.content)
			cfg, err := load(t, test.env, append([]string{"--config.file=" + file}, test.args...)...)
			if err == nil {
				t.Fatalf("was accepted: %+v", cfg)
			}
			got := strings.ReplaceAll(err.Error(), file, "FILE")
			if strings.Contains(got, "s3cret") {
				t.Error("shows a secret")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := load(t, nil, "--config.file=/no/such"); err == nil || err.Error() != `--config.file="/no/such" cannot be read: no such file or directory: name a YAML file` {
		t.Error(err)
	}
	if _, err := load(t, map[string]string{"CONFIG_FILE": "/dev/zero"}); err == nil || err.Error() != `CONFIG_FILE="/dev/zero" cannot be read: it is larger than 1 MiB: name a YAML file` {
		t.Error(err)
	}
}
