package pages

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// byNamespace is the value of the parameter by that shows namespaces.
const byNamespace = "namespace"

// filter is what the parameters of the first page ask for.
type filter struct {
	Text, Namespace, Type string
	By                    string // byNamespace, or "" for models
	Sort                  string // a column's key, "" for the preset order
	Down                  bool
	Page                  int // from 1
	lower                 string
}

func modelsParams() []string { return []string{"q", "namespace", "type", "by", "sort", "page"} }

// longestText may be searched for: no name is longer.
const longestText = 253

func (s *site) filterOf(query url.Values) (filter, error) {
	f := filter{Text: strings.TrimSpace(query.Get("q")), Namespace: query.Get("namespace"), Type: query.Get("type"), By: query.Get("by"), Page: 1}
	f.lower = strings.ToLower(f.Text)
	for _, name := range []string{"q", "namespace", "type"} {
		if len(query.Get(name)) > longestText {
			return f, badParameter(name, query.Get(name), fmt.Sprintf("is too long: a name has %d characters at most", longestText))
		}
	}
	if f.By != "" && f.By != byNamespace {
		return f, badParameter("by", f.By, "is unknown: choose "+byNamespace+", or leave it out")
	}
	if key := query.Get("sort"); key != "" {
		f.Sort, f.Down = strings.CutPrefix(key, "-")
		var keys []string
		for _, c := range s.columns(f.By) {
			keys = append(keys, c.key)
		}
		if !slices.Contains(keys, f.Sort) {
			return f, badParameter("sort", key, "is unknown: choose "+strings.Join(keys, ", ")+", with a - before it for the largest first")
		}
	}
	if page := query.Get("page"); page != "" {
		n, err := strconv.Atoi(page)
		if err != nil || n < 1 {
			return f, badParameter("page", page, "is not the number of a page: choose 1 or more")
		}
		f.Page = n
	}
	return f, nil
}

// selects says whether a model is shown.
func (f filter) selects(m workload.Model) bool {
	return (f.Namespace == "" || f.Namespace == m.Namespace) && (f.Type == "" || f.Type == m.Type) &&
		(f.lower == "" || holds(m, f.lower))
}

// Any says whether anything is filtered.
func (f filter) Any() bool { return f.Text != "" || f.Namespace != "" || f.Type != "" }

// values returns the parameters again, but for the page: each change shows the first one.
func (f filter) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"q": f.Text, "namespace": f.Namespace, "type": f.Type, "by": f.By, "sort": f.key()} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

func (f filter) without(name string) url.Values {
	v := f.values()
	v.Del(name)
	return v
}

func (f filter) key() string {
	if f.Down {
		return "-" + f.Sort
	}
	return f.Sort
}

// pager leads to the other pages of a list.
type pager struct {
	from, to       int // of the rows, from 0
	First, Last    int // of the rows, from 1
	Rows           int
	Page, Pages    int
	Previous, Next string // "" for none
}

func newPager(f filter, rows int) (pager, error) {
	p := pager{Rows: rows, Page: f.Page, Pages: max(1, (rows+perPage-1)/perPage)}
	if f.Page > p.Pages {
		return p, badParameter("page", strconv.Itoa(f.Page), fmt.Sprintf("is not there: choose 1 to %d", p.Pages))
	}
	p.from, p.to = (f.Page-1)*perPage, min(f.Page*perPage, rows)
	p.First, p.Last = min(p.from+1, rows), p.to
	if f.Page > 1 {
		p.Previous = with(f.values(), "page", strconv.Itoa(f.Page-1))
	}
	if f.Page < p.Pages {
		p.Next = with(f.values(), "page", strconv.Itoa(f.Page+1))
	}
	return p, nil
}
