package cluster

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is a line of a target's answer: one set of labels, there for one time.
type row struct {
	labels  []Label
	visible Span
	at      func(time.Duration) float64
	stamps  stamps
}

// stamps are the timestamps that a row brings along, if it does: those of the kubelet's
// housekeeping, which looks at each cgroup at moments of its own.
type stamps struct {
	cgroup uint64 // which of them; 0: there are none, the scrape's time is used
	alive  Span   // nothing is stamped outside
}

// Real rows are 7 s old in the median when they are scraped, 16 s at the 95th percentile and
// 20 s at most, and the last one of a container lies 8 to 17 s before its end. Its first one is
// of its start, when it has done nothing yet.
const (
	housekeeping = 15 * time.Second // on average
	jitter       = 5 * time.Second  // between a shortest and a longest time from look to look
	oldest       = housekeeping + jitter
	firstLook    = 200 * time.Millisecond // after a container's start
	lastLook     = 8 * time.Second
	lastLooks    = 17 * time.Second // the earliest of last looks
)

// of returns the stamp that a scrape at t sees, if there is one already.
func (s stamps) of(t time.Duration) (time.Duration, bool) {
	if s.cgroup == 0 {
		return t, true
	}
	n := int64(t/housekeeping) + 1
	for s.look(n) > min(t, s.alive.To-lastLook) {
		n--
	}
	at := s.look(n)
	if last := s.alive.To - lastLooks; t >= last {
		at = max(at, last)
	}
	if first := s.alive.From + firstLook; t >= first && first < s.alive.To {
		at = max(at, first)
	}
	return at, at >= s.alive.From
}

// look returns the moment of the n-th look at a cgroup.
func (s stamps) look(n int64) time.Duration {
	off := s.cgroup%uint64(housekeeping/time.Millisecond) + hash(strconv.FormatUint(s.cgroup, 16), strconv.FormatInt(n, 10))%uint64(jitter/time.Millisecond)
	return time.Duration(n)*housekeeping + time.Duration(off)*time.Millisecond
}

// answer collects the rows of one target.
type answer struct {
	target []Label // the target's own labels
	honor  bool    // a scraped label wins over the target's of that name
	drop   []string
	rows   []row
}

// add adds a row; pairs are its scraped labels' names and values.
func (a *answer) add(visible Span, st stamps, at func(time.Duration) float64, name string, pairs ...string) {
	if visible.Length() == 0 {
		return
	}
	labels := make([]Label, 0, 1+len(pairs)/2+len(a.target))
	labels = append(labels, Label{"__name__", name})
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" || slices.Contains(a.drop, pairs[i]) {
			continue // an empty label is none
		}
		labels = append(labels, Label{pairs[i], pairs[i+1]})
	}
	a.rows = append(a.rows, row{labels: a.merge(labels), visible: visible, at: at, stamps: st})
}

// merge adds the target's labels as Prometheus does: where both have one, honor_labels
// keeps the scraped one, otherwise that one becomes exported_.
func (a *answer) merge(labels []Label) []Label {
	scraped := len(labels)
	for _, own := range a.target {
		i := slices.IndexFunc(labels[:scraped], func(l Label) bool { return l.Name == own.Name })
		switch {
		case i < 0:
			labels = append(labels, own)
		case !a.honor:
			labels[i].Name = "exported_" + own.Name
			labels = append(labels, own)
		}
	}
	slices.SortFunc(labels, func(x, y Label) int { return cmp.Compare(x.Name, y.Name) })
	return labels
}

// sourceLabels returns the labels of a target: job and instance, and what else is set.
func sourceLabels(job, instance string, more ...Label) []Label {
	out := []Label{{"job", job}, {"instance", instance}}
	for _, l := range more {
		if l.Value != "" {
			out = append(out, l)
		}
	}
	return out
}

// labelName renders a pod label's name as kube-state-metrics does.
func labelName(key string) string {
	return "label_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, key)
}

func constant(v float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return v }
}

// during is 1 in the spans and 0 outside.
func during(spans Spans) func(time.Duration) float64 {
	return func(t time.Duration) float64 {
		if spans.Hold(t) {
			return 1
		}
		return 0
	}
}
