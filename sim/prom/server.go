package prom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Options are what a server may be told. Only Dir is needed: the rest are Prometheus' own defaults.
type Options struct {
	Dir         string            // the TSDB directory; empty or with blocks
	Address     string            // default 127.0.0.1:0
	MaxSamples  int               // --query.max-samples
	Timeout     time.Duration     // --query.timeout
	Lookback    time.Duration     // --query.lookback-delta
	Concurrency int               // --query.max-concurrency
	OutOfOrder  time.Duration     // out_of_order_time_window
	Scrape      []Target          // scraped from the start
	External    map[string]string // external_labels, which a Thanos sidecar needs
	Index       http.Handler      // served at /, where Prometheus has its web UI
	Log         *slog.Logger
	XOR2        bool // chunks have the newer encoding (storage.tsdb.chunk_encoding)
}

// Server is the current Prometheus, in process.
type Server struct {
	url     *url.URL
	db      *tsdb.DB
	stats   *tsdb.DBStats
	queries *promql.ActiveQueryTracker
	engine  *promql.Engine
	scraper *scraper
	http    *http.Server
	answers sync.WaitGroup // that are being given
	served  chan error
}

// Start opens the TSDB and serves its query API.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	o = o.withDefaults()
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", o.Address)
	if err != nil {
		return nil, err
	}
	s := &Server{stats: tsdb.NewDBStats(), served: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, listener.Close(), s.closeStorage())
		}
	}()

	dbOptions := tsdb.DefaultOptions()
	dbOptions.RetentionDuration = 0 // for ever
	dbOptions.OutOfOrderTimeWindow = o.OutOfOrder.Milliseconds()
	if o.XOR2 {
		dbOptions.FloatChunkEncoding = chunkenc.EncXOR2
	}
	if s.db, err = tsdb.Open(o.Dir, o.Log, reg, dbOptions, s.stats); err != nil {
		return nil, fmt.Errorf("open TSDB in %s: %w", o.Dir, err)
	}
	// Blocks are read as they were written, also by another server that shares them.
	s.db.DisableCompactions()

	if s.queries, err = promql.NewActiveQueryTracker(o.Dir, o.Concurrency, o.Log); err != nil {
		return nil, err
	}
	promqlParser := parser.NewParser(parser.Options{})
	s.engine = promql.NewEngine(promql.EngineOpts{
		Logger: o.Log, Reg: reg, ActiveQueryTracker: s.queries,
		MaxSamples: o.MaxSamples, Timeout: o.Timeout, LookbackDelta: o.Lookback,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
		EnableAtModifier:         true, EnableNegativeOffset: true, EnablePerStepStats: true,
		Parser: promqlParser,
	})
	if s.scraper, err = newScraper(s.db, o.Scrape, o.External, reg, o.Log); err != nil {
		return nil, err
	}

	router := route.New()
	api := newAPI(s, o, reg, promqlParser)
	api.Register(router.WithPrefix("/api/v1"))
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", router)
	mux.Handle("/metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg}))
	mux.HandleFunc("/-/ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/-/healthy", func(http.ResponseWriter, *http.Request) {})
	if o.Index != nil {
		mux.Handle("/{$}", o.Index)
	}
	s.url = &url.URL{Scheme: "http", Host: listener.Addr().String()}
	s.http = &http.Server{Handler: s.counted(mux), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn)}
	go func() { s.served <- s.http.Serve(listener) }()
	s.scraper.start()
	return s, nil
}

// URL returns where the server answers.
func (s *Server) URL() *url.URL { return s.url }

// Append stores samples as if they had been scraped, while the server runs. They must
// be newer than what their series hold.
func (s *Server) Append(ctx context.Context, series []cluster.Series) error {
	return appendAll(ctx, s.db, series, inOrder)
}

// Insert stores samples that may be older than what their series hold, within OutOfOrder.
func (s *Server) Insert(ctx context.Context, series []cluster.Series) error {
	return appendAll(ctx, s.db, series, !inOrder)
}

// Close ends scraping and serving, and closes the TSDB.
func (s *Server) Close() error {
	s.scraper.stop()
	err := s.http.Close()
	s.answers.Wait() // the storage must not go before who reads it
	if serr := <-s.served; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return errors.Join(err, s.closeStorage())
}

// counted keeps count of the answers that are being given.
func (s *Server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.answers.Add(1)
		defer s.answers.Done()
		next.ServeHTTP(w, r)
	})
}

func (s *Server) closeStorage() error {
	var errs []error
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	} else if s.queries != nil {
		errs = append(errs, s.queries.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}

func (o Options) withDefaults() Options {
	setDefault(&o.Address, "127.0.0.1:0")
	setDefault(&o.MaxSamples, 50_000_000)
	setDefault(&o.Timeout, 2*time.Minute)
	setDefault(&o.Lookback, 5*time.Minute)
	setDefault(&o.Concurrency, 20)
	if o.Log == nil {
		o.Log = promslog.NewNopLogger()
	}
	return o
}

func setDefault[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}
