package pages

import (
	"context"
	"net/http"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/inventory"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

const (
	explainLimit     = time.Minute
	mostExplanations = 16 // are kept
	mostTerms        = 500
)

// Explainer explains a model's values of a window.
type Explainer func(context.Context, window.Window, workload.Model) (*ledger.Explanation, error)

// why is what a model's values are made of, or how to have that shown.
type why struct {
	Possible bool // there are values to explain
	Href     string
	Hide     string
	Problem  string
	*ledger.Explanation
	Values []explained
}

// explained is one metric's explanation.
type explained struct {
	ledger.Value
	Sum   quantity
	Off   quantity // the bound
	Pods  []explainedPod
	Edges int
	More  int // containers that are not listed
}

// explainedPod is the containers of one pod.
type explainedPod struct {
	Name  inventory.PodName
	Terms []term
}

type term struct {
	ledger.Term
	Mean, Share quantity
	Unseen      bool
}

// explanationKey is what an explanation is of.
type explanationKey struct {
	model workload.Model
	end   int64 // of the window, in ms
}

// why asks what a model's values are made of, if that is asked for: once for each window.
func (s *site) why(r *http.Request, u *upstream, a *ledger.Averages, m *ledger.Model, asked bool) why {
	w := why{Possible: m != nil, Href: with(r.URL.Query(), "explain", "1") + "#why", Hide: with(r.URL.Query(), "explain", "")}
	if !asked || m == nil {
		return w
	}
	x, err := u.explanation(r.Context(), a.Window, m.Model)
	if err != nil {
		w.Problem = err.Error()
		return w
	}
	w.Explanation = x
	for _, v := range x.Values {
		w.Values = append(w.Values, explainedOf(v))
	}
	return w
}

func (u *upstream) explanation(ctx context.Context, w window.Window, m workload.Model) (*ledger.Explanation, error) {
	return u.explanations.get(ctx, explainLimit, explanationKey{m, w.End.UnixMilli()}, func(ctx context.Context) (*ledger.Explanation, error) {
		return u.Upstream.Explain(ctx, w, m)
	})
}

func explainedOf(v ledger.Value) explained {
	e := explained{Value: v, Sum: quantity{v.V, v.OK, v.Unit}, Off: quantity{v.Bound, true, v.Unit}}
	for i, t := range v.Terms {
		e.Edges += t.Changes
		if i >= mostTerms {
			e.More++
			continue
		}
		if n := len(e.Pods); n == 0 || e.Pods[n-1].Name != t.Pod {
			e.Pods = append(e.Pods, explainedPod{Name: t.Pod})
		}
		pod := &e.Pods[len(e.Pods)-1]
		unseen := t.Seen == 0 && t.Lived > 0
		pod.Terms = append(pod.Terms, term{t, quantity{t.Mean, !unseen, v.Unit}, quantity{t.Share, true, v.Unit}, unseen})
	}
	return e
}

// Of returns the explanation of a metric, nil if there is none.
func (w why) Of(m metric.Metric) *explained {
	for i := range w.Values {
		if w.Values[i].Name == m.Name {
			return &w.Values[i]
		}
	}
	return nil
}
