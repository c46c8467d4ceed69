package pages

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/explain"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// historyCSV writes what the plots show: a row for each window, by its end.
func (s *site) historyCSV(h *history) func(write func(cells ...string) error) error {
	return func(write func(cells ...string) error) error {
		if err := write(append([]string{"window_end"}, s.Table.Names()...)...); err != nil {
			return err
		}
		for _, p := range h.points {
			cells := []string{p.end.Format(time.RFC3339)}
			for i, v := range p.values {
				cells = append(cells, quantity{v.V, v.OK, s.Table.Metrics[i].Unit}.Exact())
			}
			if err := write(cells...); err != nil {
				return err
			}
		}
		return nil
	}
}

// modelDocument is a model's page in JSON. A value that is not known is null.
type modelDocument struct {
	Model       modelName                `json:"model"`
	State       stateDocument            `json:"state"`
	Values      map[string]valueDocument `json:"values"`
	History     []map[string]any         `json:"history"`
	Problem     string                   `json:"problem,omitempty"`
	Explanation jsontext.Value           `json:"explanation,omitempty"`
}

type modelName struct {
	Cluster   string `json:"cluster,omitempty"`
	Namespace string `json:"namespace"`
	Type      string `json:"type"`
	Name      string `json:"name"`
}

type valueDocument struct {
	Value    *float64 `json:"value"`
	Bound    *float64 `json:"bound"`
	Unit     string   `json:"unit"`
	Coverage float64  `json:"coverage"`
}

func nameOf(m workload.Model) modelName { return modelName{m.Cluster, m.Namespace, m.Type, m.Name} }

func (s *site) modelDocument(p modelPage, h *history, a *ledger.Averages, m *ledger.Model) modelDocument {
	d := modelDocument{Model: nameOf(p.Model), State: p.Status[0].document(), Values: map[string]valueDocument{}, History: []map[string]any{}, Problem: p.Problem}
	if m != nil {
		for i, of := range s.Table.Metrics {
			v := valueDocument{Unit: of.Unit, Coverage: a.CoverageOf(of.Source)}
			if m.Values[i].OK {
				v.Value = &m.Values[i].V
				if i < len(m.Bounds) {
					v.Bound = &m.Bounds[i]
				}
			}
			d.Values[of.Name] = v
		}
	}
	for _, point := range h.points {
		row := map[string]any{"end": point.end.Format(time.RFC3339)}
		for i, v := range point.values {
			row[s.Table.Metrics[i].Name] = nil
			if v.OK {
				row[s.Table.Metrics[i].Name] = v.V
			}
		}
		d.History = append(d.History, row)
	}
	if x := p.Why.Explanation; x != nil {
		var text bytes.Buffer
		if err := explain.JSON(&text, x, ""); err == nil {
			d.Explanation = text.Bytes()
		}
	}
	return d
}
