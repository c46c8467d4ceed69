package metric

import "slices"

// Reads returns the series that are read of a source for some pods: those of its metrics,
// and of the first source those that say when containers run. Those of init containers are
// apart, for few pods have any that count.
func (t Table) Reads(source string, init bool) []Series {
	var out []Series
	if source == t.Sources[0].Name {
		running := Series{Name: ContainerRunning, Match: []Match{{Label: "resource", Values: []string{""}}}}
		if init {
			running.Name = InitRunning
		}
		out = append(out, running)
	}
	for _, i := range t.Of(source) {
		for _, s := range t.Metrics[i].Series {
			if s.Init == init {
				out = append(out, s)
			}
		}
	}
	return out
}

// Together returns what selects all of the series at once, and perhaps some more: their
// names, and what they all say of a label.
func Together(all []Series) (names []string, match []Match) {
	for _, s := range all {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	for _, m := range all[0].Match {
		union := Match{Label: m.Label, Not: m.Not}
		in := 0
		for _, s := range all {
			if i := slices.IndexFunc(s.Match, func(x Match) bool { return x.Label == m.Label && x.Not == m.Not }); i >= 0 {
				in++
				union.Values = append(union.Values, s.Match[i].Values...)
			}
		}
		if in == len(all) && !(m.Not && len(union.Values) != in*len(m.Values)) {
			match = append(match, union)
		}
	}
	return names, match
}
