package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
)

// sourceFlags defines which targets belong to a source.
func sourceFlags(f Flags) Check {
	sources := metric.Default().Sources
	matching := make([]*setting, len(sources))
	for i, s := range sources {
		env := "SOURCE_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
		matching[i] = f.add("source."+s.Name, env, "<matchers>",
			"Targets whose "+s.Name+` series count, as matchers of their own labels, separated by commas, such as namespace=~"monitoring|infra". The default is targets with series that only such a target has, which are not in a namespace of models' pods.`)
	}
	within(ofSome, matching...)
	return func(c *checker, cfg *Config) {
		cfg.Sources = map[string]func(func(string) string) bool{}
		for i, s := range matching {
			if is := parse(c, s, orNothing(matchers)); is != nil {
				cfg.Sources[sources[i].Name] = is
			}
		}
	}
}

// matcher is one label matcher in PromQL's syntax.
var matcher = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")\s*(?:,|$)`)

// matchers reads the label matchers of a PromQL selector, with or without braces.
func matchers(s string) (func(label func(string) string) bool, error) {
	const remedy = `write job="kube-state-metrics",namespace=~"monitoring|infra"`
	rest := strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(rest, "{"); ok {
		rest = strings.TrimSuffix(inner, "}")
	}
	var all []func(func(string) string) bool
	for strings.TrimSpace(rest) != "" {
		m := matcher.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("cannot be used: %q is not a label matcher: %s", rest, remedy)
		}
		rest = rest[len(m[0]):]
		value, err := strconv.Unquote(m[3])
		if err != nil {
			return nil, fmt.Errorf("cannot be used: %s is not quoted as PromQL does: %s", m[3], remedy)
		}
		pattern := regexp.QuoteMeta(value)
		if strings.HasSuffix(m[2], "~") {
			pattern = value
		}
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		if err != nil {
			return nil, fmt.Errorf("cannot be used: %q is not a regular expression: %s", value, remedy)
		}
		name, not := m[1], m[2][0] == '!'
		all = append(all, func(label func(string) string) bool { return re.MatchString(label(name)) != not })
	}
	if len(all) == 0 {
		return nil, errors.New("has no label matcher: " + remedy)
	}
	return func(label func(string) string) bool {
		for _, holds := range all {
			if !holds(label) {
				return false
			}
		}
		return true
	}, nil
}
