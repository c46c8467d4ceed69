package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/exp/api/remote"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// commands are the commands with settings of their own.
func commands() []Command {
	return []Command{
		{Name: "serve", Help: "Serve.", Flags: ServeFlags},
		{Name: "once", Help: "Compute.", Flags: OnceFlags},
		{Name: "backfill", Help: "Fill.", Flags: BackfillFlags},
		{Name: "explain", Help: "Explain.", Flags: ExplainFlags},
		{Name: "doctor", Help: "Examine.", Flags: DoctorFlags},
	}
}

// load runs Load with only the given environment.
func load(t *testing.T, env map[string]string, args ...string) (*Config, error) {
	t.Helper()
	for _, s := range Settings(commands()) {
		t.Setenv(s.Env, env[s.Env])
	}
	return Load(args, commands())
}

func mustLoad(t *testing.T, env map[string]string, args ...string) *Config {
	t.Helper()
	cfg, err := load(t, env, args...)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func write(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDefaults(t *testing.T) {
	cfg := mustLoad(t, nil)
	if got := cfg.Prometheus.URL.String(); got != "http://localhost:8080" {
		t.Errorf("URL %s", got)
	}
	if cfg.Period != time.Hour || cfg.SettleDelay != time.Minute {
		t.Errorf("period %s, settle delay %s", cfg.Period, cfg.SettleDelay)
	}
	want := Query{Engine: "auto", Transport: "auto", Timeout: 2 * time.Minute, Concurrency: 2, MaxSamples: 1_000_000, MaxAnswerBytes: 64 << 20}
	if diff := cmp.Diff(want, cfg.Query); diff != "" {
		t.Error(diff)
	}
	if len(cfg.Kinds) != 2 || cfg.Kinds[0].Name != "SeldonDeployment" || cfg.Kinds[1].Name != "InferenceService" {
		t.Errorf("kinds %v", cfg.Kinds)
	}
	if !cfg.Shard.Whole() {
		t.Errorf("is shard %s", cfg.Shard)
	}
	if got := *cfg.Web.WebListenAddresses; !cmp.Equal(got, []string{":8000"}) {
		t.Errorf("listens on %v", got)
	}
	if cfg.SettingName("web.listen-address") != "--web.listen-address" {
		t.Errorf("the listen address is called %s", cfg.SettingName("web.listen-address"))
	}
	if cfg.Log.Level.String() != "info" || cfg.Log.Format.String() != "logfmt" {
		t.Errorf("logs %s as %s", cfg.Log.Level, cfg.Log.Format)
	}
	if h := cfg.Prometheus.HTTP; h.FollowRedirects || h.TLSConfig.InsecureSkipVerify || h.Authorization != nil || h.BasicAuth != nil {
		t.Errorf("HTTP settings %+v", h)
	}
}

func TestWhereSettingsComeFrom(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want time.Duration
	}{
		"environment":               {map[string]string{"TIME_PERIOD": "2h"}, nil, 2 * time.Hour},
		"empty environment":         {map[string]string{"TIME_PERIOD": ""}, nil, time.Hour},
		"flag":                      {nil, []string{"--time-period=1h30m"}, 90 * time.Minute},
		"flag wins":                 {map[string]string{"TIME_PERIOD": "2h"}, []string{"--time-period", "1d"}, 24 * time.Hour},
		"flag wins over bad value":  {map[string]string{"TIME_PERIOD": "bad"}, []string{"--time-period=2m"}, 2 * time.Minute},
		"newline after the value":   {map[string]string{"TIME_PERIOD": "2h\n"}, nil, 2 * time.Hour},
		"the longest":               {map[string]string{"TIME_PERIOD": "31d"}, nil, 31 * 24 * time.Hour},
		"the shortest":              {map[string]string{"TIME_PERIOD": "1m"}, nil, time.Minute},
		"another form of a minute ": {map[string]string{"TIME_PERIOD": "60s"}, nil, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mustLoad(t, test.env, test.args...).Period; got != test.want {
				t.Errorf("period %s, want %s", got, test.want)
			}
		})
	}
}

