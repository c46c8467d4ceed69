package config

import (
	"errors"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Explain is what the command of that name does.
type Explain struct {
	Model  workload.Model // of any type if that is empty
	End    time.Time      // of the window; zero for the newest settled one
	Metric string         // to explain, empty for all
	JSON   bool
}

// ExplainFlags defines the flags of the command explain.
func ExplainFlags(f Flags) Check {
	f.addUpstream()
	end := f.addEnd()
	model := f.add("model", "", "<namespace/name>",
		"Model to explain.")
	kind := f.add("type", "", "<kind>",
		"Type of the model, if models of several types have the name.")
	metric := f.add("metric", "", "<name>",
		"Metric to explain, such as model_cpu_requests. The default is all seven.")
	output := f.add("output", "", "text",
		"Output format: text or json.")
	return func(c *checker, cfg *Config) {
		e := Explain{
			Model:  parse(c, model, modelName),
			End:    parse(c, end, orNothing(edge(cfg.Period))),
			Metric: parse(c, metric, metricName),
		}
		e.Model.Type = parse(c, kind, orNothing(choice(namesOf(cfg.Kinds)...)))
		e.JSON = parse(c, output, choice("text", "json")) == "json"
		cfg.Explain = e
	}
}

func modelName(s string) (workload.Model, error) {
	namespace, name, ok := strings.Cut(s, "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return workload.Model{}, errors.New("names no model: write its namespace and its name, as seldon/income")
	}
	return workload.Model{Namespace: namespace, Name: name}, nil
}

// metricName returns the name if there is such a metric or the name is empty.
func metricName(name string) (string, error) {
	var names []string
	for _, m := range metric.Default().Metrics {
		names = append(names, m.Name)
	}
	return orNothing(choice(names...))(name)
}
