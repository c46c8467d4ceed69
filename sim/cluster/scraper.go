package cluster

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Samples returns what a Prometheus stored of a history between two offsets.
func Samples(h *History, origin time.Time, from, to time.Duration) []Series {
	return NewScraper(h, origin, from).Scrape(to)
}

// Scraper is the Prometheus that watches a history, so that time can go on: each call
// of Scrape returns the samples since the one before.
type Scraper struct {
	origin  int64 // ms
	now     time.Duration
	outages Spans
	feeds   []*feed
	stored  []*stored
	index   map[string]*stored // by labels, while the feeds are being made
}

// stored is a series on its way out. Targets whose labels do not tell them apart share
// one, as they do in a Prometheus.
type stored struct {
	Series
	feeds int
}

// NewScraper returns a Prometheus that starts at an offset from origin.
func NewScraper(h *History, origin time.Time, from time.Duration) *Scraper {
	s := &Scraper{
		origin:  origin.UnixMilli(),
		now:     from,
		outages: Union(h.Outages...),
		index:   make(map[string]*stored),
	}
	w := newWatch(h)
	for i := range h.KSMs {
		k := &h.KSMs[i]
		s.add(w.ksms[i], k.target(), k.rows(h), h.NoUp)
	}
	onNode := make(map[nodeKey][]*Pod)
	for i := range h.Pods {
		p := &h.Pods[i]
		key := nodeKey{p.Cluster, p.Node}
		onNode[key] = append(onNode[key], p)
	}
	for i := range h.Nodes {
		n := &h.Nodes[i]
		key := nodeKey{n.Cluster, n.Name}
		for j, g := range w.kubelets[key].usage {
			k := &h.Kubelets[j]
			s.add(g, k.target(n), k.rows(n, onNode[key]), h.NoUp)
		}
	}
	for i := range h.Forgers {
		f := &h.Forgers[i]
		s.add(newTarget(f.Schedule, Always(), h.Outages), f.target(), f.rows(), h.NoUp)
	}
	s.index = nil
	return s
}

// add adds a target with its rows and its up series.
func (s *Scraper) add(g target, labels []Label, rows []row, noUp bool) {
	f := &feed{target: g, outages: s.outages, last: s.now}
	streams := make(map[*stored]*stream)
	put := func(r row) *stream {
		out := s.find(r.labels)
		st := streams[out]
		if st == nil {
			st = &stream{out: out, lastT: -1 << 62}
			streams[out] = st
			f.streams = append(f.streams, st)
			out.feeds++
		}
		st.rows = append(st.rows, r)
		return st
	}
	if !noUp {
		up := answer{target: labels}
		up.add(g.life, stamps{}, constant(1), "up")
		for _, r := range up.rows {
			put(r).up = true
		}
	}
	for _, r := range rows {
		put(r)
	}
	s.feeds = append(s.feeds, f)
}

// find returns the stored series of some labels.
func (s *Scraper) find(labels []Label) *stored {
	var key strings.Builder
	for _, l := range labels {
		key.WriteString(l.Name)
		key.WriteByte(0xff)
		key.WriteString(l.Value)
		key.WriteByte(0xff)
	}
	out := s.index[key.String()]
	if out == nil {
		out = &stored{Series: Series{Labels: labels}}
		s.index[key.String()] = out
		s.stored = append(s.stored, out)
	}
	return out
}

// Scrape returns what is stored from where the last call ended until an offset, that
// one excluded. A series comes again in a later call, with its later samples.
func (s *Scraper) Scrape(until time.Duration) []Series {
	for _, f := range s.feeds {
		events := f.events(s.now, until)
		for _, st := range f.streams {
			st.write(s.origin, events)
		}
	}
	s.now = max(s.now, until)
	var out []Series
	for _, st := range s.stored {
		if len(st.Samples) == 0 {
			continue
		}
		if st.feeds > 1 {
			st.Samples = inOrder(st.Samples)
		}
		out = append(out, st.Series)
		st.Samples = nil
	}
	return out
}

// inOrder sorts the samples of several targets; the first at a moment is the one stored.
func inOrder(samples []Sample) []Sample {
	slices.SortStableFunc(samples, func(a, b Sample) int { return cmp.Compare(a.T, b.T) })
	return slices.CompactFunc(samples, func(a, b Sample) bool { return a.T == b.T })
}
