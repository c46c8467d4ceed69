package prom

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
	"time"

	"github.com/grafana/regexp"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/features"
	"github.com/prometheus/prometheus/util/notifications"
	v1 "github.com/prometheus/prometheus/web/api/v1"
)

// Version is that of the Prometheus in process. Its module calls 3.16.0 v0.316.0.
const Version = "3.16.0"

// newAPI returns Prometheus' own HTTP API over the server's parts. Its constructor takes
// everything that Prometheus has; what this server lacks (rules, alerting, a web UI) is empty.
func newAPI(s *Server, o Options, reg *prometheus.Registry, p parser.Parser) *v1.API {
	started := time.Now()
	return v1.NewAPI(
		s.engine,
		s.db,
		s.db,
		s.db,
		func(context.Context) v1.ScrapePoolsRetriever { return s.scraper.manager },
		func(context.Context) v1.TargetRetriever { return s.scraper.manager },
		func(context.Context) v1.AlertmanagerRetriever { return nothing{} },
		func() config.Config { return *s.scraper.config },
		map[string]string{}, // flags
		v1.GlobalURLOptions{ListenAddress: o.Address, Host: o.Address, Scheme: "http"},
		func(f http.HandlerFunc) http.HandlerFunc { return f }, // ready from the start
		adminStats{DB: s.db, stats: s.stats},
		o.Dir,
		false, // admin API
		false, // search API
		0,     // search limit
		o.Log,
		func(context.Context) v1.RulesRetriever { return nothing{} },
		5e7,                      // remote read: samples
		10,                       // remote read: concurrency
		1<<20,                    // remote read: bytes in a frame
		false,                    // without a local TSDB
		regexp.MustCompile(".*"), // CORS origin
		func() (v1.RuntimeInfo, error) {
			return v1.RuntimeInfo{
				StartTime: started, ServerTime: time.Now(), ReloadConfigSuccess: true, LastConfigTime: started,
				GoroutineCount: runtime.NumGoroutine(), GOMAXPROCS: runtime.GOMAXPROCS(0),
			}, nil
		},
		&v1.PrometheusVersion{Version: Version, GoVersion: runtime.Version()},
		func() []notifications.Notification { return nil },
		func() (<-chan notifications.Notification, func(), bool) { return nil, func() {}, false },
		reg,
		reg,
		nil,  // the default statistics
		true, // remote write receiver
		remoteapi.MessageTypes{remoteapi.WriteV1MessageType, remoteapi.WriteV2MessageType},
		false, false, false, // OTLP
		o.Lookback,
		false, // type and unit labels
		false, // metadata
		nil,   // error codes
		features.NewRegistry(),
		v1.OpenAPIOptions{Version: Version},
		p,
		false, // query cost
		o.Timeout,
	)
}

// adminStats gives the TSDB the methods that Prometheus' main package adds to it.
type adminStats struct {
	*tsdb.DB
	stats *tsdb.DBStats
}

func (a adminStats) Stats(statsByLabelName string, limit int) (*tsdb.Stats, error) {
	return a.Head().Stats(statsByLabelName, limit), nil
}

func (a adminStats) WALReplayStatus() (tsdb.WALReplayStatus, error) {
	return a.stats.Head.WALReplayStatus.GetWALReplayStatus(), nil
}

func (a adminStats) BlockMetas() ([]tsdb.BlockMeta, error) { return a.DB.BlockMetas(), nil }

// nothing has no rules and no alerting.
type nothing struct{}

func (nothing) RuleGroups() []*rules.Group           { return nil }
func (nothing) AlertingRules() []*rules.AlertingRule { return nil }
func (nothing) Alertmanagers() []*url.URL            { return nil }
func (nothing) DroppedAlertmanagers() []*url.URL     { return nil }
