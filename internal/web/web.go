// Package web serves the pages: the metrics, the health checks, and a status page.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Config is the content of the pages.
type Config struct {
	Metrics http.Handler
	Ready   func() bool
	Landing func() Landing // called for each request

	Lifecycle func() bool // whether Reload may be called by HTTP
	Reload    func(context.Context) error
	Log       *slog.Logger
}

// NewServer returns a server for the pages. Timeouts bound slow clients, and their number and
// what each may send bound the memory that they take.
func NewServer(cfg Config) *http.Server {
	return &http.Server{
		Handler:           handler(cfg),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       5 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 16, MaxReadFrameSize: 16 << 10,
			MaxReceiveBufferPerConnection: 64 << 10, MaxReceiveBufferPerStream: 16 << 10,
		},
		ConnState: newConnections(mostConnections).changed,
		ErrorLog:  slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
	}
}

func handler(cfg Config) http.Handler {
	// A GET pattern also serves HEAD. The mux answers 405 for other methods.
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", cfg.Metrics)
	mux.HandleFunc("GET /-/healthy", healthy)
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) {
		if !cfg.Ready() {
			http.Error(w, "Not ready: no window has been computed yet. The log and / say why.", http.StatusServiceUnavailable)
			return
		}
		plain(w, "Ready.")
	})
	mux.Handle("POST /-/reload", http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !cfg.Lifecycle() {
			http.Error(w, "Not allowed: set --web.enable-lifecycle, or send SIGHUP to the exporter.", http.StatusForbidden)
			return
		}
		if err := cfg.Reload(r.Context()); err != nil {
			http.Error(w, "The settings before stay: "+err.Error(), http.StatusInternalServerError)
			return
		}
		plain(w, "Reloaded.")
	})))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		page, err := cfg.Landing().render()
		if err != nil {
			cfg.Log.Error("Landing page failed", "err", err)
			http.Error(w, "The page could not be rendered: the log says why.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprint(w, page)
	})
	return mux
}

func healthy(w http.ResponseWriter, _ *http.Request) { plain(w, "Healthy.") }

func plain(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, text)
}
