package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/doctor"
)

// TestReportColors prints a report where colors are wanted, and where they are not.
func TestReportColors(t *testing.T) {
	report := &doctor.Report{URL: "http://p", Results: []doctor.Result{{Check: doctor.Check{Name: "first"}, Status: doctor.Fail, Found: "evil \ufffd[31m"}}}
	for _, c := range []struct{ terminal, noColor, want bool }{
		{true, false, true}, {true, true, false}, {false, false, false},
	} {
		var out bytes.Buffer
		s := &session{Config: &config.Config{Doctor: config.Doctor{NoColor: c.noColor}}, stdout: &output{Writer: &out, terminal: c.terminal}}
		if err := s.printReport(report); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "\x1b["); got != c.want {
			t.Errorf("%+v: %q", c, out.String())
		}
	}
}

// TestDoctorFails has no Prometheus: the exit code is 1, and the report says why.
func TestDoctorFails(t *testing.T) {
	var stdout, stderr bytes.Buffer
	err := Run(t.Context(), []string{"doctor", "--prometheus.url=http://user:hunter2@127.0.0.1:1"}, nil, &stdout, &stderr)
	if code := Exit(err, &stderr); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(stdout.String(), "  FAIL  reachable  ") || !strings.Contains(stderr.String(), "checks that failed: reachable") {
		t.Errorf("%s\n%s", stdout.String(), stderr.String())
	}
	if strings.Contains(stdout.String()+stderr.String(), "hunter2") {
		t.Error("the password is shown")
	}
}
