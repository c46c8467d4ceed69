package inventory

import (
	"regexp"
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// oneOf lists values literally, which a Prometheus looks up as a set.
func oneOf(label string, values []string) promapi.Matcher {
	return matcher(label, values, promapi.MatchEqual, promapi.MatchRegexp)
}

func noneOf(label string, values []string) promapi.Matcher {
	return matcher(label, values, promapi.MatchNotEqual, promapi.MatchNotRegexp)
}

func matcher(label string, values []string, one, several promapi.MatchType) promapi.Matcher {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	if len(values) == 1 {
		return promapi.Matcher{Type: one, Name: label, Value: values[0]}
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v) // names may hold dots
	}
	return promapi.Matcher{Type: several, Name: label, Value: strings.Join(quoted, "|")}
}
