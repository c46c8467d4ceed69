package node

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	pmodel "github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// transports are the ways in which the exporter reads.
func transports() []string { return []string{"remote-read", "promql"} }

// kinds are those that the test has models of.
const kinds = "SeldonDeployment,InferenceService,LLMInferenceService"

// exporter runs the exporter once, and returns what it prints.
func (n *node) exporter(ctx context.Context, transport, command string, w windows, i int, args ...string) ([]byte, error) {
	all := append([]string{command, "--end=" + w.end(i).UTC().Format(time.RFC3339), "--time-period=" + w.period.String(), "--prometheus.url=" + n.prometheus,
		"--settle-delay=" + settle.String(), "--kinds=" + kinds, "--query.transport=" + transport}, args...)
	cmd := exec.CommandContext(ctx, exporterPath(), all...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(all, " "), err, stderr.String())
	}
	return out, nil
}

// averages returns the values of a window as the exporter computes them.
func (n *node) averages(t *testing.T, transport string, w windows, i int) map[cluster.Model]cluster.Values {
	t.Helper()
	text, err := n.exporter(t.Context(), transport, "once", w, i)
	programs.Must(t, err)
	parser := expfmt.NewTextParser(pmodel.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	programs.Must(t, err)
	out := map[cluster.Model]cluster.Values{}
	for metric := range cluster.NumMetrics {
		for _, series := range families[metric.String()].GetMetric() {
			labels := map[string]string{}
			for _, l := range series.Label {
				labels[l.GetName()] = l.GetValue()
			}
			m := cluster.Model{Namespace: labels["namespace"], Type: labels["type"], Name: labels["name"]}
			values := out[m]
			values[metric] = cluster.Value{V: series.Gauge.GetValue(), OK: true}
			out[m] = values
		}
	}
	return out
}
