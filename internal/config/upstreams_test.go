package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const twoUpstreams = `time-period: 2h
settle-delay: 5m
query: {timeout: 1m}
upstreams:
  - name: eu
    prometheus: {url: http://prometheus.eu:9090, token-file: eu.token}
    settle-delay: 10m
  - name: us
    prometheus.url: http://thanos.us:10902
    query: {transport: promql, timeout: 30s}
    cluster-label: region
    kinds: [Server]
    source: {cadvisor: job="kubelet"}
`

// upstreamsFile writes a file beside eu.token.
func upstreamsFile(t *testing.T, content string) string {
	t.Helper()
	file := write(t, content)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "eu.token"), []byte("t0ken"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestUpstreams: each has its own settings, else the file's, and flags and variables win.
func TestUpstreams(t *testing.T) {
	file := upstreamsFile(t, twoUpstreams)
	cfg := mustLoad(t, map[string]string{"QUERY_CONCURRENCY": "7"}, "--config.file="+file, "--query.max-samples=5000")
	if len(cfg.Upstreams) != 2 || len(cfg.Each()) != 2 || cfg.Upstream != "" || cfg.Clusters() || cfg.Prometheus.URL != nil || cfg.Period != 2*time.Hour || cfg.Web == nil {
		t.Fatalf("%+v", cfg)
	}
	eu, us := cfg.Upstreams[0], cfg.Upstreams[1]
	if eu.Upstream != "eu" || eu.Prometheus.URL.Host != "prometheus.eu:9090" || filepath.Base(eu.Prometheus.HTTP.Authorization.CredentialsFile) != "eu.token" ||
		eu.SettleDelay != 10*time.Minute || eu.Query.Timeout != time.Minute || eu.Query.Transport != "auto" || eu.ClusterLabel != "" || !eu.Clusters() ||
		eu.KindNames() != "SeldonDeployment, InferenceService" || len(eu.Sources) != 0 {
		t.Errorf("eu: %+v", eu)
	}
	if us.Upstream != "us" || us.Prometheus.URL.Host != "thanos.us:10902" || us.Prometheus.HTTP.Authorization != nil || us.SettleDelay != 5*time.Minute ||
		us.Query.Timeout != 30*time.Second || us.Query.Transport != "promql" || us.ClusterLabel != "region" || us.KindNames() != "Server" || len(us.Sources) != 1 {
		t.Errorf("us: %+v", us)
	}
	for _, u := range cfg.Upstreams {
		if u.Period != 2*time.Hour || u.Query.Concurrency != 7 || u.Query.MaxSamples != 5000 || u.Command != "serve" || len(u.Each()) != 1 {
			t.Errorf("%s: %+v", u.Upstream, u)
		}
	}
	for name, want := range map[string]string{
		us.SettingName("prometheus.url"):        "prometheus.url in FILE:9",
		us.SettingName("query.timeout"):         "query.timeout in FILE:10",
		us.SettingName("settle-delay"):          "settle-delay in FILE:2",
		us.SettingName("prometheus.token-file"): "prometheus.token-file of the upstream us",
		us.SettingName("log.level"):             "--log.level",
		us.Remedy(Upstream, "unauthorized"):     "check the credentials: prometheus.token-file of the upstream us or prometheus.config-file of the upstream us",
	} {
		if got := strings.ReplaceAll(name, file, "FILE"); got != want {
			t.Errorf("called %s, want %s", got, want)
		}
	}
	shown := map[string]string{}
	for _, s := range cfg.Effective() {
		if s.Origin != FromDefault {
			shown[s.Group+" "+strings.ReplaceAll(s.Name, file, "FILE")] = s.Value
		}
		if s.Flag == "--prometheus.url" || s.Env == tokenEnv {
			t.Errorf("%s is shown, which is no setting of all", s.Name)
		}
	}
	delete(shown, "Configuration --config.file")
	want := map[string]string{
		"Windows and models time-period in FILE:1": "2h", "Windows and models settle-delay in FILE:2": "5m", "Queries query.timeout in FILE:3": "1m",
		"Queries QUERY_CONCURRENCY": "7", "Queries --query.max-samples": "5000",
		"Upstream eu prometheus.url in FILE:6": "http://prometheus.eu:9090", "Upstream eu prometheus.token-file in FILE:6": filepath.Join(filepath.Dir(file), "eu.token"),
		"Upstream eu settle-delay in FILE:7": "10m", "Upstream us prometheus.url in FILE:9": "http://thanos.us:10902", "Upstream us query.transport in FILE:10": "promql",
		"Upstream us query.timeout in FILE:10": "30s", "Upstream us cluster-label in FILE:11": "region", "Upstream us kinds in FILE:12": "Server",
		"Upstream us source.cadvisor in FILE:13": `job="kubelet"`,
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Error(diff)
	}
	if got := mustLoad(t, nil, "--config.file="+file, "--query.timeout=5s").Upstreams[1].Query.Timeout; got != 5*time.Second {
		t.Errorf("the flag does not win over the upstream's own %s", got)
	}
}

// TestUpstreamOfACommand: a command that runs once has the settings of one upstream.
func TestUpstreamOfACommand(t *testing.T) {
	file := "--config.file=" + upstreamsFile(t, twoUpstreams)
	if cfg := mustLoad(t, nil, file, "once", "--upstream=us"); cfg.Upstream != "us" || cfg.Prometheus.URL.Host != "thanos.us:10902" || cfg.Upstreams != nil {
		t.Errorf("%+v", cfg)
	}
	if cfg := mustLoad(t, map[string]string{"UPSTREAM": "eu"}, file, "explain", "--model=a/b"); cfg.Upstream != "eu" || cfg.Explain.Model.Name != "b" {
		t.Errorf("%+v", cfg)
	}
	only := "--config.file=" + write(t, "upstreams: [{name: eu, prometheus: {url: http://p}}]")
	if cfg := mustLoad(t, nil, only, "doctor"); cfg.Upstream != "eu" {
		t.Errorf("the only one is not chosen: %+v", cfg)
	}
	// What is wrong with another one does not matter.
	broken := "--config.file=" + write(t, "upstreams: [{name: eu, prometheus: {url: http://p}}, {name: us, prometheus: {url: http://q, token-file: /no/such}}]")
	if cfg := mustLoad(t, nil, broken, "once", "--upstream=eu"); cfg.Upstream != "eu" {
		t.Errorf("%+v", cfg)
	}
	for args, want := range map[string]string{
		"once":                 "once is about one upstream: give --upstream=eu or us",
		"doctor --upstream=x":  `--upstream="x" is unknown: choose eu, us`,
		"serve --upstream=eu ": "unknown long flag '--upstream' (see --help)",
	} {
		if _, err := load(t, nil, append([]string{file}, strings.Fields(args)...)...); err == nil || err.Error() != want {
			t.Errorf("%s: %v", args, err)
		}
	}
	if _, err := load(t, nil, "once", "--upstream=eu"); err == nil || err.Error() != `--upstream="eu" is not known: there is no list of upstreams: remove it, or list them in --config.file` {
		t.Error(err)
	}
}

func TestBadUpstreams(t *testing.T) {
	const noSecrets = ": this file holds no secrets. Set prometheus.token-file or prometheus.config-file of this upstream"
	const eu = "upstreams:\n- {name: eu, prometheus.url: http://eu}\n"
	const rules = ": write 1 to 63 letters, digits, -, _ and ., with a letter or a digit at both ends"
	for name, test := range map[string]struct {
		content string
		env     map[string]string
		args    []string
		want    string
	}{
		"no list":             {content: "upstreams: {name: eu}\n", want: "FILE:1: upstreams has no entries: write - name: eu, and below the name the settings of this upstream"},
		"empty list":          {content: "upstreams: []\n", want: "FILE:1: upstreams has no entries: write - name: eu, and below the name the settings of this upstream"},
		"nothing":             {content: "upstreams:\n", want: "FILE:1: upstreams has no entries: write - name: eu, and below the name the settings of this upstream"},
		"no settings":         {content: "upstreams: [eu]\n", want: "FILE:1: an entry of upstreams has no settings: write name: eu, and below it the settings of this upstream"},
		"twice":               {content: eu + "upstreams: []\n", want: "FILE:3: upstreams is set in line 1 already: keep one of them"},
		"in itself":           {content: eu + "- {name: us, prometheus.url: http://us, upstreams: []}\n", want: "FILE:3: unknown setting upstreams: did you mean upstream?"},
		"misspelled":          {content: "upstreem: []\nupstreamss: []\n", want: "FILE:1: unknown setting upstreem: did you mean upstream?\nFILE:2: unknown setting upstreamss: did you mean upstreams?"},
		"no name":             {content: "upstreams:\n- prometheus.url: http://eu\n", want: "FILE:2: an entry of upstreams has no name: write one, such as name: eu"},
		"name empty":          {content: "upstreams:\n- {name: '', prometheus.url: http://eu}\n", want: `name="" in FILE:2 cannot be an upstream's` + rules},
		"name of two words":   {content: "upstreams:\n- {name: a b, prometheus.url: http://eu}\n", want: `name="a b" in FILE:2 cannot be an upstream's` + rules},
		"name at its end":     {content: "upstreams:\n- {name: a-, prometheus.url: http://eu}\n", want: `name="a-" in FILE:2 cannot be an upstream's` + rules},
		"name too long":       {content: "upstreams:\n- {name: " + strings.Repeat("a", 64) + ", prometheus.url: http://eu}\n", want: `name="` + strings.Repeat("a", 64) + `" in FILE:2 cannot be an upstream's` + rules},
		"name a list":         {content: "upstreams:\n- {name: [eu], prometheus.url: http://eu}\n", want: "FILE:2: name is a list: write one value"},
		"name twice":          {content: eu + "- {name: us, prometheus.url: http://us}\n- {name: eu, prometheus.url: http://eu2}\n", want: `name="eu" in FILE:4 is an upstream's already, in line 2: choose another`},
		"two names":           {content: "upstreams: [{name: eu, name: us, prometheus.url: http://eu}]\n", want: "FILE:1: name is set in line 1 already: keep one of them"},
		"no URL":              {content: "upstreams:\n- name: eu\n  settle-delay: 1m\n", want: "FILE:2: this upstream has no prometheus.url: set it"},
		"one for all":         {content: eu + "  \n- name: us\n  prometheus.url: http://us\n  time-period: 1h\n  web: {pages: false}\n  from: 2026-01-31\n", want: "FILE:6: time-period is the same for all upstreams: set it outside of upstreams\nFILE:7: web.pages is the same for all upstreams: set it outside of upstreams\nFILE:8: from is not a setting of the file: give --from on the command line"},
		"unknown":             {content: eu + "- {name: us, prometheus.urll: http://us}\n", want: "FILE:3: unknown setting prometheus.urll: did you mean prometheus.url?\nFILE:3: this upstream has no prometheus.url: set it"},
		"a token":             {content: eu + "- {name: us, prometheus: {url: http://us, token: s3cret}}\n", want: "FILE:3: unknown setting prometheus.token" + noSecrets},
		"a password":          {content: "upstreams:\n- {name: us, prometheus: {url: 'http://joe:s3cret@us'}}\n", want: "FILE:2: prometheus.url (value not shown) has a user, a password or a query: this file holds no secrets. Set prometheus.config-file of this upstream"},
		"URL outside":         {content: "prometheus: {url: http://p}\n" + eu, want: "prometheus.url in FILE:1 cannot be used with upstreams in FILE:2: it would be of all of them: set prometheus.url in each"},
		"URL by flag":         {content: eu, args: []string{"--prometheus.url=http://p", "--prometheus.insecure-skip-verify"}, want: "--prometheus.url cannot be used with upstreams in FILE:1: it would be of all of them: set prometheus.url in each\n--prometheus.insecure-skip-verify cannot be used with upstreams in FILE:1: it would be of all of them: set prometheus.insecure-skip-verify in each"},
		"token by variable":   {content: eu, env: map[string]string{tokenEnv: "s3cret", "PROMETHEUS_TOKEN_FILE": write(t, "t")}, want: "PROMETHEUS_SELDON_TOKEN and PROMETHEUS_TOKEN_FILE hold credentials for the Prometheus: keep one of them\nPROMETHEUS_TOKEN_FILE cannot be used with upstreams in FILE:1: it would be of all of them: set prometheus.token-file in each\nPROMETHEUS_SELDON_TOKEN cannot be used with upstreams in FILE:1: it would be sent to all of them: set prometheus.token-file in each"},
		"one Prometheus":      {content: eu + "- {name: us, prometheus.url: http://eu/api/v1}\n", want: "FILE:3: this upstream reads the same as the one in line 2: every model would count twice: keep one of them, with a cluster-label if it holds several clusters"},
		"no query URL":        {content: eu + "remote-write: {url: http://r/w}\n", want: "remote-write.url in FILE:3 is one receiver of several upstreams: set --remote-write.query-url to where delivered windows can be read"},
		"added label cluster": {content: eu + "remote-write: {url: http://r/w, query-url: http://r, label: [cluster=a]}\n", want: `remote-write.label="cluster=a" in FILE:3 cannot be used: with upstreams, models have a label "cluster" already: choose another name`},
		"added label":         {content: eu + "remote-write: {url: http://r/w, query-url: http://r, label: [upstream=a]}\n", want: `remote-write.label="upstream=a" in FILE:3 cannot be used: "upstream" is a label that this exporter's series have already: choose another name`},
		"all at once": {content: "settle-delay: 3h\nkinds: [X]\n" + eu + "- {name: us, prometheus.url: us, query.timeout: 0s}\n", env: map[string]string{"SHARD": "x"}, want: `kinds="X" in FILE:2 cannot be used: "X" is not a kind this exporter knows: choose from SeldonDeployment, InferenceService, LLMInferenceService, InferenceGraph, Server
SHARD="x" is not a shard: write 0/3 for the first of three, 0/1 for everything
settle-delay="3h" in FILE:1 is longer than the period of 1h: choose a shorter delay
prometheus.url="us" in FILE:5 does not begin with http:// or https://: write it like http://prometheus:9090
query.timeout="0s" in FILE:5 is zero: choose from 1s to 1h`},
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
}

// TestTenants: two upstreams may read one URL with other HTTP settings, such as a tenant's.
func TestTenants(t *testing.T) {
	tenant := func(name string) string {
		return write(t, "http_headers: {X-Scope-OrgID: {values: ["+name+"]}}\n")
	}
	mustLoad(t, nil, "--config.file="+write(t, "upstreams:\n- {name: a, prometheus: {url: http://mimir, config-file: "+tenant("a")+"}}\n- {name: b, prometheus: {url: http://mimir, config-file: "+tenant("b")+"}}\n"))
}

// TestUpstreamsAreReadAgain: a change of any upstream is one, and of its own windows only if
// it decides about them.
func TestUpstreamsAreReadAgain(t *testing.T) {
	file := upstreamsFile(t, "")
	read := func(content string) *Config {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return mustLoad(t, nil, "--config.file="+file)
	}
	before := read(twoUpstreams)
	if !before.Equal(read("# as before\n" + twoUpstreams)) {
		t.Error("the same settings differ")
	}
	for name, test := range map[string]struct {
		from, to string
		same     bool // windows of us
	}{
		"a limit":            {"timeout: 30s", "timeout: 31s", true},
		"a limit of all":     {"timeout: 1m", "timeout: 2m", true},
		"which models":       {"region", "zone", false},
		"another's settings": {"prometheus.eu", "prometheus.de", true},
		"another's name":     {"name: eu", "name: de", true},
	} {
		after := read(strings.Replace(twoUpstreams, test.from, test.to, 1))
		if before.Equal(after) || len(before.NeedsRestart(after)) > 0 {
			t.Errorf("%s: is no change, or needs a restart", name)
		}
		if got := before.Upstreams[1].SameWindows(after.Upstreams[1]); got != test.same {
			t.Errorf("%s: same windows %t", name, got)
		}
	}
	if before.Upstreams[0].SameWindows(before.Upstreams[1]) {
		t.Error("two upstreams have the same windows")
	}
}
