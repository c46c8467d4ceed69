package cli

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/doctor"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/pages"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// newPages returns the pages for people.
func (s *service) newPages() (http.Handler, error) {
	cfg := pages.Config{
		Version:  version.Version,
		Grafana:  s.GrafanaURL,
		Table:    metric.Default(),
		Clusters: s.pipelines[0].Clusters(),
		Settings: s.effective(),
		Period:   s.Period,
		Now:      time.Now,
		Log:      s.log,
	}
	for _, p := range s.pipelines {
		u, err := p.page(s.board)
		if err != nil {
			return nil, err
		}
		cfg.Upstreams = append(cfg.Upstreams, u)
	}
	return pages.New(cfg)
}

// page returns what the pages show of the pipeline, and whom they ask.
func (p *pipeline) page(board *exposition.Board) (pages.Upstream, error) {
	recorded, err := p.recorded(p.client)
	if err != nil {
		return pages.Upstream{}, err
	}
	u := pages.Upstream{
		Name:    p.Upstream,
		Labeled: p.ClusterLabel != "",
		State:   func() pages.State { return p.state(p.loop.Status(), p.downsampler.Fetcher.LastTransport()) },
		Averages: func() *ledger.Averages {
			for _, page := range board.Pages() {
				if a := page.Averages(); a.Upstream == p.Upstream {
					return a
				}
			}
			return nil
		},
		Recorded: recorded,
		Explain: func(ctx context.Context, w window.Window, m workload.Model) (*ledger.Explanation, error) {
			x, err := p.downsampler.Explain(ctx, w, m)
			return x, p.advise(ctx, err)
		},
		SettleDelay: p.SettleDelay,
	}
	if p.DoctorPage {
		cfg, err := p.session.doctor(p.client, p.downsampler)
		if err != nil {
			return u, err
		}
		u.Doctor = doctor.NewShared(cfg)
	}
	return u, nil
}

// effective returns the settings, as a page shows them.
func (s *session) effective() []pages.Setting {
	var all []pages.Setting
	for _, e := range s.Effective() {
		all = append(all, pages.Setting{Group: e.Group, Flag: e.Flag, Env: e.Env, Value: e.Value, Origin: e.Origin, Help: e.Help})
	}
	return all
}

// recorded says where past windows are stored: where they are delivered to, or where the
// exporter is scraped from, which is the Prometheus that is read.
func (s *session) recorded(client *promapi.Client) (pages.Recorded, error) {
	if s.RemoteWrite.Receiver.URL == nil {
		return pages.Recorded{API: advisedRanger{client, config.Upstream, s}, Timestamps: s.Timestamps}, nil
	}
	delivered, err := s.delivered()
	if err != nil {
		return pages.Recorded{}, err
	}
	var match promapi.Selector
	for _, name := range slices.Sorted(maps.Keys(s.RemoteWrite.Labels)) {
		match = append(match, promapi.Matcher{Type: promapi.MatchEqual, Name: name, Value: s.RemoteWrite.Labels[name]})
	}
	return pages.Recorded{API: advisedRanger{delivered, config.Delivered, s}, Delivered: true, Match: match, Timestamps: s.Timestamps}, nil
}

// state returns what the pages say of the exporter.
func (s *session) state(status schedule.Status, transport fetch.Transport) pages.State {
	st := pages.State{
		Upstream:  s.Prometheus.Redacted(),
		Transport: string(transport),
		Period:    model.Duration(s.Period).String(),
		Kinds:     s.KindNames(),
		Next:      status.Next,
		Error:     status.Error,
		ErrorTime: status.ErrorTime,
	}
	if !s.Shard.Whole() {
		st.Shard = s.Shard.String()
	}
	if r := s.RemoteWrite.Receiver; r.URL != nil {
		st.Receiver = r.Redacted()
		st.Missing, st.OldestMissing = status.Missing, status.OldestMissing
		st.DeliveryError, st.DeliveryErrorTime = status.DeliveryError, status.DeliveryErrorTime
	}
	return st
}
