package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// FuzzFile: whatever the configuration file holds, it is read or refused, and an error shows a
// part of it only as the value of a setting that is no secret.
func FuzzFile(f *testing.F) {
	for _, s := range Settings(commands()) {
		os.Unsetenv(s.Env)
		f.Add(strings.TrimPrefix(s.Flag, "--") + ": s3cret\n")
		f.Add(strings.TrimPrefix(s.Flag, "--") + ": [{s3cret: 1}]\n")
		f.Add(strings.ReplaceAll(strings.TrimPrefix(s.Flag, "--"), ".", ": {") + ": http://s3cret@h?s3cret")
	}
	for _, content := range []string{
		"s3cret", "? [s3cret]\n: s3cret", "a: &s3cret b\nc: *s3cret\n", "!s3cret a: !!binary s3cret\n", "'s3cret\n", "---\n---\ns3cret: ", "%s3cret\n---\n",
		"prometheus: {token: s3cret, <<: s3cret}\n", "\"\\us3cret\"", "log: {level: |\n  s3cret\n", "\xff\xfes\x003\x00cret", "kinds: [s3cret, *s3cret]",
		"upstreams: s3cret", "upstreams: [s3cret]", "upstreams: [{name: s3cret}, {name: s3cret}]", "upstreams: [{name: [s3cret]}, {s3cret: 1}]",
		"upstreams: [{name: a, prometheus: {url: 'http://s3cret@h'}}, {name: b, prometheus.token: s3cret, prometheus.token-file: s3cret}]",
	} {
		f.Add(content)
	}
	shown := regexp.MustCompile(`^[a-z.-]+=`)
	f.Fuzz(func(t *testing.T, content string) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load([]string{"--config.file=" + file}, commands())
		if err == nil {
			return
		}
		for line := range strings.Lines(err.Error()) {
			name := shown.FindString(line)
			if strings.Contains(line, "s3cret") && (name == "" || name == "prometheus.token-file=") ||
				strings.HasSuffix(name, "url=") && strings.Contains(line, "s3cret@") {
				t.Errorf("%q is refused with %s", content, line)
			}
		}
	})
}
