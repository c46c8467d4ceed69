package promapi

import (
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
)

// MatchType is how a matcher compares a label's value with its own.
type MatchType int

// The ways to compare, in the order that remote read numbers them.
const (
	MatchEqual MatchType = iota
	MatchNotEqual
	MatchRegexp
	MatchNotRegexp
)

func (t MatchType) String() string { return [...]string{"=", "!=", "=~", "!~"}[t] }

// Matcher is a condition on one label.
type Matcher struct {
	Type        MatchType
	Name, Value string
}

// Selector selects the series that meet all of its conditions.
type Selector []Matcher

// String returns the selector in PromQL. A label name that was not allowed before
// Prometheus 3 is quoted, as Prometheus 3 reads it.
func (s Selector) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		if model.LegacyValidation.IsValidLabelName(m.Name) {
			b.WriteString(m.Name)
		} else {
			b.WriteString(strconv.Quote(m.Name))
		}
		b.WriteString(m.Type.String())
		b.WriteString(strconv.Quote(m.Value))
	}
	b.WriteByte('}')
	return b.String()
}
