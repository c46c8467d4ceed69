package main

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/cli"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
)

func TestDocsTellEveryFailure(t *testing.T) {
	text := read(t, "docs/troubleshooting.md")
	for _, m := range gather(t)["seldon_exporter_refreshes_total"].GetMetric() {
		if result := m.GetLabel()[0].GetValue(); !strings.Contains(text, "| `"+result+"` |") {
			t.Errorf("docs/troubleshooting.md has no row for the result %q", result)
		}
	}
	messages := logMessages(t)
	if len(messages) < 5 {
		t.Errorf("only %d log messages found in the code: %q", len(messages), messages)
	}
	for _, message := range messages {
		if !strings.Contains(text, message) {
			t.Errorf("docs/troubleshooting.md does not explain the log message %q", message)
		}
	}
}

// logMessages finds what the product logs at any level: the first words of each message.
func logMessages(t *testing.T) []string {
	t.Helper()
	var messages []string
	for _, path := range sources(t) {
		file, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, method.Sel.Name) {
				return true
			}
			message := call.Args[0]
			if sum, ok := message.(*ast.BinaryExpr); ok {
				message = sum.X
			}
			if text, ok := message.(*ast.BasicLit); ok {
				said, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Fatal(err)
				}
				messages = append(messages, strings.TrimSpace(said))
			}
			return true
		})
	}
	return messages
}

// sources returns the product's own files of code.
func sources(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("internal", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".go" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(paths, func(p string) bool { return strings.HasSuffix(p, "_test.go") })
}

// TestDocsNameWhatExists looks up what documents mention: flags, metrics, targets of make.
func TestDocsNameWhatExists(t *testing.T) {
	known := map[string]bool{}
	for _, group := range config.Groups(cli.Commands()) {
		for _, s := range group.Settings {
			known[s.Flag] = true
		}
	}
	for _, command := range config.Document(cli.Commands()) {
		for _, s := range command.Settings {
			known[s.Flag] = true
		}
	}
	for _, ofOthers := range []string{
		"--metric-labels-allowlist", "--help", "--version", "--completion-script-bash", "--completion-script-zsh", "--query.lookback-delta", "--query.max-samples",
		"--web.enable-remote-write-receiver", "--web.enable-admin-api", "--set", "--check", "--no-web.pages", "--no-web.doctor",
		"--metric-allowlist", "--metric-denylist", "--query.replica-label", "--storage.tsdb.retention.time",
		"--endpoint-strict", "--endpoint.sd-config-file", "--store.unhealthy-timeout", "--store.limits.request-series", "--store.limits.request-samples", "--tsdb.out-of-order.time-window",
	} {
		known[ofOthers] = true
	}
	for _, m := range metric.Default().Metrics {
		known[m.Name] = true
	}
	for name := range gather(t) {
		known[name] = true
	}
	for _, withRemoteWrite := range []string{
		remotewrite.CompletionMarker, remotewrite.Trial, "seldon_exporter_remote_write_requests_total", "seldon_exporter_remote_write_samples_total",
	} {
		known[withRemoteWrite] = true
	}
	known[exposition.DuplicateModels] = true
	for target := range strings.Lines(read(t, "Makefile")) {
		if name, _, ok := strings.Cut(target, ":"); ok && !strings.ContainsAny(name, " \t#") {
			known["make "+name] = true
		}
	}
	ofHistogram := regexp.MustCompile(`_(sum|count)$`)
	mentioned := regexp.MustCompile(`--[a-z][a-z.-]+[a-z]|\b(?:model|seldon_exporter)_[a-z_]+[a-z]\b|\bmake [a-z0-9-]+\b`)
	for _, path := range documents(t) {
		for code := range codeIn(read(t, path)) {
			for _, name := range mentioned.FindAllString(code, -1) {
				if !known[name] {
					t.Errorf("%s mentions %q, which does not exist", path, name)
				}
			}
		}
	}
	for _, path := range []string{"monitoring/alerts.yaml", "monitoring/dashboard.json"} {
		for _, name := range mentioned.FindAllString(read(t, path), -1) {
			if !known[name] && !known[ofHistogram.ReplaceAllString(name, "")] {
				t.Errorf("%s asks for %q, which does not exist", path, name)
			}
		}
	}
}

// codeIn yields what a document sets as code, inline and in blocks.
func codeIn(text string) iter.Seq[string] {
	inline := regexp.MustCompile("`[^`\n]+`")
	return func(yield func(string) bool) {
		for line, block := range lines(text) {
			if block {
				if !yield(line) {
					return
				}
				continue
			}
			for _, code := range inline.FindAllString(line, -1) {
				if !yield(code) {
					return
				}
			}
		}
	}
}

// lines yields a document's lines, and whether each is in a block of code.
func lines(text string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		block := false
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				block = !block
				continue
			}
			if !yield(line, block) {
				return
			}
		}
	}
}

func TestDocsLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, path := range documents(t) {
		for _, found := range link.FindAllStringSubmatch(read(t, path), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(found[1], "#")
			to := path
			if file != "" {
				to = filepath.Join(filepath.Dir(path), filepath.FromSlash(file))
			}
			if _, err := os.Stat(to); err != nil {
				if filepath.ToSlash(to) != madeElsewhere {
					t.Errorf("%s links to %s, which is not there", path, found[1])
				}
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, to)), anchor) {
				t.Errorf("%s links to %s: there is no such heading", path, found[1])
			}
		}
	}
}

// anchors returns what a document's headings are linked by.
func anchors(text string) []string {
	var out []string
	for line, block := range lines(text) {
		if heading := strings.TrimLeft(line, "#"); !block && heading != line {
			out = append(out, strings.Map(func(r rune) rune {
				switch {
				case r == ' ':
					return '-'
				case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
					return unicode.ToLower(r)
				}
				return -1
			}, strings.TrimSpace(heading)))
		}
	}
	return out
}

// TestDocsFitATerminal keeps blocks of code to 80 columns. The list of labels, which has to be
// given in one piece, is the exception.
func TestDocsFitATerminal(t *testing.T) {
	for _, path := range documents(t) {
		for line, block := range lines(read(t, path)) {
			if width := utf8.RuneCountInString(line); block && width > 80 && !strings.Contains(line, "pods=[") {
				t.Errorf("%s: a line of code is %d columns wide: %s", path, width, line)
			}
		}
	}
}
