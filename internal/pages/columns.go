package pages

import (
	"cmp"
	"slices"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
)

// entry is a model of the list, or a namespace with the sums of so many models.
type entry struct {
	*ledger.Model
	count int
	key   metric.Value // that it is sorted by
}

// column is a way to order the list.
type column struct {
	key, title string
	down       bool                  // the largest comes first at the first click
	shown      bool                  // it has a heading of its own
	wide       bool                  // it has bars
	text       func(*entry) string   // either this
	value      func(*entry) quantity // or this
}

// columns lists the columns of the list of models, or of namespaces.
func (s *site) columns(by string) []column {
	names := []column{
		{key: "name", title: "Model", shown: true, text: func(e *entry) string { return e.Name }},
		{key: "namespace", title: "Namespace", shown: true, text: func(e *entry) string { return e.Namespace }},
		{key: "type", title: "Type", shown: true, text: func(e *entry) string { return e.Type }},
	}
	if by == byNamespace {
		names = []column{names[1], {key: "models", title: "Models", shown: true, down: true, value: func(e *entry) quantity {
			return quantity{V: float64(e.count), OK: true}
		}}}
	}
	if s.Clusters {
		names = append(names, column{key: "cluster", title: "Cluster", shown: true, text: func(e *entry) string { return e.Cluster }})
	}
	for _, c := range s.charts {
		names = append(names, column{key: c.Key, title: c.Name, down: true, shown: true, wide: c.Bounds, value: func(e *entry) quantity { return c.of(e.Values, metric.Used) }})
		if c.Bounds {
			names = append(names, column{key: c.Key + "-of-request", title: c.Name + ", share of the request", down: true, value: func(e *entry) quantity {
				return share(c.of(e.Values, metric.Used), c.of(e.Values, metric.Requested))
			}})
		}
	}
	return names
}

// sort orders entries by a column. What is unknown comes last in either direction, and what is
// equal stays in the order of the models.
func (c column) sort(rows []entry, down bool) {
	sign := 1
	if down {
		sign = -1
	}
	if c.text != nil {
		slices.SortStableFunc(rows, func(a, b entry) int { return sign * cmp.Compare(c.text(&a), c.text(&b)) })
		return
	}
	for i := range rows {
		key := c.value(&rows[i])
		rows[i].key = metric.Value{V: key.V, OK: key.OK}
	}
	slices.SortStableFunc(rows, func(a, b entry) int {
		if a.key.OK != b.key.OK {
			if a.key.OK {
				return -1
			}
			return 1
		}
		return sign * cmp.Compare(a.key.V, b.key.V)
	})
}

// heading is a column's heading, which sorts by it.
type heading struct {
	Key, Title, Href string
	Number, Wide     bool
	Sorted           string // ascending or descending, "" if it is not sorted by this
}

func (s *site) headings(f filter) []heading {
	var all []heading
	for _, c := range s.columns(f.By) {
		if !c.shown {
			continue
		}
		h := heading{Key: c.key, Title: c.title, Number: c.text == nil, Wide: c.wide}
		down := c.down
		if f.Sort == c.key {
			h.Sorted, down = "ascending", !f.Down
			if f.Down {
				h.Sorted = "descending"
			}
		}
		h.Href = with(f.values(), "sort", filter{Sort: c.key, Down: down}.key())
		all = append(all, h)
	}
	return all
}

// choice is an option of a form.
type choice struct {
	Value, Text string
	Chosen      bool
}

func (s *site) choices(f filter) []choice {
	all := []choice{{"", "Preset order", f.Sort == ""}}
	for _, c := range s.columns(f.By) {
		key := filter{Sort: c.key, Down: c.down}.key()
		text := c.title
		if c.down {
			text += ", largest first"
		}
		all = append(all, choice{key, text, f.Sort == c.key && f.Down == c.down})
		if f.Sort == c.key && f.Down != c.down {
			all = append(all, choice{f.key(), c.title + ", reversed", true})
		}
	}
	return all
}
