package pages

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// perPage is how many rows a page shows.
const perPage = 50

// modelsPage is the content of the first page.
type modelsPage struct {
	Status   status
	Filter   filter
	Clusters bool
	Columns  []heading
	Choices  []choice // of the order, for screens without headings
	Views    []link   // by model, by namespace
	Total    total    // of what is shown, on all of its pages
	Rows     []row
	Pager    pager

	Namespaces []string // to choose from, nil if they are too many
	Types      []string
	Models     int // all, whatever the filter
}

// row is a model, or a namespace with the sum of its models.
type row struct {
	workload.Model
	Href   string // "" if there is no such page
	Count  int    // models
	Usages []usage
}

// total is the sum of all rows.
type total struct {
	Models, Namespaces int
	Usages             []usage
}

// models answers for the first page.
func (s *site) models(r *http.Request) (view, error) {
	f, err := s.filterOf(r.URL.Query())
	if err != nil {
		return view{}, err
	}
	p := modelsPage{Filter: f, Clusters: s.Clusters}
	var served []*ledger.Averages
	for _, u := range s.upstreams {
		averages := u.Averages()
		p.Status = append(p.Status, u.status(averages))
		if averages != nil {
			served = append(served, averages)
		}
	}
	listing := s.list(served, f)
	p.Models, p.Total, p.Namespaces, p.Types = listing.models, listing.total, listing.namespaces, listing.types
	if p.Pager, err = newPager(f, len(listing.rows)); err != nil {
		return view{}, err
	}
	for i := p.Pager.from; i < p.Pager.to; i++ {
		p.Rows = append(p.Rows, listing.row(&listing.rows[i], root(r)))
	}
	p.Columns, p.Choices = s.headings(f), s.choices(f)
	p.Views = []link{
		{with(f.values(), "by", ""), "Models", f.By == ""},
		{with(f.without("sort"), "by", byNamespace), "Namespaces", f.By == byNamespace},
	}
	return view{body: p, csv: listing.csv, json: listing.document(p.Status)}, nil
}

// modelHref returns the address of a model's page, or "" if a browser would not find it.
func modelHref(root string, m workload.Model) string {
	path := root + "model"
	for _, part := range []string{m.Namespace, m.Type, m.Name} {
		if part == "" || part == "." || part == ".." {
			return ""
		}
		path += "/" + url.PathEscape(part)
	}
	if m.Cluster != "" {
		path += "?" + url.Values{"cluster": {m.Cluster}}.Encode()
	}
	return path
}

// holds says whether a text is in one of a model's labels. Both are compared in lower case.
func holds(m workload.Model, lower string) bool {
	for _, text := range []string{m.Name, m.Namespace, m.Type, m.Cluster} {
		if strings.Contains(strings.ToLower(text), lower) {
			return true
		}
	}
	return false
}
