package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
)

// help runs the program, which must print a text and nothing else.
func help(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := program(t.Context(), args, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
		t.Fatalf("exit code %d, wrote to stderr: %s", code, &stderr)
	}
	return stdout.String()
}

func TestHelpFitsATerminal(t *testing.T) {
	t.Setenv("COLUMNS", "")
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "s3cret")
	t.Setenv("PROMETHEUS_URL", "http://joe:s3cret@h")
	texts := [][]string{{"--help"}, {"help"}}
	for _, command := range Commands() {
		texts = append(texts, []string{command.Name, "--help"})
	}
	for _, args := range texts {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			out := help(t, args...)
			for line := range strings.Lines(out) {
				if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
					t.Errorf("%d columns: %s", n, line)
				}
			}
			if strings.Contains(out, "s3cret") {
				t.Error("help shows a secret")
			}
		})
	}
}

func TestHelpNamesEverything(t *testing.T) {
	out := help(t, "--help")
	some := out + help(t, "once", "--help") // which is about one upstream
	for _, s := range config.Settings(Commands()) {
		if !strings.Contains(some, s.Env) || !strings.Contains(some, strings.TrimPrefix(s.Flag, "--")) {
			t.Errorf("help does not name %s (%s)", s.Flag, s.Env)
		}
	}
	for _, command := range config.Document(Commands()) {
		if !strings.Contains(out, "\n  "+command.Name+"\n") {
			t.Errorf("help does not name %s", command.Name)
		}
		out := help(t, command.Name, "--help")
		for _, s := range command.Settings {
			if !strings.Contains(out, strings.TrimPrefix(s.Flag, "--")) {
				t.Errorf("help of %s does not name %s", command.Name, s.Flag)
			}
		}
	}
}

// TestHelpBegins: a command's examples and its own settings come first.
func TestHelpBegins(t *testing.T) {
	for command, order := range map[string][]string{
		"":         {"usage: seldon-prometheus-exporter [<command>]", "\n  # ", "\nCommands:", "\nPrometheus:", "\nWindows and models:", "\nQueries:", "\nRemote write:", "\nWeb:", "\nLogging:", "\nConfiguration:", "\nHelp:"},
		"backfill": {"usage: seldon-prometheus-exporter backfill", "\n  # ", "\nFlags of backfill:\n  --from=<time>\n", "\nPrometheus:", "\nRemote write:", "\nHelp:"},
		"once":     {"usage: seldon-prometheus-exporter once", "\n  # ", "\nFlags of once:", "\nPrometheus:"},
	} {
		rest := help(t, strings.Fields(command+" --help")...)
		for _, part := range order {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Fatalf("%s: %q is missing after what comes before:\n%s", command, part, rest)
			}
			rest = after
		}
	}
	for _, want := range []string{"\n  --time-period=1h  (TIME_PERIOD)\n      Length", "\n  --config.check\n", "\n  (PROMETHEUS_SELDON_TOKEN)\n"} {
		if !strings.Contains(help(t, "--help"), want) {
			t.Errorf("help lacks %q", want)
		}
	}
}

func TestVersion(t *testing.T) {
	if out := help(t, "--version"); !strings.HasPrefix(out, config.Name+", version") {
		t.Errorf("wrote %q", out)
	}
}
