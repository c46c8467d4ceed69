package cli

import (
	"net/http"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/pages"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/schedule"
)

// pages returns the pages for people.
func (s *session) pages(board *exposition.Board, loop *schedule.Loop, downsampler *downsample.Downsampler) (http.Handler, error) {
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
		Now: time.Now,
		Log: s.log,
	})
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
