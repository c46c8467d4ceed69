package downsample

import "slices"

// span is the half-open time [from, to), in milliseconds since the Unix epoch.
type span struct{ from, to int64 }

// spans are disjoint, sorted, and none of them is empty.
type spans []span

// newSpans sorts and joins what it is given.
func newSpans(all ...span) spans {
	slices.SortFunc(all, func(a, b span) int { return int(min(1, max(-1, a.from-b.from))) })
	var out spans
	for _, s := range all {
		out = out.extended(s)
	}
	return out
}

// extended adds a span that begins no earlier than the others.
func (s spans) extended(by span) spans {
	switch last := len(s) - 1; {
	case by.from >= by.to:
	case last >= 0 && by.from <= s[last].to:
		s[last].to = max(s[last].to, by.to)
	default:
		return append(s, by)
	}
	return s
}

func (s spans) union(o spans) spans {
	return newSpans(slices.Concat(s, o)...)
}

func (s spans) intersect(o spans) spans {
	var out spans
	for i, j := 0, 0; i < len(s) && j < len(o); {
		if both := (span{max(s[i].from, o[j].from), min(s[i].to, o[j].to)}); both.from < both.to {
			out = append(out, both)
		}
		if s[i].to < o[j].to {
			i++
		} else {
			j++
		}
	}
	return out
}

// complement returns what of whole s leaves out.
func (s spans) complement(whole span) spans {
	var out spans
	from := whole.from
	for _, x := range s {
		if from < min(x.from, whole.to) {
			out = append(out, span{from, min(x.from, whole.to)})
		}
		from = max(from, x.to)
	}
	if from < whole.to {
		out = append(out, span{from, whole.to})
	}
	return out
}

// joined closes the gaps that are at most this long.
func (s spans) joined(gap int64) spans {
	var out spans
	for _, x := range s {
		if len(out) > 0 && x.from-out[len(out)-1].to <= gap {
			out[len(out)-1].to = x.to
			continue
		}
		out = append(out, x)
	}
	return out
}

// changes counts the spans' starts and ends within the whole.
func (s spans) changes(whole span) int {
	n := 0
	for _, x := range s {
		if x.from > whole.from {
			n++
		}
		if x.to < whole.to {
			n++
		}
	}
	return n
}

// length is in milliseconds.
func (s spans) length() int64 {
	var sum int64
	for _, x := range s {
		sum += x.to - x.from
	}
	return sum
}

// holds says whether one of the spans, its end included, holds all of [from, to].
func (s spans) holds(from, to int64) bool {
	i, _ := slices.BinarySearchFunc(s, from, func(x span, t int64) int {
		switch {
		case x.to < t:
			return -1
		case x.from > t:
			return 1
		}
		return 0
	})
	// Two spans may share the moment from: the one that starts there counts as well.
	for ; i < len(s) && s[i].from <= from; i++ {
		if to <= s[i].to {
			return true
		}
	}
	return false
}

// is says whether s is exactly one span.
func (s spans) is(whole span) bool { return len(s) == 1 && s[0] == whole }

// length is in milliseconds.
func (s span) length() int64 { return s.to - s.from }

// cut returns the parts of a span that are at most so long, or all of it where most is 0.
func (s span) cut(most int64) []span {
	if most <= 0 {
		return []span{s}
	}
	var out []span
	for ; s.length() > most; s.from += most {
		out = append(out, span{s.from, s.from + most})
	}
	return append(out, s)
}
