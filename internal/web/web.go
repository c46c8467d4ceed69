// Package web is the server: of the metrics, the health checks, and the pages for people.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Config is what is served.
type Config struct {
	Metrics http.Handler
	Ready   func() bool
	Pages   func() http.Handler // for people, nil for a few links only; called for each request

	Lifecycle func() bool // whether Reload may be called by HTTP
	Reload    func(context.Context) error
	Log       *slog.Logger
}

// NewServer returns a server. Timeouts bound slow clients, and their number and
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
	mux.HandleFunc("GET /-/reload", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		switch pages := cfg.Pages(); {
		case pages != nil:
			pages.ServeHTTP(w, r)
		case r.URL.Path == "/":
			links(w)
		default:
			http.NotFound(w, r)
		}
	})
	return mux
}

// links is the first page where there are no others. It says nothing of the models.
func links(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	fmt.Fprint(w, `<!DOCTYPE html>
<html lang="en">
<title>Seldon Prometheus Exporter</title>
<h1>Seldon Prometheus Exporter</h1>
<ul>
<li><a href="metrics">/metrics</a>: the averages and the exporter's own metrics, for Prometheus to scrape</li>
<li><a href="-/healthy">/-/healthy</a>: whether the exporter runs</li>
<li><a href="-/ready">/-/ready</a>: whether it has computed a window yet</li>
</ul>
`)
}

func healthy(w http.ResponseWriter, _ *http.Request) { plain(w, "Healthy.") }

func plain(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, text)
}
