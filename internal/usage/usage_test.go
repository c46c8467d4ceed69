package usage_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
)

// TestNames holds the table against the names that readers know: they are kept for ever.
func TestNames(t *testing.T) {
	want := []string{
		"model_containers_average",
		"model_cpu_usage_seconds_total",
		"model_memory_usage_bytes",
		"model_cpu_requests",
		"model_cpu_limits",
		"model_memory_requests_bytes",
		"model_memory_limits_bytes",
	}
	var got []string
	for _, m := range usage.Table() {
		got = append(got, m.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestHelp: HELP tells the unit, and that the value is an average.
func TestHelp(t *testing.T) {
	units := map[usage.Metric]string{
		usage.Containers: "containers",
		usage.CPUUsage:   "cores", usage.CPURequests: "cores", usage.CPULimits: "cores",
		usage.MemoryUsage: "bytes", usage.MemoryRequests: "bytes", usage.MemoryLimits: "bytes",
	}
	for metric, m := range usage.Table() {
		t.Run(m.Name, func(t *testing.T) {
			unit := units[usage.Metric(metric)]
			if m.Unit != unit || !strings.Contains(m.Help, unit) {
				t.Errorf("measured in %s, but told in %q: %s", unit, m.Unit, m.Help)
			}
			if !strings.Contains(m.Help, "average over the window") {
				t.Errorf("HELP does not tell what it is: %s", m.Help)
			}
			if strings.ContainsAny(m.Help, "\n\\") || !strings.HasSuffix(m.Help, ".") {
				t.Errorf("HELP is not plain sentences on one line: %q", m.Help)
			}
		})
	}
	if help := usage.Table()[usage.CPUUsage].Help; !strings.Contains(help, "gauge") {
		t.Errorf("HELP does not warn that it is a gauge in spite of its name: %s", help)
	}
}
