package monitoring

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/prom/promtest"
)

// TestAlerts has promtool check the alerts, and run what monitoring/tests expects of them.
func TestAlerts(t *testing.T) {
	promtool := promtest.Debian(t).Promtool()
	run := func(args ...string) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput()
		if err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run("check", "rules", filepath.Join(canonical, "alerts.yaml"))
	run(append([]string{"test", "rules"}, unitTests(t)...)...)
}

// TestAlertsAreTested: each alert is expected to fire in one unit test, and not to in another.
func TestAlertsAreTested(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, path := range unitTests(t) {
		var file struct {
			Tests []struct {
				AlertRuleTest []struct {
					Alertname string           `yaml:"alertname"`
					ExpAlerts []map[string]any `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			} `yaml:"tests"`
		}
		if err := yaml.Unmarshal(content(t, path), &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, test := range file.Tests {
			for _, expected := range test.AlertRuleTest {
				if len(expected.ExpAlerts) > 0 {
					fires[expected.Alertname] = true
				} else {
					silent[expected.Alertname] = true
				}
			}
		}
	}
	for _, alert := range alerts(t) {
		if !fires[alert.Alert] || !silent[alert.Alert] {
			t.Errorf("%s: tested firing: %t, not firing: %t", alert.Alert, fires[alert.Alert], silent[alert.Alert])
		}
	}
}

// TestRunbooks: each alert names its section of docs/alerts.md, and there are no others.
func TestRunbooks(t *testing.T) {
	var want, sections []string
	for _, alert := range alerts(t) {
		want = append(want, alert.Alert)
		if link := "docs/alerts.md#" + strings.ToLower(alert.Alert); alert.Annotations["runbook"] != link {
			t.Errorf("%s: its runbook is %q, want %q", alert.Alert, alert.Annotations["runbook"], link)
		}
	}
	heading := regexp.MustCompile(`(?m)^## (\S+)$`)
	for _, found := range heading.FindAllStringSubmatch(string(content(t, "../../docs/alerts.md")), -1) {
		sections = append(sections, found[1])
	}
	if !slices.Equal(sections, want) {
		t.Errorf("docs/alerts.md has the sections %v, want %v", sections, want)
	}
}

func unitTests(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(canonical, "tests", "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no unit tests of alerts: %v", err)
	}
	return paths
}

// alerts returns the rules, as the current Prometheus reads them.
func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.Parse(content(t, filepath.Join(canonical, "alerts.yaml")), false, model.UTF8Validation, parser.NewParser(parser.Options{}), promslog.NewNopLogger())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var rules []rulefmt.Rule
	for _, group := range groups.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}
