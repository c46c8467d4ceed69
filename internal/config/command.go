package config

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// Command is what the program is asked to do.
type Command string

// The commands.
const (
	Serve        Command = "serve"
	ComputeOnce  Command = "once"
	Backfill     Command = "backfill"
	ExplainModel Command = "explain"
)

// Once says what the command of that name does.
type Once struct {
	End time.Time // of the window; zero for the newest settled one
}

// Past says what the command backfill does.
type Past struct {
	From, To time.Time // at which windows begin and end; To is zero for the newest settled one's end
	Output   string    // the file to write; "-" for standard output, "" for remote write
	DryRun   bool
	Replace  bool
	Yes      bool // nobody is asked before something is replaced
}

// pastFlags are those of backfill alone.
type pastFlags struct {
	from, to, output, dryRun, replace, yes *setting
}

func (g group) addPast() pastFlags {
	return pastFlags{
		from: g.add("from", "", "<time>",
			"Where the first window begins: RFC 3339, a date, or seconds since 1970."),
		to: g.add("to", "", "<time>",
			"Where the last window ends. By default, it is the newest settled one."),
		output: g.add("output", "", "<file>",
			"File to write as OpenMetrics, for promtool tsdb create-blocks-from openmetrics. It is there when it is complete; until then, what is done is kept beside it. - is standard output, which is written where neither this nor --remote-write.url is given."),
		dryRun: g.addSwitch("dry-run", "",
			"Only say what would be done, and what that would cost."),
		replace: g.addSwitch("replace", "",
			"Compute windows anew that have been delivered, say what differs, and deliver that. What saw less of a window replaces nothing."),
		yes: g.addSwitch("yes", "",
			"Replace without asking."),
	}
}

func (f *flags) checkPast(c *checker, cfg *Config) {
	cfg.RemoteWrite = f.remoteWrite.check(c, cfg.Prometheus)
	p := Past{
		From:    parse(c, f.past.from, edge(cfg.Period)),
		To:      parse(c, f.past.to, orNothing(edge(cfg.Period))),
		Output:  f.past.output.raw,
		DryRun:  parse(c, f.past.dryRun, boolean),
		Replace: parse(c, f.past.replace, boolean),
		Yes:     parse(c, f.past.yes, boolean),
	}
	if !p.To.IsZero() && !p.From.IsZero() && !p.From.Before(p.To) {
		c.failf("%s is not before %s: choose an earlier time", f.past.from, f.past.to)
	}
	switch receiver := f.remoteWrite.url; {
	case p.Output != "" && receiver.onLine:
		c.failf("%s and --%s are two places to write to: choose one of them", f.past.output, receiver.flag)
	case p.Output == "" && receiver.raw == "":
		p.Output = "-"
	}
	if p.Replace && p.Output != "" {
		c.failf("--%s is for what has been delivered: give --%s, or leave it out", f.past.replace.flag, f.remoteWrite.url.flag)
	}
	cfg.Past = p
}

// Explain says what the command of that name does.
type Explain struct {
	Model  workload.Model // of any type where that is empty
	End    time.Time      // of the window; zero for the newest settled one
	Metric string         // to explain, "" for all of them
	JSON   bool
}

// explainFlags are those of explain alone.
type explainFlags struct{ model, kind, metric, output *setting }

func (g group) addExplain() explainFlags {
	return explainFlags{
		model: g.add("model", "", "<namespace/name>",
			"Model to explain."),
		kind: g.add("kind", "", "<kind>",
			"Its Kubernetes kind, where models of several kinds have the name."),
		metric: g.add("metric", "", "<name>",
			"Metric to explain, such as model_cpu_requests. By default, all seven are."),
		output: g.add("output", "", "text",
			"Form of what is printed: text or json."),
	}
}

func (f *flags) checkExplain(c *checker, cfg *Config) {
	e := Explain{
		Model:  parse(c, f.explain.model, modelName),
		End:    parse(c, f.end, orNothing(edge(cfg.Period))),
		Metric: parse(c, f.explain.metric, metricName),
	}
	e.Model.Type = parse(c, f.explain.kind, oneKind(cfg.Kinds))
	parse(c, f.explain.output, oneOf(func(s string) error {
		e.JSON = s == "json"
		if s != "text" && s != "json" {
			return errors.New("unknown")
		}
		return nil
	}, []string{"text", "json"}))
	cfg.Explain = e
}

func modelName(s string) (workload.Model, error) {
	namespace, name, ok := strings.Cut(s, "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return workload.Model{}, errors.New("names no model: write its namespace and its name, as seldon/income")
	}
	return workload.Model{Namespace: namespace, Name: name}, nil
}

// metricName returns the name if there is such a metric, or nothing.
func metricName(name string) (string, error) {
	var names []string
	for _, m := range metric.Default().Metrics {
		if m.Name == name {
			return name, nil
		}
		names = append(names, m.Name)
	}
	if name != "" {
		return "", fmt.Errorf("is unknown: choose %s", strings.Join(names, ", "))
	}
	return "", nil
}

// oneKind returns the name of one of the kinds, or nothing.
func oneKind(kinds []workload.Kind) func(string) (string, error) {
	return func(s string) (string, error) {
		var names []string
		for _, k := range kinds {
			names = append(names, k.Name)
		}
		if s != "" && !slices.Contains(names, s) {
			return "", fmt.Errorf("is none of the kinds that are models: choose %s", strings.Join(names, ", "))
		}
		return s, nil
	}
}

// edge reads a moment at which one window of the period ends and the next one begins.
func edge(period time.Duration) func(string) (time.Time, error) {
	return func(s string) (time.Time, error) {
		if s == "" {
			return time.Time{}, errors.New("is missing: write 2026-01-31T10:00:00Z, 2026-01-31 or seconds since 1970")
		}
		t, err := moment(s)
		if err != nil || period == 0 { // no period: told already
			return t, err
		}
		if w := window.Containing(t, period); !t.Equal(w.Start) {
			return t, fmt.Errorf("is no window's end: choose %s or %s", w.Start.Format(time.RFC3339), w.End.Format(time.RFC3339))
		}
		return t, nil
	}
}

// moment reads a time as Prometheus' own tools do, or a date, whose day begins in UTC.
func moment(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return sensible(t.UTC())
		}
	}
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(seconds) {
		return time.Time{}, errors.New("is not a time: write 2026-01-31T10:00:00Z, 2026-01-31 or seconds since 1970")
	}
	whole, part := math.Modf(min(max(seconds, -1), math.MaxUint32))
	return sensible(time.Unix(int64(whole), int64(part*1e9)).UTC())
}

// sensible refuses what no Prometheus has, such as seconds that are really milliseconds.
func sensible(t time.Time) (time.Time, error) {
	if t.Unix() < 0 || t.Unix() >= math.MaxUint32 {
		return time.Time{}, errors.New("is out of range: choose a time from 1970 to 2106")
	}
	return t, nil
}

// orNothing reads what need not be given.
func orNothing[T any](read func(string) (T, error)) func(string) (T, error) {
	return func(s string) (T, error) {
		if s == "" {
			var none T
			return none, nil
		}
		return read(s)
	}
}
