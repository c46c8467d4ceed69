package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/usage"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Explain says what the command of that name does.
type Explain struct {
	Model   workload.Model // of any type where that is empty
	End     time.Time      // of the window; zero for the newest settled one
	Metrics []usage.Metric
	JSON    bool
}

// ExplainFlags are the command explain's own.
func ExplainFlags(f Flags) Check {
	end := f.addEnd()
	model := f.add("model", "", "<namespace/name>",
		"Model to explain.")
	kind := f.add("kind", "", "<kind>",
		"Its Kubernetes kind, if models of several kinds have the name.")
	metric := f.add("metric", "", "<name>",
		"Metric to explain, such as model_cpu_requests. The default is all seven.")
	output := f.add("output", "", "text",
		"Output format: text or json.")
	return func(c *checker, cfg *Config) {
		e := Explain{
			Model:   parse(c, model, modelName),
			End:     parse(c, end, orNothing(edge(cfg.Period))),
			Metrics: parse(c, metric, metrics),
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

// metrics returns the one of the name, or all for none.
func metrics(name string) ([]usage.Metric, error) {
	var all []usage.Metric
	var names []string
	for metric, info := range usage.Table() {
		if info.Name == name {
			return []usage.Metric{usage.Metric(metric)}, nil
		}
		all, names = append(all, usage.Metric(metric)), append(names, info.Name)
	}
	if name != "" {
		return nil, fmt.Errorf("is unknown: choose %s", strings.Join(names, ", "))
	}
	return all, nil
}
