package config

import (
	"os"
	"strings"
	"testing"
)

func TestWhatAReloadChanges(t *testing.T) {
	settings := write(t, "enable_http2: true\n")
	file := write(t, "")
	read := func(content, http string) *Config {
		t.Helper()
		for name, content := range map[string]string{file: content, settings: http} {
			if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return mustLoad(t, nil, "--config.file="+file, "--prometheus.config-file="+settings, "--remote-write.url=http://r/w")
	}
	const http = "enable_http2: true\n"
	before := read("time-period: 1h\n", http)
	for name, test := range map[string]struct {
		content, http string
		equal, same   bool
		restart       string
	}{
		"nothing":         {"# as before\ntime-period: 1h\n", http, true, true, ""},
		"a file's":        {"time-period: 1h\n", "enable_http2: false\n", false, false, ""}, // delivered windows are read with it
		"a limit":         {"query: {timeout: 1m}\n", http, false, true, ""},
		"the period":      {"time-period: 2h\n", http, false, false, ""},
		"the kinds":       {"kinds: [Server]\n", http, false, false, ""},
		"catching up":     {"catch-up: {max-age: 2d}\n", http, false, false, ""},
		"labels":          {"remote-write: {label: [a=b]}\n", http, false, false, ""},
		"the address":     {"web: {listen-address: ':1'}\n", http, false, true, "web.listen-address in FILE:1"},
		"several of them": {"web.timestamps: true\nlog: {format: json, level: debug}\n", http, false, true, "log.format in FILE:2, web.timestamps in FILE:1"},
	} {
		t.Run(name, func(t *testing.T) {
			after := read(test.content, test.http)
			if before.Equal(after) != test.equal || before.SameWindows(after) != test.same {
				t.Errorf("equal %t, same windows %t", before.Equal(after), before.SameWindows(after))
			}
			restart := strings.ReplaceAll(strings.Join(before.NeedsRestart(after), ", "), file, "FILE")
			if restart != test.restart {
				t.Errorf("%q need a restart, want %q", restart, test.restart)
			}
		})
	}
}
