package exposition

import (
	"iter"
	"slices"
	"sync"

	dto "github.com/prometheus/client_model/go"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// DuplicateModels counts the models of an upstream that are left out. It is there if upstreams
// have names.
const DuplicateModels = "seldon_exporter_duplicate_models"

// selection is the pages that are shown together. It is immutable.
type selection struct {
	of    []*Page // as they were published
	pages []*Page // without models that an earlier one has
	heads heads
	twice duplicate // one of these models, zero if there is none
}

// duplicate is a model that two upstreams have.
type duplicate struct {
	workload.Model
	first, second string
}

func newSelection(pages []*Page) *selection {
	s := &selection{of: pages, pages: pages}
	switch len(pages) {
	case 0:
	case 1:
		s.heads = pages[0].heads
	default:
		s.pages, s.twice = distinct(pages)
		s.heads = newHeads(families(s.pages))
	}
	return s
}

// distinct returns pages without the models that an earlier one has, and the first of these.
func distinct(pages []*Page) (out []*Page, first duplicate) {
	shared, in := map[string]bool{}, map[string]*Page{}
	for _, p := range pages {
		for i := range p.averages.Models {
			cluster := p.averages.Models[i].Cluster
			if other := in[cluster]; other != nil && other != p {
				shared[cluster] = true
			}
			in[cluster] = p
		}
	}
	if len(shared) == 0 {
		return pages, duplicate{}
	}
	has := map[workload.Model]*Page{} // those of shared clusters
	for _, p := range pages {
		models := slices.DeleteFunc(slices.Clone(p.averages.Models), func(m ledger.Model) bool {
			if !shared[m.Cluster] {
				return false
			}
			other := has[m.Model]
			if other == nil {
				has[m.Model] = p
				return false
			}
			if first == (duplicate{}) {
				first = duplicate{m.Model, other.averages.Upstream, p.averages.Upstream}
			}
			return true
		})
		if n := len(p.averages.Models) - len(models); n > 0 {
			a := *p.averages
			a.Models = models
			p = newPage(&a, p.Expires, p.timestamp)
			p.leftOut = n
		}
		out = append(out, p)
	}
	return out, first
}

// heads are the encodings of what some pages show, each made when it is first asked for.
type heads map[Form]func() (Head, error)

func newHeads(families iter.Seq[*dto.MetricFamily]) heads {
	all := heads{}
	var encoding sync.Mutex // one form at a time: each takes many times the memory of the averages
	for _, form := range forms() {
		all[form] = sync.OnceValues(func() (Head, error) {
			encoding.Lock()
			defer encoding.Unlock()
			return encode(families, form)
		})
	}
	return all
}

// families yields the metric families of pages one by one, each with the rows of all pages: all
// families together would be many times the size of the averages.
func families(pages []*Page) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		for f := range modelFamilies(pages) {
			if len(f.Metric) > 0 && !yield(f) {
				return
			}
		}
		for _, f := range windowFamilies(pages) {
			if len(f.Metric) > 0 && !yield(f) {
				return
			}
		}
	}
}
