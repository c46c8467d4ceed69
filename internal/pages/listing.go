package pages

import (
	"iter"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// mostNamespaces are offered to choose from.
const mostNamespaces = 200

// listing is what a filter selects of the averages, in its order.
type listing struct {
	*site
	by         string
	models     int // all, whatever the filter
	rows       []entry
	total      total
	namespaces []string // of all models, nil if they are too many
	types      []string
}

// list selects and orders the rows.
func (s *site) list(served []*ledger.Averages, f filter) listing {
	l := listing{site: s, by: f.By}
	for _, a := range served {
		l.models += len(a.Models)
	}
	var entries []entry
	if f.By == "" {
		entries = make([]entry, 0, l.models)
	}
	sums := map[workload.Model]int{} // where each namespace's sum is in entries
	sum := make([]metric.Value, len(s.Table.Metrics))
	seen, namespaces := map[string]bool{}, 0
	for m := range modelsOf(served) {
		l.offer(seen, m.Model)
		if !f.selects(m.Model) {
			continue
		}
		l.total.Models++
		add(sum, m.Values)
		namespace := workload.Model{Cluster: m.Cluster, Namespace: m.Namespace}
		at, known := sums[namespace]
		if !known {
			namespaces++
			at = len(entries)
			sums[namespace] = at
		}
		switch {
		case f.By == "":
			entries = append(entries, entry{Model: m, count: 1})
		case known:
			entries[at].count++
			add(entries[at].Values, m.Values)
		default:
			entries = append(entries, entry{Model: &ledger.Model{Model: namespace, Values: slices.Clone(m.Values)}, count: 1})
		}
	}
	l.total.Namespaces, l.total.Usages = namespaces, s.usages(sum)
	l.rows = entries
	for _, c := range s.columns(f.By) {
		if c.key == f.Sort {
			c.sort(l.rows, f.Down)
		}
	}
	slices.Sort(l.types)
	if len(l.namespaces) > mostNamespaces {
		l.namespaces = nil
	}
	slices.Sort(l.namespaces)
	return l
}

// modelsOf yields the models of each averages in turn.
func modelsOf(all []*ledger.Averages) iter.Seq[*ledger.Model] {
	return func(yield func(*ledger.Model) bool) {
		for _, a := range all {
			for i := range a.Models {
				if !yield(&a.Models[i]) {
					return
				}
			}
		}
	}
}

// offer notes a model's namespace and type to choose from. Seen has both, under names that no
// other has.
func (l *listing) offer(seen map[string]bool, m workload.Model) {
	if !seen["type "+m.Type] {
		seen["type "+m.Type] = true
		l.types = append(l.types, m.Type)
	}
	if len(l.namespaces) <= mostNamespaces && !seen["namespace "+m.Namespace] {
		seen["namespace "+m.Namespace] = true
		l.namespaces = append(l.namespaces, m.Namespace)
	}
}

func add(to, values []metric.Value) {
	for i, v := range values {
		if v.OK {
			to[i] = metric.Value{V: to[i].V + v.V, OK: true}
		}
	}
}

func (s *site) usages(values []metric.Value) []usage {
	all := make([]usage, len(s.charts))
	for i, c := range s.charts {
		all[i] = c.usage(values)
	}
	return all
}

func (l listing) row(e *entry, root string) row {
	r := row{Model: e.Model.Model, Count: e.count, Usages: l.usages(e.Values)}
	if l.by == "" {
		r.Href = modelHref(root, e.Model.Model)
	}
	return r
}

// csv writes all rows, on whatever page.
func (l listing) csv(write func(cells ...string) error) error {
	var head []string
	for _, c := range l.identity() {
		head = append(head, c.name)
	}
	for _, m := range l.Table.Metrics {
		head = append(head, m.Name)
	}
	if err := write(head...); err != nil {
		return err
	}
	for i := range l.rows {
		e := &l.rows[i]
		cells := make([]string, 0, len(head))
		for _, c := range l.identity() {
			cells = append(cells, c.of(e))
		}
		for i, m := range l.Table.Metrics {
			v := metric.Value{}
			if i < len(e.Values) {
				v = e.Values[i]
			}
			cells = append(cells, quantity{v.V, v.OK, m.Unit}.Exact())
		}
		if err := write(cells...); err != nil {
			return err
		}
	}
	return nil
}

// cell is one of the texts that say what a row is of.
type cell struct {
	name string
	of   func(*entry) string
}

func (l listing) identity() []cell {
	var all []cell
	if l.Clusters {
		all = append(all, cell{"cluster", func(e *entry) string { return e.Cluster }})
	}
	all = append(all, cell{"namespace", func(e *entry) string { return e.Namespace }})
	if l.by == byNamespace {
		return append(all, cell{"models", func(e *entry) string { return strconv.Itoa(e.count) }})
	}
	return append(all, cell{"type", func(e *entry) string { return e.Type }}, cell{"name", func(e *entry) string { return e.Name }})
}

// document is the listing in JSON.
func (l listing) document(st status) any {
	rows := "models"
	if l.by == byNamespace {
		rows = "namespaces"
	}
	return stream(func(enc *jsontext.Encoder) error {
		return object(enc, []member{
			{"state", func() error { return json.MarshalEncode(enc, st.document()) }},
			{rows, func() error { return array(enc, len(l.rows), func(i int) error { return l.encode(enc, &l.rows[i]) }) }},
		})
	})
}

func (l listing) encode(enc *jsontext.Encoder, e *entry) error {
	var members []member
	for _, c := range l.identity() {
		token := jsontext.String(c.of(e))
		if c.name == "models" {
			token = jsontext.Int(int64(e.count))
		}
		members = append(members, member{c.name, func() error { return enc.WriteToken(token) }})
	}
	for i, m := range l.Table.Metrics {
		token := jsontext.Null
		if i < len(e.Values) && e.Values[i].OK {
			token = jsontext.Float(e.Values[i].V)
		}
		members = append(members, member{m.Name, func() error { return enc.WriteToken(token) }})
	}
	return object(enc, members)
}

// stream encodes itself piece by piece.
type stream func(*jsontext.Encoder) error

// MarshalJSONTo is called by package json.
func (s stream) MarshalJSONTo(enc *jsontext.Encoder) error { return s(enc) }

type member struct {
	name  string
	value func() error
}

func object(enc *jsontext.Encoder, members []member) error {
	if err := enc.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range members {
		if err := enc.WriteToken(jsontext.String(m.name)); err != nil {
			return err
		}
		if err := m.value(); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndObject)
}

func array(enc *jsontext.Encoder, n int, value func(int) error) error {
	if err := enc.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	for i := range n {
		if err := value(i); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndArray)
}
