package main

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/cli"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/doctor"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// The documents hold tables that are made from the code:
//
//	go test . -run TestDocs -update
var update = flag.Bool("update", false, "write the tables in the documents again")

// madeElsewhere is what "make accuracy" writes.
const madeElsewhere = "docs/accuracy.md"

// documents returns every document by its path, sorted.
func documents(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	paths = slices.DeleteFunc(paths, func(p string) bool { return filepath.ToSlash(p) == madeElsewhere })
	return append(paths, "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "monitoring/README.md")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocsTables(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("one of the settings is there on Linux only")
	}
	tables := map[string]string{
		"settings":    settingsTable(),
		"commands":    commandsTable(),
		"metrics":     metricsTable(),
		"own metrics": ownMetricsTable(gather(t)),
		"kinds":       kindsTable(),
		"allow-list":  allowList(presetKinds()),

		"allow-list of all kinds": allowList(workload.Kinds()),

		"checks of doctor": doctorChecks(),
	}
	for _, command := range config.Document(cli.Commands()) {
		if command.Name != "serve" {
			tables[command.Name+" flags"] = flagsTable(command)
		}
	}
	used := map[string]bool{}
	for _, path := range documents(t) {
		text := read(t, path)
		want := text
		for name, table := range tables {
			var found bool
			if want, found = replace(want, name, table); found {
				used[name] = true
			}
		}
		if want == text {
			continue
		}
		if !*update {
			t.Errorf("%s: a table is not what the code says: go test . -run TestDocs -update", path)
		} else if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name := range tables {
		if !used[name] {
			t.Errorf("no document holds the table %q", name)
		}
	}
}

// TestDocsConfigurationFile: the files in the documents can be used, and set what they say.
func TestDocsConfigurationFile(t *testing.T) {
	examples := strings.Split(read(t, "docs/configuration.md"), "```yaml\n")
	if len(examples) != 3 {
		t.Fatalf("docs/configuration.md has %d examples", len(examples)-1)
	}
	load := func(example string) *config.Config {
		text, _, _ := strings.Cut(example, "```")
		dir := t.TempDir()
		for name, content := range map[string]string{"exporter.yml": text, "token": "t0ken", "eu.token": "t0ken"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cfg, err := config.Load([]string{"--config.file=" + filepath.Join(dir, "exporter.yml")}, cli.Commands())
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	if cfg := load(examples[2]); len(cfg.Upstreams) != 2 || cfg.Upstreams[1].ClusterLabel != "cluster" {
		t.Errorf("%+v", cfg)
	}
	cfg := load(examples[1])
	if cfg.KindNames() != "SeldonDeployment, InferenceService, Server, RayService" || cfg.RemoteWrite.Labels["cluster"] != "prod" {
		t.Errorf("%+v", cfg)
	}
}

// presetKinds are those that are models by default.
func presetKinds() []workload.Kind {
	return slices.DeleteFunc(workload.Kinds(), func(k workload.Kind) bool { return !k.Default })
}

func allowList(kinds []workload.Kind) string {
	return "```\n--metric-labels-allowlist=" + workload.AllowList(kinds) + "\n```\n"
}

func kindsTable() string {
	var b strings.Builder
	b.WriteString("| kind | pod label with the name | other labels that the pod must carry | default |\n| --- | --- | --- | --- |\n")
	for _, k := range workload.Kinds() {
		var where []string
		for _, label := range slices.Sorted(maps.Keys(k.Where)) {
			where = append(where, "`"+label+"="+k.Where[label]+"`")
		}
		preset := "off"
		if k.Default {
			preset = "on"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", k.Name, strings.Join(k.Labels, "`, or `"), strings.Join(where, ", "), preset)
	}
	return b.String()
}

// doctorChecks has a section for each check of doctor.
func doctorChecks() string {
	var b strings.Builder
	for i, c := range doctor.Checks() {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "### %s\n\n**%s** Judged %s\n", c.Name, c.Question, c.Judged)
		var settings string
		for i, f := range c.Faults {
			if i == 0 {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "- `%s` (%s): %s %s\n", f.Name, f.Status, f.Means, f.Remedy)
			settings = cmp.Or(settings, f.SettingsFor(presetKinds()))
		}
		if settings != "" {
			b.WriteString("\n" + fenced(settings))
		}
	}
	return b.String()
}

// fenced puts fences around code that is indented.
func fenced(markdown string) string {
	var b strings.Builder
	block := false
	for line := range strings.Lines(markdown + "\n") {
		code, indented := strings.CutPrefix(line, "    ")
		switch {
		case indented && !block:
			b.WriteString("```\n" + code)
		case indented:
			b.WriteString(code)
		case block:
			b.WriteString("```\n" + line)
		default:
			b.WriteString(line)
		}
		block = indented
	}
	if block {
		b.WriteString("```\n")
	}
	return b.String()
}

// replace puts a table between the comments that name it.
func replace(text, name, table string) (string, bool) {
	begin, end := "<!-- "+name+": made from the code -->\n", "<!-- /"+name+" -->"
	before, rest, ok := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return text, false
	}
	return before + begin + "\n" + table + "\n" + end + after, true
}

// settingsTable lists the settings under their headings.
func settingsTable() string {
	var b strings.Builder
	for _, group := range config.Groups(cli.Commands()) {
		fmt.Fprintf(&b, "### %s\n\n| environment, flag | default | meaning |\n| --- | --- | --- |\n", group.Name)
		for _, s := range group.Settings {
			var names []string
			for _, name := range []string{s.Env, s.Flag} {
				if name != "" {
					names = append(names, "`"+name+"`")
				}
			}
			preset := ""
			if s.Default != "" {
				preset = "`" + strings.ReplaceAll(s.Default, ",", "`, `") + "`"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(names, "<br>"), preset, cell(strings.TrimSpace(s.Help+" "+s.Upstreams)))
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// commandsTable lists the commands.
func commandsTable() string {
	var b strings.Builder
	b.WriteString("| command | what it does |\n| --- | --- |\n")
	for _, command := range config.Document(cli.Commands()) {
		name := "`" + command.Name + "`"
		if command.Name != "serve" {
			name = "[" + name + "](commands.md#" + command.Name + ")"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, cell(command.Help))
	}
	return b.String()
}

// flagsTable lists what only a command's flags can say.
func flagsTable(command config.CommandHelp) string {
	var b strings.Builder
	b.WriteString("| flag | default | meaning |\n| --- | --- | --- |\n")
	for _, s := range command.Settings {
		if s.Env == "" {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Flag, s.Default, cell(s.Help))
		}
	}
	return b.String()
}

func metricsTable() string {
	var b strings.Builder
	b.WriteString("| metric | unit | meaning |\n| --- | --- | --- |\n")
	for _, m := range metric.Default().Metrics {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.Name, m.Unit, cell(m.Help))
	}
	return b.String()
}

func ownMetricsTable(families map[string]*dto.MetricFamily) string {
	var b strings.Builder
	b.WriteString("| metric | type | meaning |\n| --- | --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		if !strings.HasPrefix(name, "seldon_exporter_") {
			continue
		}
		if labels := labelsOf(f); labels != "" {
			name += "{" + labels + "}"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, strings.ToLower(f.GetType().String()), cell(f.GetHelp()))
	}
	return b.String()
}

// labelsOf lists a metric's labels, unless there are more than a table has room for.
func labelsOf(f *dto.MetricFamily) string {
	var names []string
	for _, l := range f.GetMetric()[0].GetLabel() {
		names = append(names, l.GetName())
	}
	if len(names) > 3 {
		return "..."
	}
	return strings.Join(names, ",")
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// gather scrapes the exporter once it has computed a window.
func gather(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
	prometheus := httptest.NewServer(http.HandlerFunc(noModels))
	defer prometheus.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log, stderr := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- cli.Run(ctx, []string{"--web.listen-address=127.0.0.1:0", "--settle-delay=0s", "--prometheus.url=" + prometheus.URL}, nil, io.Discard, stderr)
		stderr.Close()
	}()
	address, computed := "", false
	for line := bufio.NewScanner(log); (address == "" || !computed) && line.Scan(); {
		if _, after, ok := strings.Cut(line.Text(), `msg="Listening on" address=`); ok {
			address = after
		}
		computed = computed || strings.Contains(line.Text(), "Window computed")
	}
	go io.Copy(io.Discard, log)
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	return families
}

// noModels is a Prometheus that knows no model, though it has pods' labels. It does not offer
// remote read.
func noModels(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/query") {
		http.NotFound(w, r)
		return
	}
	result := ""
	if strings.HasPrefix(r.FormValue("query"), `{__name__="kube_pod_labels"}[`) {
		result = fmt.Sprintf(`{"metric":{},"values":[[%s,"1"]]}`, r.FormValue("time"))
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[%s],"stats":{"samples":{"totalQueryableSamples":1}}}}`, result)
}
