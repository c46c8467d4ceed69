package measure

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// rowID tells the lives of one container apart. Where the id is missing, the runtime's name of
// the container stands for it, or the id that another row of that name has. One target has one
// container of a name in one pod at a time: where both are missing, the target stands for it.
type rowID struct {
	cgroup   string // or the runtime's name, empty where both labels are missing
	instance string // only where they are
}

func (r rowID) String() string {
	return cmp.Or(r.cgroup, r.instance)
}

func (r rowID) compare(o rowID) int {
	return cmp.Or(cmp.Compare(r.cgroup, o.cgroup), cmp.Compare(r.instance, o.instance))
}

func idOf(l promapi.Labels, idLabel string, named map[string]string) rowID {
	if idLabel != "" {
		if id := cmp.Or(l.Get(idLabel), named[l.Get("name")], l.Get("name")); id != "" {
			return rowID{cgroup: id}
		}
	}
	return rowID{instance: l.Get("instance")}
}

// named returns the ids of rows by their names, of those that have both.
func named(series []promapi.Series, idLabel string) map[string]string {
	out := map[string]string{}
	for _, s := range series {
		if id, name := s.Labels.Get(idLabel), s.Labels.Get("name"); id != "" && name != "" {
			out[name] = id
		}
	}
	return out
}

// podCgroup matches the pod's uid in a cgroup's path; systemd's driver writes it with underscores.
var podCgroup = regexp.MustCompile(`pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})`)

// uid returns the uid of the pod that the cgroup belongs to, empty where its path has none.
func (r rowID) uid() string {
	if m := podCgroup.FindStringSubmatch(r.cgroup); m != nil {
		return strings.ReplaceAll(m[1], "_", "-")
	}
	return ""
}

// row is one series of a container.
type row struct {
	id      rowID
	uid     string // of the pod, as the id has it
	target  timeline.Target
	all     []promapi.Sample
	samples []promapi.Sample // of these, those that count for what is asked about
}

// first and last return when a row was seen, beyond all times where it was not.
func first(s []promapi.Sample) int64 {
	if len(s) == 0 {
		return 1<<63 - 1
	}
	return s[0].T
}

func last(s []promapi.Sample) int64 {
	if len(s) == 0 {
		return -1 << 63
	}
	return s[len(s)-1].T
}

// Within returns the samples of the span; they are in order.
func Within(samples []promapi.Sample, s timeline.Span) []promapi.Sample {
	from, _ := slices.BinarySearchFunc(samples, s.From, compareTime)
	to, _ := slices.BinarySearchFunc(samples, s.To, compareTime)
	return samples[from:max(from, to)]
}

func compareTime(s promapi.Sample, t int64) int { return cmp.Compare(s.T, t) }

// usage is one pod's rows of one source.
type usage struct {
	source  int
	metrics []int              // that the source shows, by their places in the table
	rows    map[string]*rowSet // of each container
	nodes   *nodes             // that show rows which do not say whose they are
	targets *timeline.Targets  // those that show the pod
}

func (m Measurer) newUsage(source int, series []promapi.Series) *usage {
	from := m.Table.Sources[source]
	u := &usage{source: source, metrics: m.Table.Of(from.Name), rows: map[string]*rowSet{}}
	var targets []timeline.Target
	ids := named(series, from.IDLabel)
	for _, s := range series {
		at, _, ok := m.Table.Show(s.Labels.Get("__name__"), func(name string) string { return inventory.Label(s.Labels, name) })
		if !ok || len(s.Samples) == 0 {
			continue
		}
		r := row{id: idOf(s.Labels, from.IDLabel, ids), target: m.Inventory.Target(s.Labels, from), all: s.Samples, samples: s.Samples}
		r.uid = r.id.uid()
		if !slices.Contains(targets, r.target) {
			targets = append(targets, r.target)
		}
		container := inventory.Label(s.Labels, "container")
		if u.rows[container] == nil {
			u.rows[container] = &rowSet{byUID: map[string][][]row{}, nameless: make([]byTime, len(u.metrics))}
		}
		u.rows[container].add(r, slices.Index(u.metrics, at), len(u.metrics))
	}
	u.targets = m.Inventory.Targets[source].Only(targets...)
	for _, rows := range u.rows {
		rows.complete(u, m.Inventory.Span)
	}
	u.nodes = m.newNodes(u)
	return u
}

// rowSet are the rows of all containers of one name.
type rowSet struct {
	byUID    map[string][][]row // of those that say whose they are, by the pod's uid and by metric
	nameless []byTime           // the others, by metric
	withID   timeline.Spans     // when targets were scraped that show rows with an id
	repeats  []row              // one for each target, of what others show with an id
}

