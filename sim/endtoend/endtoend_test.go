// Package endtoend tests the exporter as users run it: the built binary, as a process,
// beside a real Prometheus.
package endtoend

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/process"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/soak"
)

// TestExporter starts the binary over a history whose window has just settled, and holds
// what it exposes against the truth and against promtool.
func TestExporter(t *testing.T) {
	placed, settle := settled(t, "several-at-once")
	dir := t.TempDir()
	if err := accuracy.Store(t.Context(), dir, []accuracy.Placed{placed}); err != nil {
		t.Fatal(err)
	}
	server := promtest.Start(t, prom.Options{Dir: dir})
	exporter, err := process.Start(process.Command{Path: soak.Build(t), Args: []string{
		"--prometheus.url=" + server.URL().String(),
		"--time-period=" + model.Duration(placed.Window.Length()).String(),
		"--settle-delay=" + model.Duration(settle).String(),
		"--web.listen-address=127.0.0.1:0",
	}})
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			exporter.Close()
		}
	})
	address, err := exporter.Address(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + address
	awaitReady(t, base, exporter)
	exposition := get(t, base+"/metrics")

	t.Run("values", func(t *testing.T) {
		verdict := accuracy.Judge(placed, parse(t, exposition))
		if verdict.Values == 0 {
			t.Fatal("the history has no models")
		}
		for _, d := range verdict.Deviations {
			t.Error(d)
		}
	})
	t.Run("promtool", func(t *testing.T) {
		checkMetrics(t, exposition)
	})
	t.Run("stops", func(t *testing.T) {
		stopped = true
		asked := time.Now()
		if err := exporter.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(asked); took > 5*time.Second {
			t.Errorf("it took %s to end, want 5 s at most", took)
		}
	})
}

// settled places a history so that its window is the newest settled one, now and for
// minutes to come, and returns the settle delay that makes it so.
func settled(t *testing.T, name string) (accuracy.Placed, time.Duration) {
	t.Helper()
	for _, n := range histories.All() {
		if n.Name != name {
			continue
		}
		period := n.Window.Length()
		now := time.Now()
		// What is settled changes when now less the delay crosses a window's end. The delay
		// puts that moment half a period away.
		settle := (now.Sub(window.Containing(now, period).Start) + period/2) % period
		w := window.Settled(now, period, settle)
		return accuracy.Placed{Named: n, Origin: w.Start.Add(-n.Window.From)}, settle.Round(time.Second)
	}
	t.Fatalf("there is no history %s", name)
	return accuracy.Placed{}, 0
}

func awaitReady(t *testing.T, base string, exporter *process.Process) {
	t.Helper()
	deadline := time.After(time.Minute)
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		resp, err := http.Get(base + "/-/ready")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-poll.C:
		case <-exporter.Done():
			t.Fatal(exporter.Err())
		case <-deadline:
			t.Fatalf("not ready after a minute: %v", err)
		}
	}
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", url, resp.StatusCode, err)
	}
	return body
}

// parse reads the averages and the coverage back from the exposition.
func parse(t *testing.T, exposition []byte) accuracy.Result {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(exposition))
	if err != nil {
		t.Fatal(err)
	}
	result := accuracy.Result{Values: map[cluster.Model]cluster.Values{}, Coverage: &cluster.Coverage{}}
	for metric := range cluster.NumMetrics {
		for _, m := range families[metric.String()].GetMetric() {
			id := labels(m)
			if len(id) != 3 {
				t.Errorf("%s has the labels %v, want namespace, type and name", metric, id)
			}
			key := cluster.Model{Namespace: id["namespace"], Type: id["type"], Name: id["name"]}
			values := result.Values[key]
			values[metric] = cluster.Value{V: m.GetGauge().GetValue(), OK: true}
			result.Values[key] = values
		}
	}
	for _, m := range families["seldon_exporter_window_coverage_ratio"].GetMetric() {
		switch labels(m)["source"] {
		case "kube-state-metrics":
			result.Coverage.KSM = m.GetGauge().GetValue()
		case "cadvisor":
			result.Coverage.CAdvisor = m.GetGauge().GetValue()
		}
	}
	return result
}

func labels(m *dto.Metric) map[string]string {
	out := map[string]string{}
	for _, l := range m.GetLabel() {
		out[l.GetName()] = l.GetValue()
	}
	return out
}

// checkMetrics has promtool look at the exposition. Its one complaint that there must be
// is about a name: readers know the gauge as model_cpu_usage_seconds_total.
func checkMetrics(t *testing.T, exposition []byte) {
	const expected = `model_cpu_usage_seconds_total non-counter metrics should not have "_total" suffix`
	cmd := exec.CommandContext(t.Context(), promtest.Debian(t).Promtool(), "check", "metrics")
	cmd.Stdin = bytes.NewReader(exposition)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var seen bool
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line == expected {
			seen = true
		} else if line != "" {
			t.Errorf("promtool: %s", line)
		}
	}
	if !seen {
		t.Errorf("promtool does not complain about model_cpu_usage_seconds_total (%v): was it exposed?", err)
	}
}
