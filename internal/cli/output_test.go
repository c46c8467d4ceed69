package cli

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/common/promslog"
)

// full is a writer to a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestFullDiskIsAFailure(t *testing.T) {
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
	prometheus := httptest.NewServer(http.HandlerFunc(nothing))
	defer prometheus.Close()
	for _, args := range [][]string{
		{"--help"},
		{"backfill", "--help"},
		{"--version"},
		{"once"},
		{"backfill", "--from=2026-01-31", "--to=2026-02-01", "--dry-run"},
		{"backfill", "--from=2026-01-31T10:00:00Z", "--to=2026-01-31T11:00:00Z"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var stderr bytes.Buffer
			code := program(t.Context(), append([]string{"--prometheus.url=" + prometheus.URL}, args...), full{}, &stderr)
			if code != 1 || !strings.Contains(stderr.String(), "standard output cannot be written: no space left on device") {
				t.Errorf("exit code %d: %s", code, &stderr)
			}
		})
	}
}

const (
	nasty   = "a\x1b[2Jb\x9bc\u009bd\x7f\te\u00fc\n"
	visible = "a\ufffd[2Jb\ufffdc\ufffdd\ufffd\te\u00fc\n"
)

func TestATerminalSeesNoControlCharacters(t *testing.T) {
	for terminal, want := range map[bool]string{true: visible, false: nasty} {
		var out bytes.Buffer
		n, err := (&output{Writer: &out, terminal: terminal}).Write([]byte(nasty))
		if n != len(nasty) || err != nil || out.String() != want {
			t.Errorf("terminal %t: wrote %q (%d, %v), want %q", terminal, &out, n, err, want)
		}
	}
	var stderr bytes.Buffer
	Exit(errors.New(nasty), &stderr)
	if want := "seldon-prometheus-exporter: " + visible; stderr.String() != want {
		t.Errorf("an error is written as %q, want %q", &stderr, want)
	}
}

func TestLogsHoldNoControlCharacters(t *testing.T) {
	var out bytes.Buffer
	promslog.New(&promslog.Config{Writer: &out}).Info("Window failed", "err", errors.New(nasty), "model", nasty)
	if strings.ContainsAny(strings.TrimSuffix(out.String(), "\n"), "\x1b\x7f\t\n\u009b") {
		t.Errorf("%q", &out)
	}
}
