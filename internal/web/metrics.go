package web

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
)

// mostScrapes are answered at once, as many as by Prometheus' own exporters.
const mostScrapes = 40

// metrics answers a scrape as promhttp would, with less work: the page is encoded and
// compressed once, not once per scrape.
type metrics struct {
	board   *exposition.Board
	own     http.Handler  // the exporter's own metrics, uncompressed
	slots   chan struct{} // one for each scrape that is being answered
	errors  prometheus.Counter
	log     *slog.Logger
	answers sync.Pool // of *answer
}

// Metrics serves what the board shows and the exporter's own metrics, in the format and encoding
// that the scraper prefers. No metric in own may have the name of one on the board. Metrics about
// scrapes are registered on reg.
func Metrics(own prometheus.Gatherer, reg prometheus.Registerer, board *exposition.Board, log *slog.Logger) http.Handler {
	// promhttp finds this counter registered and uses it.
	failures := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "promhttp_metric_handler_errors_total",
		Help: "Total number of internal errors encountered by the promhttp metric handler.",
	}, []string{"cause"})
	opts := promhttp.HandlerOpts{AcceptedFormats: exposition.Formats(), DisableCompression: true, Registry: reg, ErrorLog: printer{log}}
	return &metrics{
		board:   board,
		own:     promhttp.HandlerFor(own, opts),
		slots:   make(chan struct{}, mostScrapes),
		errors:  failures.WithLabelValues("encoding"),
		log:     log,
		answers: sync.Pool{New: func() any { return new(answer) }},
	}
}

func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
	default:
		http.Error(w, fmt.Sprintf("%d scrapes are being answered: try again later.", mostScrapes), http.StatusServiceUnavailable)
		return
	}
	form := exposition.FormOf(expfmt.NegotiateAccept(r.Header, exposition.Formats()...), contentEncoding(r.Header))
	names, filtered := r.URL.Query()["name[]"] // promhttp's filter
	if filtered {
		form.Encoding = exposition.Identity // a compressed page cannot be taken apart
	}
	a := m.answers.Get().(*answer)
	defer m.answers.Put(a)
	if a.ask(m.own, w.Header(), r); a.status != http.StatusOK {
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body.Bytes()) // the error is counted and logged already
		return
	}
	head, err := m.board.Head(form)
	if filtered {
		head = head.Only(names)
	}
	if err == nil {
		err = head.AppendTail(&a.tail, a.body.Bytes())
	}
	if err != nil {
		m.failed(err)
		http.Error(w, "The metrics could not be encoded: the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Add("Vary", "Accept-Encoding")
	if form.Encoding != exposition.Identity {
		w.Header().Set("Content-Encoding", string(form.Encoding))
	}
	w.Header().Set("Content-Length", strconv.Itoa(head.Len()+a.tail.Len()))
	if _, err := head.WriteTo(w); err != nil {
		m.failed(err)
	} else if _, err := w.Write(a.tail.Bytes()); err != nil {
		m.failed(err)
	}
}

func (m *metrics) failed(err error) {
	m.errors.Inc()
	m.log.Error("Scrape failed", "err", err)
}

// answer holds promhttp's answer for the exporter's own metrics, as an http.ResponseWriter, and
// the tail that is made of it.
type answer struct {
	header     http.Header
	status     int
	body, tail bytes.Buffer
}

// ask resets the answer and lets h write it. Headers go to header.
func (a *answer) ask(h http.Handler, header http.Header, r *http.Request) {
	a.header, a.status = header, http.StatusOK
	a.body.Reset()
	a.tail.Reset()
	h.ServeHTTP(a, r)
	a.header = nil
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// printer logs what promhttp prints.
type printer struct{ log *slog.Logger }

func (p printer) Println(v ...any) { p.log.Error("Scrape failed", "err", fmt.Sprint(v...)) }
