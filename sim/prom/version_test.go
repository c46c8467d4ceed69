package prom_test

import (
	"os"
	"strings"
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
)

// TestVersion holds the version against the module that is required: 3.16.0 is v0.316.0.
func TestVersion(t *testing.T) {
	gomod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	major, rest, _ := strings.Cut(prom.Version, ".")
	minor, patch, _ := strings.Cut(rest, ".")
	if len(minor) == 1 {
		minor = "0" + minor
	}
	want := "github.com/prometheus/prometheus v0." + major + minor + "." + patch + "\n"
	if !strings.Contains(string(gomod), want) {
		t.Errorf("prom.Version is %s, but go.mod does not require %s", prom.Version, want)
	}
}