func TestWindowsEnd(t *testing.T) {
	want := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	for _, given := range []string{"2026-01-31T10:00:00Z", "2026-01-31T11:00:00+01:00", "1769853600", "1769853600.0"} {
		if got := mustLoad(t, nil, "once", "--end="+given).Once.End; got != want {
			t.Errorf("--end=%s is %s", given, got)
		}
	}
	if got := mustLoad(t, nil, "--time-period=1d", "once", "--end=2026-01-31").Once.End; got != want.Truncate(24*time.Hour) {
		t.Errorf("a date is %s", got)
	}
	if got := mustLoad(t, nil, "once").Once.End; !got.IsZero() {
		t.Errorf("without --end, it is %s", got)
	}
}

func TestCommand(t *testing.T) {
	for want, args := range map[string][]string{
		"serve": {"--web.listen-address=:1", "--time-period=1h"},
		"once":  {"--time-period=1h", "once"},
	} {
		if got := mustLoad(t, nil, args...).Command; got != want {
			t.Errorf("%v is the command %s, want %s", args, got, want)
		}
	}
	if got := mustLoad(t, nil, "serve").Command; got != "serve" {
		t.Errorf("serve is the command %s", got)
	}
}

func TestBackfill(t *testing.T) {
	from, to := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	receiver := map[string]string{"REMOTE_WRITE_URL": "http://receiver/w"}
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want Backfill
	}{
		"by default":                   {nil, []string{"--from=2026-01-31"}, Backfill{From: from, Output: "-"}},
		"into a file":                  {nil, []string{"--from=2026-01-31", "--output=f", "--to=2026-02-01"}, Backfill{From: from, To: to, Output: "f"}},
		"to a receiver":                {receiver, []string{"--from=2026-01-31"}, Backfill{From: from}},
		"into a file after all":        {receiver, []string{"--from=2026-01-31", "--output=f"}, Backfill{From: from, Output: "f"}},
		"to standard output after all": {receiver, []string{"--from=2026-01-31", "--output=-", "--dry-run"}, Backfill{From: from, Output: "-", DryRun: true}},
		"in another's place":           {receiver, []string{"--from=2026-01-31", "--replace", "--yes"}, Backfill{From: from, Replace: true, Yes: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got := mustLoad(t, test.env, append([]string{"backfill"}, test.args...)...)
			if diff := cmp.Diff(test.want, got.Backfill); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKindFlag(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want string // the kinds, each with the labels that name its models and what else its pods must carry
	}{
		"after those of --kinds": {nil, []string{"--kind=RayService=ray.io/serve", "--kinds=Server"}, "Server [seldon-server-name] map[app.kubernetes.io/name:seldon-server], RayService [ray.io/serve] map[]"},
		"where it is listed":     {nil, []string{"--kind=A=a", "--kinds=A, InferenceGraph"}, "A [a] map[], InferenceGraph [serving.kserve.io/inferencegraph] map[]"},
		"with further labels":    {nil, []string{"--kind= RayService=ray.io/cluster, a=b ,c/d=e", "--kinds=RayService"}, "RayService [ray.io/cluster] map[a:b c/d:e]"},
		"two flags":              {nil, []string{"--kind=A=a", "--kind=B=b", "--kinds=B"}, "B [b] map[], A [a] map[]"},
		"one variable":           {map[string]string{"KIND": "A=a,x=y; B=b"}, []string{"--kinds=B,A"}, "B [b] map[], A [a] map[x:y]"},
		"in a known one's place": {nil, []string{"--kind=Server=a", "--kinds=Server"}, "Server [a] map[]"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, k := range mustLoad(t, test.env, test.args...).Kinds {
				got = append(got, fmt.Sprint(k.Name, " ", k.Labels, " ", k.Where))
			}
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	if got := mustLoad(t, nil, "--kind=A=a").KindNames(); got != "SeldonDeployment, InferenceService, A" {
		t.Errorf("beside the preset ones, the kinds are %s", got)
	}
}

// TestCompression: answers are compressed if they cross a network.
func TestCompression(t *testing.T) {
	for url, want := range map[string]bool{
		"http://prometheus:9090": true, "https://10.0.0.1": true, "http://localhost:8080": false, "http://127.0.0.1:9090": false, "http://[::1]:9090": false,
	} {
		for setting, want := range map[string]bool{"auto": want, "gzip": true, "none": false} {
			if cfg := mustLoad(t, nil, "--prometheus.url="+url, "--query.compression="+setting); cfg.Query.Compress != want {
				t.Errorf("%s, %s: %t, want %t", url, setting, cfg.Query.Compress, want)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	got := mustLoad(t, nil, "explain", "--model=seldon/income").Explain
	if got.Model != (workload.Model{Namespace: "seldon", Name: "income"}) || got.Metric != "" || got.JSON || !got.End.IsZero() {
		t.Errorf("%+v", got)
	}
	got = mustLoad(t, nil, "explain", "--model=seldon/income", "--type=InferenceService", "--metric=model_cpu_limits", "--output=json", "--end=2026-01-31").Explain
	if got.Model.Type != "InferenceService" || got.Metric != "model_cpu_limits" || !got.JSON || got.End.IsZero() {
		t.Errorf("%+v", got)
	}
}

func TestDoctor(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	got := mustLoad(t, map[string]string{"REMOTE_WRITE_URL": "http://r/w", "CATCH_UP_MAX_AGE": "2h"}, "doctor")
	if got.Doctor != (Doctor{}) || got.CatchUp != 2*time.Hour || got.RemoteWrite.Receiver.URL == nil {
		t.Errorf("%+v", got)
	}
	t.Setenv("NO_COLOR", "1")
	if got := mustLoad(t, nil, "doctor", "--output=json").Doctor; got != (Doctor{JSON: true, NoColor: true}) {
		t.Errorf("%+v", got)
	}
	if got := mustLoad(t, nil).Named("raise `--query.timeout`, not --metric-labels-allowlist"); got != "raise `--query.timeout`, not --metric-labels-allowlist" {
		t.Error(got)
	}
	if got := mustLoad(t, map[string]string{"QUERY_TIMEOUT": "1m"}).Named("raise --query.timeout"); got != "raise QUERY_TIMEOUT" {
		t.Error(got)
	}
}

func TestPages(t *testing.T) {
	if cfg := mustLoad(t, nil); !cfg.Pages || cfg.GrafanaURL != "" {
		t.Errorf("the preset is %t, %q", cfg.Pages, cfg.GrafanaURL)
	}
	if !mustLoad(t, nil).DoctorPage || mustLoad(t, nil, "--no-web.doctor").DoctorPage {
		t.Error("--no-web.doctor does not switch the page off, or nothing does on")
	}
	if mustLoad(t, nil, "--no-web.pages").Pages {
		t.Error("--no-web.pages does not switch them off")
	}
	if !mustLoad(t, map[string]string{"WEB_PAGES": "false"}, "--web.pages").Pages {
		t.Error("the flag does not win over the environment")
	}
}

func TestEverySettingHasAnEnvironmentVariable(t *testing.T) {
	token := write(t, "t0ken\n")
	env := map[string]string{
		"PROMETHEUS_URL": "https://prom.example/x", "PROMETHEUS_TOKEN_FILE": token,
		"PROMETHEUS_CONFIG_FILE": write(t, "enable_http2: false\n"), "PROMETHEUS_INSECURE_SKIP_VERIFY": "true",
		"TIME_PERIOD": "2h", "SETTLE_DELAY": "5m", "KINDS": "RayService", "SHARD": "1/3",
		"KIND": "RayService=ray.io/serve", "CLUSTER_LABEL": "region", "QUERY_ENGINE": "thanos", "QUERY_TRANSPORT": "promql",
		"QUERY_TIMEOUT": "10s", "QUERY_CONCURRENCY": "4", "QUERY_MAX_SAMPLES": "5000", "QUERY_MAX_SAMPLES_PER_WINDOW": "70000", "QUERY_COMPRESSION": "gzip", "QUERY_MAX_ANSWER_BYTES": "1MiB",
		"WEB_LISTEN_ADDRESS": ":1234", "WEB_CONFIG_FILE": write(t, "{}\n"), "WEB_SYSTEMD_SOCKET": "true", "WEB_TIMESTAMPS": "true", "WEB_PAGES": "false", "WEB_DOCTOR": "false", "WEB_GRAFANA_URL": "https://grafana.example/d/1", "WEB_ENABLE_LIFECYCLE": "true",
		"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json",
		"REMOTE_WRITE_URL": "http://receiver/w", "REMOTE_WRITE_CONFIG_FILE": write(t, "enable_http2: false\n"), "REMOTE_WRITE_QUERY_URL": "http://query",
		"REMOTE_WRITE_LABELS": "a=b", "REMOTE_WRITE_PROTOBUF_MESSAGE": "io.prometheus.write.v2.Request", "REMOTE_WRITE_TIMEOUT": "5s",
		"CONFIG_FILE": write(t, "time-period: 3h\n"), "CATCH_UP_MAX_AGE": "3h", "SOURCE_KUBE_STATE_METRICS": `job="ksm"`, "SOURCE_CADVISOR": `{job="kubelet"}`,
		"UPSTREAM": "eu", // of other commands
	}
	cfg := mustLoad(t, env)
	if cfg.Period != 2*time.Hour || cfg.SettleDelay != 5*time.Minute || cfg.Shard.String() != "1/3" ||
		cfg.ClusterLabel != "region" || cfg.KindNames() != "RayService" || len(cfg.Sources) != 2 || cfg.CatchUp != 3*time.Hour || cfg.Query != (Query{"thanos", "promql", 10 * time.Second, 4, 5000, 1 << 20, 70_000, true}) ||
		!cmp.Equal(*cfg.Web.WebListenAddresses, []string{":1234"}) || cfg.SettingName("web.listen-address") != "WEB_LISTEN_ADDRESS" || *cfg.Web.WebConfigFile == "" || !*cfg.Web.WebSystemdSocket || !cfg.Timestamps || cfg.Pages || cfg.DoctorPage || cfg.GrafanaURL != "https://grafana.example/d/1" || !cfg.Lifecycle ||
		cfg.Log.Level.String() != "debug" || cfg.Log.Format.String() != "json" {
		t.Errorf("%+v", cfg)
	}
	if h := cfg.Prometheus.HTTP; h.EnableHTTP2 || !h.TLSConfig.InsecureSkipVerify || h.Authorization.CredentialsFile != token {
		t.Errorf("HTTP settings %+v", h)
	}
	if rw := cfg.RemoteWrite; rw.Receiver.URL.Host != "receiver" || rw.Receiver.HTTP.EnableHTTP2 || rw.Query.URL.Host != "query" ||
		rw.Labels["a"] != "b" || rw.Message != remote.WriteV2MessageType || rw.Timeout != 5*time.Second {
		t.Errorf("%+v", rw)
	}
	for _, s := range Settings(commands()) {
		if s.Env == "" || s.Help == "" {
			t.Errorf("setting %+v is not whole", s)
		}
		if _, ok := env[s.Env]; !ok && s.Env != tokenEnv {
			t.Errorf("%s is not tried here", s.Env)
		}
	}
}

func TestBadSettings(t *testing.T) {
	const url = ": write it like http://prometheus:9090"
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"period junk":         {env: map[string]string{"TIME_PERIOD": "1hour"}, want: `TIME_PERIOD="1hour" is not a Prometheus duration: write 1h, 30m or 1d`},
		"period junk, flag":   {args: []string{"--time-period=1hour"}, want: `--time-period="1hour" is not a Prometheus duration: write 1h, 30m or 1d`},
		"period empty, flag":  {args: []string{"--time-period="}, want: `--time-period="" is not a Prometheus duration: write 1h, 30m or 1d`},
		"period spaces":       {env: map[string]string{"TIME_PERIOD": "  "}, want: `TIME_PERIOD="" is not a Prometheus duration: write 1h, 30m or 1d`},
		"period fraction":     {env: map[string]string{"TIME_PERIOD": "1.5h"}, want: `TIME_PERIOD="1.5h" is not a Prometheus duration: write 1h, 30m or 1d`},
		"period without unit": {env: map[string]string{"TIME_PERIOD": "60"}, want: `TIME_PERIOD="60" has no unit: write 1h, 30m or 1d`},
		"period zero":         {env: map[string]string{"TIME_PERIOD": "0"}, want: `TIME_PERIOD="0" is zero: choose from 1m to 31d`},
		"period zero seconds": {env: map[string]string{"TIME_PERIOD": "0s"}, want: `TIME_PERIOD="0s" is zero: choose from 1m to 31d`},
		"period negative":     {env: map[string]string{"TIME_PERIOD": "-1h"}, want: `TIME_PERIOD="-1h" is negative: choose from 1m to 31d`},
		"period short":        {env: map[string]string{"TIME_PERIOD": "59s"}, want: `TIME_PERIOD="59s" is too short: choose from 1m to 31d`},
		"period long":         {env: map[string]string{"TIME_PERIOD": "32d"}, want: `TIME_PERIOD="32d" is too long: choose from 1m to 31d`},
		"period overflow":     {env: map[string]string{"TIME_PERIOD": "1000y"}, want: `TIME_PERIOD="1000y" is too long: choose from 1m to 31d`},
		"settle negative":     {args: []string{"--settle-delay=-1s"}, want: `--settle-delay="-1s" is negative: choose from 0s to 31d`},
		"end junk":            {args: []string{"once", "--end=noon"}, want: `--end="noon" is not a time: write 2026-01-31T10:00:00Z, 2026-01-31 or seconds since 1970`},
		"end in a window":     {args: []string{"once", "--end=2026-01-31T10:20:00+01:00"}, want: `--end="2026-01-31T10:20:00+01:00" is not the end of a window: choose 2026-01-31T09:00:00Z or 2026-01-31T10:00:00Z`},
		"end in milliseconds": {args: []string{"once", "--end=1769853600000"}, want: `--end="1769853600000" is out of range: choose a time after 1970-01-01 and before 2106`},
		"end before 1970":     {args: []string{"once", "--end=1969-12-31"}, want: `--end="1969-12-31" is out of range: choose a time after 1970-01-01 and before 2106`},
		"end zero":            {args: []string{"once", "--end=0"}, want: `--end="0" is out of range: choose a time after 1970-01-01 and before 2106`},
		"from zero":           {args: []string{"backfill", "--from=0"}, want: `--from="0" is out of range: choose a time after 1970-01-01 and before 2106`},
		"from 1970":           {args: []string{"backfill", "--from=1970-01-01"}, want: `--from="1970-01-01" is out of range: choose a time after 1970-01-01 and before 2106`},
		"backfill bare":       {args: []string{"backfill"}, want: `--from="" is missing: write 2026-01-31T10:00:00Z, 2026-01-31 or seconds since 1970`},
		"backfill backwards":  {args: []string{"backfill", "--from=2026-01-31", "--to=2026-01-30"}, want: `--from="2026-01-31" is not before --to="2026-01-30": choose an earlier time`},
		"backfill to both":    {args: []string{"backfill", "--from=2026-01-31", "--output=f", "--remote-write.url=http://r/w"}, want: `--output="f" and --remote-write.url are two destinations: choose one of them`},
		"replace in no file":  {args: []string{"backfill", "--from=2026-01-31", "--replace"}, want: `--replace replaces delivered windows: give --remote-write.url, or remove --replace`},
		"explain bare":        {args: []string{"explain"}, want: `--model="" names no model: write its namespace and its name, as seldon/income`},
		"doctor junk":         {args: []string{"doctor", "--output=xml"}, want: `--output="xml" is unknown: choose text, json`},
		"explain junk": {args: []string{"explain", "--model=a/b/c", "--type=Server", "--metric=cpu", "--output=xml"}, want: `--model="a/b/c" names no model: write its namespace and its name, as seldon/income
--metric="cpu" is unknown: choose model_containers_average, model_cpu_usage_seconds_total, model_memory_usage_bytes, model_cpu_requests, model_cpu_limits, model_memory_requests_bytes, model_memory_limits_bytes
--type="Server" is unknown: choose SeldonDeployment, InferenceService
--output="xml" is unknown: choose text, json`},
		"engine":               {args: []string{"--query.engine=influx"}, want: `--query.engine="influx" is unknown: choose auto, prometheus, thanos, victoriametrics, mimir, cortex`},
		"transport":            {args: []string{"--query.transport=grpc"}, want: `--query.transport="grpc" is unknown: choose auto, remote-read, native-export, promql`},
		"cluster label":        {args: []string{"--cluster-label=my-cluster"}, want: `--cluster-label="my-cluster" is not a label name: use letters, digits and _, with no digit first`},
		"cluster label, ours":  {env: map[string]string{"CLUSTER_LABEL": "namespace"}, want: `CLUSTER_LABEL="namespace" is a label that this exporter's series have already: choose another name`},
		"two cluster labels":   {args: []string{"--cluster-label=region", "--remote-write.label=cluster=a"}, want: `--remote-write.label="cluster=a" cannot be used: with --cluster-label="region", models have a label "cluster" already: choose another name`},
		"own kind junk":        {args: []string{"--kind=RayService"}, want: `--kind="RayService" cannot be used: "RayService" names no pod label: write Kind=label, such as RayService=ray.io/serve-app, with further labels behind commas`},
		"own kind, bad label":  {env: map[string]string{"KIND": "A=a; B=-b"}, want: `KIND="A=a; B=-b" cannot be used: "B=-b" has the label "-b", which Kubernetes would not take: write Kind=label, such as RayService=ray.io/serve-app, with further labels behind commas`},
		"settle over period":   {args: []string{"--settle-delay=2h"}, want: `--settle-delay="2h" is longer than the period of 1h: choose a shorter delay`},
		"Grafana":              {args: []string{"--web.grafana-url=grafana"}, want: `--web.grafana-url="grafana" does not begin with http:// or https://: write it like https://grafana.example.com/d/models`},
		"Grafana with a user":  {args: []string{"--web.grafana-url=http://u:p@grafana/"}, want: `--web.grafana-url="http://..." (the rest is hidden) holds a user, whom every page would show: remove it`},
		"settle, timestamps":   {args: []string{"--settle-delay=31m", "--web.timestamps"}, want: `--settle-delay="31m" is too long for --web.timestamps, whose values are withdrawn 45m after their window's end: choose 30m at most`},
		"kind unknown":         {env: map[string]string{"KINDS": "SeldonDeployment,Pod"}, want: `KINDS="SeldonDeployment,Pod" cannot be used: "Pod" is not a kind this exporter knows: choose from SeldonDeployment, InferenceService, LLMInferenceService, InferenceGraph, Server`},
		"kinds empty":          {args: []string{"--kinds=,"}, want: `--kinds="," cannot be used: no kind is given: choose from SeldonDeployment, InferenceService, LLMInferenceService, InferenceGraph, Server`},
		"shard beyond":         {env: map[string]string{"SHARD": "3/3"}, want: `SHARD="3/3" is beyond the last shard: they count from 0, so the last is 2/3`},
		"shard of none":        {args: []string{"--shard=0/0"}, want: `--shard="0/0" is a shard of none: write 0/1 for everything`},
		"shard junk":           {args: []string{"--shard=x"}, want: `--shard="x" is not a shard: write 0/3 for the first of three, 0/1 for everything`},
		"timeout":              {args: []string{"--query.timeout=0"}, want: `--query.timeout="0" is zero: choose from 1s to 1h`},
		"concurrency":          {args: []string{"--query.concurrency=0"}, want: `--query.concurrency="0" is too small: choose 1 or more`},
		"concurrency junk":     {env: map[string]string{"QUERY_CONCURRENCY": "two"}, want: `QUERY_CONCURRENCY="two" is not a whole number: choose 1 or more`},
		"samples":              {args: []string{"--query.max-samples=10"}, want: `--query.max-samples="10" is too small: choose 1000 or more`},
		"samples of a window":  {args: []string{"--query.max-samples-per-window=-1"}, want: `--query.max-samples-per-window="-1" is too small: choose 0 or more`},
		"compression":          {args: []string{"--query.compression=zstd"}, want: `--query.compression="zstd" is unknown: choose auto, gzip, none`},
		"bytes":                {args: []string{"--query.max-answer-bytes=64Mb"}, want: `--query.max-answer-bytes="64Mb" is not a size: write 64MiB or 1GiB`},
		"bytes few":            {args: []string{"--query.max-answer-bytes=1"}, want: `--query.max-answer-bytes="1" is too small: choose 64KiB or more`},
		"log level":            {env: map[string]string{"LOG_LEVEL": "loud"}, want: `LOG_LEVEL="loud" is unknown: choose debug, info, warn, error`},
		"log format":           {args: []string{"--log.format=xml"}, want: `--log.format="xml" is unknown: choose logfmt, json`},
		"switch":               {env: map[string]string{"PROMETHEUS_INSECURE_SKIP_VERIFY": "maybe"}, want: `PROMETHEUS_INSECURE_SKIP_VERIFY="maybe" is neither true nor false: write one of them`},
		"systemd":              {env: map[string]string{"WEB_SYSTEMD_SOCKET": "maybe"}, want: `WEB_SYSTEMD_SOCKET="maybe" is neither true nor false: write one of them`},
		"url unparsable":       {env: map[string]string{"PROMETHEUS_URL": "http://[::1"}, want: `PROMETHEUS_URL="http://[::1" is not a URL` + url},
		"url without scheme":   {env: map[string]string{"PROMETHEUS_URL": "prometheus:9090"}, want: `PROMETHEUS_URL="prometheus:9090" does not begin with http:// or https://` + url},
		"url only a host":      {env: map[string]string{"PROMETHEUS_URL": "prometheus"}, want: `PROMETHEUS_URL="prometheus" does not begin with http:// or https://` + url},
		"url other scheme":     {args: []string{"--prometheus.url=ftp://prometheus"}, want: `--prometheus.url="ftp://prometheus" does not begin with http:// or https://` + url},
		"url empty":            {args: []string{"--prometheus.url="}, want: `--prometheus.url="" does not begin with http:// or https://` + url},
		"url without host":     {args: []string{"--prometheus.url=http:///x"}, want: `--prometheus.url="http:///x" names no host` + url},
		"url only a port":      {args: []string{"--prometheus.url=http://:9090"}, want: `--prometheus.url="http://:9090" names no host` + url},
		"url port":             {args: []string{"--prometheus.url=http://h:99999"}, want: `--prometheus.url="http://h:99999" has a port that is not from 1 to 65535: choose another`},
		"url fragment":         {args: []string{"--prometheus.url=http://h/#graph"}, want: `--prometheus.url="http://..." (the rest is hidden) has a fragment: remove the # and what follows`},
		"url control":          {args: []string{"--prometheus.url=http://h\x7f/"}, want: `--prometheus.url="http://h\x7f/" is not a URL` + url},
		"token control":        {env: map[string]string{tokenEnv: "s3cr\x01et"}, want: tokenEnv + ` (value not shown) holds a control character: give the token alone, on one line`},
		"token of two lines":   {env: map[string]string{tokenEnv: "s3cr\net"}, want: tokenEnv + ` (value not shown) holds a control character: give the token alone, on one line`},
		"token with Bearer":    {env: map[string]string{tokenEnv: "Bearer s3cret"}, want: tokenEnv + ` (value not shown) holds a space: give the token alone, without "Bearer"`},
		"token file missing":   {env: map[string]string{"PROMETHEUS_TOKEN_FILE": "/no/such"}, want: `PROMETHEUS_TOKEN_FILE="/no/such" cannot be read: no such file or directory: name a file that holds the token`},
		"token file directory": {args: []string{"--prometheus.token-file=/"}, want: `--prometheus.token-file="/" cannot be read: is a directory: name a file that holds the token`},
		"config file missing":  {args: []string{"--prometheus.config-file=/no/such"}, want: `--prometheus.config-file="/no/such" cannot be used: no such file or directory`},
		"listen nowhere":       {args: []string{"--web.listen-address="}, want: `--web.listen-address="" cannot be listened on: write it like :8000 or 127.0.0.1:8000`},
		"listen anywhere":      {env: map[string]string{"WEB_LISTEN_ADDRESS": ":"}, want: `WEB_LISTEN_ADDRESS=":" cannot be listened on: write it like :8000 or 127.0.0.1:8000`},
		"listen, no port":      {args: []string{"--web.listen-address=:1", "--web.listen-address=8000"}, want: `--web.listen-address="8000" cannot be listened on: write it like :8000 or 127.0.0.1:8000`},
		"listen, no such port": {args: []string{"--web.listen-address=127.0.0.1:99999"}, want: `--web.listen-address="127.0.0.1:99999" cannot be listened on: write it like :8000 or 127.0.0.1:8000`},
		"web config, variable": {env: map[string]string{"WEB_CONFIG_FILE": "/no/such"}, want: `WEB_CONFIG_FILE="/no/such" cannot be used: open /no/such: no such file or directory`},
		"web config missing":   {args: []string{"--web.config.file=/no/such"}, want: `--web.config.file="/no/such" cannot be used: open /no/such: no such file or directory`},
		"two credentials":      {env: map[string]string{tokenEnv: "s3cret", "PROMETHEUS_URL": "http://joe:s3cret@h"}, want: `the user in PROMETHEUS_URL and ` + tokenEnv + ` hold credentials for the Prometheus: keep one of them`},
		"several at once":      {env: map[string]string{"TIME_PERIOD": "0"}, args: []string{"--kinds=X", "--prometheus.url=x"}, want: `--prometheus.url="x" does not begin with http:// or https://` + url + "\nTIME_PERIOD=\"0\" is zero: choose from 1m to 31d\n--kinds=\"X\" cannot be used: \"X\" is not a kind this exporter knows: choose from SeldonDeployment, InferenceService, LLMInferenceService, InferenceGraph, Server"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := load(t, test.env, test.args...)
			if err == nil {
				t.Fatalf("was accepted: %+v", cfg)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			if usage := (*UsageError)(nil); errors.As(err, &usage) {
				t.Error("a bad value is no usage error")
			}
		})
	}
}

func TestListenAddresses(t *testing.T) {
	for _, args := range [][]string{
		{"--web.listen-address=127.0.0.1:0"},
		{"--web.listen-address=[::1]:8000", "--web.listen-address=:http"},
		{"--web.listen-address=vsock://:9100"},
		{"--web.listen-address=", "--web.systemd-socket"}, // which is ignored
	} {
		if got := *mustLoad(t, nil, args...).Web.WebListenAddresses; len(got) == 0 {
			t.Errorf("%q: no address", args)
		}
	}
}

func TestUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":       {[]string{"--bogus"}, "unknown long flag '--bogus' (see --help)"},
		"unknown short flag": {[]string{"-x"}, "unknown short flag '-x' (see --help)"},
		"argument":           {[]string{"start"}, "unexpected argument: a command is the first word, and settings are given as --name=value (see --help)"},
		"no value":           {[]string{"--time-period"}, "expected argument for flag '--time-period' (see --help)"},
		"no value, then one": {[]string{"--kinds", "--time-period=1h"}, "expected argument for flag '--kinds' (see --help)"},
		"another's flag":     {[]string{"once", "--web.listen-address=:1"}, "unknown long flag '--web.listen-address' (see --help)"},
		"two commands":       {[]string{"once", "serve"}, "unexpected argument: a command is the first word, and settings are given as --name=value (see --help)"},
		"twice":              {[]string{"--time-period=1h", "--time-period=2h"}, "flag 'time-period' cannot be repeated (see --help)"},
		"argument a URL":     {[]string{"http://joe:s3cret@h"}, "unexpected argument: a command is the first word, and settings are given as --name=value (see --help)"},
		"flag with a URL":    {[]string{"--prometheus.url:http://joe:s3cret@h"}, "unknown long flag (see --help)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, nil, test.args...)
			usage := (*UsageError)(nil)
			if !errors.As(err, &usage) || err.Error() != test.want {
				t.Errorf("error %v, want a usage error %q", err, test.want)
			}
		})
	}
}
