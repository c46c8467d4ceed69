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
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/pages"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// pages returns the pages for people. The client is of the Prometheus that is read.
func (s *session) pages(client *promapi.Client, board *exposition.Board, loop *schedule.Loop, downsampler *downsample.Downsampler) (http.Handler, error) {
	recorded, err := s.recorded(client)
	if err != nil {
		return nil, err
	}
	var checks pages.Doctor
	if s.DoctorPage {
		cfg, err := s.doctor(client, downsampler)
		if err != nil {
			return nil, err
		}
		checks = doctor.NewShared(cfg)
	}
	return pages.New(pages.Config{
		Version:  version.Version,
		Grafana:  s.GrafanaURL,
		Table:    downsampler.Table,
		Clusters: s.ClusterLabel != "",
		State:    func() pages.State { return s.state(loop.Status(), downsampler.Fetcher.LastTransport()) },
		Averages: func() *ledger.Averages {
			if page := board.Page(); page != nil {
				return page.Averages()
			}
			return nil
		},
		Settings: s.effective(),
		Recorded: recorded,
		Explain: func(ctx context.Context, w window.Window, m workload.Model) (*ledger.Explanation, error) {
			x, err := downsampler.Explain(ctx, w, m)
			return x, s.advise(ctx, err)
		},
		Doctor:      checks,
		Period:      s.Period,
		SettleDelay: s.SettleDelay,
		Now:         time.Now,
		Log:         s.log,
	})
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