func (s *rowSet) add(r row, metric, metrics int) {
	if r.uid == "" {
		s.nameless[metric].rows = append(s.nameless[metric].rows, r)
		return
	}
	if s.byUID[r.uid] == nil {
		s.byUID[r.uid] = make([][]row, metrics)
	}
	s.byUID[r.uid][metric] = append(s.byUID[r.uid][metric], r)
}

// complete is called when all rows are there.
func (s *rowSet) complete(u *usage, span timeline.Span) {
	for n := range s.nameless {
		s.nameless[n].sort()
	}
	if s.withID = u.scrapedWithID(span, s); len(s.withID) == 0 {
		return
	}
	at := map[timeline.Target]int{}
	for _, b := range s.nameless {
		for _, r := range b.rows {
			if r.id.cgroup != "" {
				continue
			}
			i, ok := at[r.target]
			if !ok {
				i = len(s.repeats)
				at[r.target] = i
				s.repeats = append(s.repeats, row{target: r.target})
			}
			s.repeats[i].all = append(s.repeats[i].all, r.all...)
		}
	}
	for _, r := range s.repeats {
		slices.SortFunc(r.all, func(a, b promapi.Sample) int { return cmp.Compare(a.T, b.T) })
	}
	slices.SortFunc(s.repeats, func(a, b row) int { return a.target.Compare(b.target) })
}

// every returns all rows.
func (s *rowSet) every() []row {
	var out []row
	for _, b := range s.nameless {
		out = append(out, b.rows...)
	}
	for _, uid := range slices.Sorted(maps.Keys(s.byUID)) {
		out = append(out, slices.Concat(s.byUID[uid]...)...)
	}
	return out
}

// of returns the rows of one metric that may be a pod's: those of its uid, and those without one
// that were seen in a span.
func (s *rowSet) of(uid string, metric int, in timeline.Span) []row {
	out := s.nameless[metric].in(in)
	if uid != "" {
		if rows := s.byUID[uid]; rows != nil {
			out = append(out, rows[metric]...)
		}
		return out
	}
	for _, uid := range slices.Sorted(maps.Keys(s.byUID)) {
		out = append(out, s.byUID[uid][metric]...)
	}
	return out
}

// byTime are rows in the order in which they were first seen.
type byTime struct {
	rows  []row
	until []int64 // when the rows up to each were last seen
}

func (b *byTime) sort() {
	slices.SortStableFunc(b.rows, func(x, y row) int { return cmp.Compare(x.all[0].T, y.all[0].T) })
	until := last(nil)
	for _, r := range b.rows {
		until = max(until, last(r.all))
		b.until = append(b.until, until)
	}
}

// in returns the rows that were there in a span, its end included.
func (b *byTime) in(s timeline.Span) []row {
	from, _ := slices.BinarySearch(b.until, s.From)
	to, _ := slices.BinarySearchFunc(b.rows, s.To+1, func(r row, t int64) int { return cmp.Compare(r.all[0].T, t) })
	var out []row
	for _, r := range b.rows[from:max(from, to)] {
		if last(r.all) >= s.From {
			out = append(out, r)
		}
	}
	return out
}

// nestedIn says whether the id is of a cgroup below one of the others'.
func (r rowID) nestedIn(cgroups map[string]bool) bool {
	for at, c := range r.cgroup {
		if c == '/' && at > 0 && cgroups[r.cgroup[:at]] {
			return true
		}
	}
	return false
}

// merged joins what several targets show of one cgroup: the one with the most samples, and
// the others' where that has a hole. Of two series of one target, which two Prometheus have
// scraped, both say when the cgroup was first and last seen: the target's scrapes are those
// of both.
func merged(rows []row, interval int64) (samples []promapi.Sample, repeated []row) {
	if len(rows) == 0 {
		return nil, nil
	}
	rows = slices.SortedStableFunc(slices.Values(rows), func(a, b row) int {
		return cmp.Or(len(b.samples)-len(a.samples), a.target.Compare(b.target))
	})
	samples = rows[0].samples
	for _, r := range rows[1:] {
		var filling []promapi.Sample
		for _, x := range r.samples {
			i, _ := slices.BinarySearchFunc(samples, x.T, compareTime)
			var hole int64
			switch i {
			case 0:
				hole = 2 * (samples[0].T - x.T)
			case len(samples):
				hole = 2 * (x.T - samples[i-1].T)
			default:
				hole = samples[i].T - samples[i-1].T
			}
			edge := (i == 0 || i == len(samples)) && hole > 0 && r.target == rows[0].target
			if hole > outage(interval) || edge {
				filling = append(filling, x)
			}
		}
		if n := len(r.samples) - len(filling); n > 0 {
			repeated = append(repeated, row{id: r.id, target: r.target, samples: r.samples[:n]})
		}
		if len(filling) > 0 {
			samples = slices.Concat(samples, filling)
			slices.SortFunc(samples, func(a, b promapi.Sample) int { return cmp.Compare(a.T, b.T) })
		}
	}
	return samples, repeated
}
