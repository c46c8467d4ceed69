// Package pages serves the pages for people: which models there are and what they use. They are
// rendered here from templates, and need no scripts and no other host.
package pages

import (
	"bytes"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
)

// mostRequests are answered at once, as many as of scrapes.
const mostRequests = 40

// Config is what the pages show, and who is asked for it.
type Config struct {
	Version   string
	Grafana   string       // URL of a Grafana, "" for none
	Table     metric.Table // which metrics there are
	Clusters  bool         // models have the label cluster
	Upstreams []Upstream   // at least one
	Settings  []Setting
	Period    time.Duration
	Now       func() time.Time
	Log       *slog.Logger
}

// page is a row of the table of pages.
type page struct {
	path   string // a pattern of http.ServeMux
	title  string
	linked bool     // in the navigation
	file   string   // its template
	params []string // the query parameters that it takes, besides format
	show   func(*http.Request) (view, error)
}

// view is what one request for a page is answered with: as HTML, or as CSV or JSON where the
// page has these.
type view struct {
	title string // of the document, "" for the page's own
	body  any    // of the template
	csv   func(write func(cells ...string) error) error
	json  any
}

// table lists the pages, in the order of the navigation.
func (s *site) table() []page {
	all := []page{
		{path: "/{$}", title: "Models", linked: true, file: "models.html", params: modelsParams(), show: s.models},
		{path: "/model/{namespace}/{type}/{name}", file: "model.html", params: modelParams(), show: s.model},
		{path: "/config", title: "Settings", linked: true, file: "settings.html", show: s.settings},
	}
	if slices.ContainsFunc(s.upstreams, func(u *upstream) bool { return u.Doctor != nil }) {
		all = append(all, page{path: "/doctor", title: "Doctor", linked: true, file: "doctor.html", params: s.doctorParams(), show: s.doctor})
	}
	return all
}

// site is the pages.
type site struct {
	Config
	charts    []chart
	templates map[string]*template.Template // by file
	style     asset
	icon      asset
	slots     chan struct{}
	upstreams []*upstream
}

// New returns a handler of all pages.
func New(cfg Config) (http.Handler, error) {
	s := &site{Config: cfg, charts: chartsOf(cfg.Table), slots: make(chan struct{}, mostRequests)}
	for _, u := range cfg.Upstreams {
		s.upstreams = append(s.upstreams, newUpstream(u))
	}
	var err error
	if s.templates, err = parse(append(s.table(), page{file: errorFile})); err != nil {
		return nil, err
	}
	s.style, s.icon = newAsset("style.css", "text/css; charset=utf-8"), newAsset("icon.svg", "image/svg+xml")
	mux := http.NewServeMux()
	for _, p := range s.table() {
		mux.Handle("GET "+p.path, s.handler(p))
	}
	mux.Handle("GET /style.css", s.style)
	mux.Handle("GET /icon.svg", s.icon)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &failure{http.StatusNotFound, "There is no such page", "The exporter has no page of this address.", "Choose one of those in the navigation."})
	})
	return guarded(mux), nil
}

// guarded sets the headers that hold for every answer.
func guarded(h http.Handler) http.Handler {
	const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy": policy,
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
			"Cache-Control":           "no-store",
		} {
			w.Header().Set(name, value)
		}
		h.ServeHTTP(w, r)
	})
}

// handler answers requests for a page.
func (s *site) handler(p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		default:
			s.fail(w, r, &failure{http.StatusServiceUnavailable, "Too many requests", "Many pages are being answered at this moment.", "Try again in a moment."})
			return
		}
		as, err := formatOf(r, p.params)
		var v view
		if err == nil {
			v, err = p.show(r)
		}
		if err == nil {
			err = s.answer(w, r, p, v, as)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// answer writes a view in a format. An error is returned only if nothing is written yet.
func (s *site) answer(w http.ResponseWriter, r *http.Request, p page, v view, as format) error {
	switch {
	case as == asCSV && v.csv != nil:
		s.writeCSV(w, v.csv)
	case as == asJSON && v.json != nil:
		s.writeJSON(w, v.json)
	case as != asHTML:
		return badParameter("format", string(as), "this page is HTML only")
	default:
		var out bytes.Buffer // whole, so that a failure is not half a page
		if err := s.templates[p.file].Execute(&out, s.layout(r, p, v)); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = out.WriteTo(w) // the browser has left
	}
	return nil
}
