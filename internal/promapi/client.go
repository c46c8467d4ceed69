// Package promapi is a Prometheus-compatible API: queries and remote read, with
// authentication, retries, limits, and the kinds of failure.
package promapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/backoff"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/httpclient"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/instrument"
)

const (
	attempts      = 3                // of one request, where trying again can help
	longestWait   = 10 * time.Second // a longer Retry-After is left to the caller
	errorBodySize = 4 << 10          // of a refusal, read for its text
)

// Config is what a Client needs to know.
type Config struct {
	URL            *url.URL // without /api/v1; its query values are sent with each request
	HTTP           promconfig.HTTPClientConfig
	Timeout        time.Duration // for one request, on both sides
	MaxAnswerBytes int64         // an answer that is longer fails
	Compress       bool          // ask for answers in gzip
	Engine         string        // Auto, or the name of one; "" is a Prometheus
	UserAgent      string
	Log            *slog.Logger
}

// Client asks one Prometheus, or whatever speaks its API.
type Client struct {
	cfg      Config
	http     *http.Client
	secrets  []secret    // of the settings
	useGet   atomic.Bool // a proxy refused POST
	requests *prometheus.CounterVec
	samples  prometheus.Counter
	clock    atomic.Pointer[reading]
	received atomic.Int64 // bytes of answers
	engine   *recognized
	stores   stores
}

// Received returns how many bytes the answers so far took on the way.
func (c *Client) Received() int64 { return c.received.Load() }

// reading is what the server's clock showed at a moment of ours.
type reading struct{ server, here time.Time }

// ServerNow returns what the server's clock shows, as its last answer has it and the time
// since that was measured, and whether there was one. It is exact to a second.
func (c *Client) ServerNow() (time.Time, bool) {
	r := c.clock.Load()
	if r == nil {
		return time.Time{}, false
	}
	return r.server.Add(time.Since(r.here)), true
}

// New returns a client whose own metrics are registered on reg. Clients there share them.
func New(cfg Config, reg prometheus.Registerer) (*Client, error) {
	client, err := httpclient.New(cfg.HTTP, "upstream", cfg.UserAgent)
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg:     cfg,
		http:    client,
		secrets: secretsOf(cfg),
		engine:  newRecognized(cfg.Engine),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seldon_exporter_upstream_requests_total",
			Help: "Requests to the upstream Prometheus, by HTTP status code, or by what went wrong where there was no answer.",
		}, []string{"code"}),
		samples: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "seldon_exporter_upstream_samples_read_total",
			Help: "Samples in the upstream Prometheus' answers.",
		}),
	}
	var errs [3]error
	c.requests, errs[0] = instrument.Register(reg, c.requests)
	c.samples, errs[1] = instrument.Register(reg, c.samples)
	c.engine.info, errs[2] = instrument.Register(reg, c.engine.info)
	if c.engine.known {
		c.engine.show()
	}
	return c, errors.Join(errs[:]...)
}

// exchange is a request, and what to make of what comes back.
type exchange interface {
	request(ctx context.Context) (*http.Request, error)
	read(resp *http.Response, content io.Reader) error // an answer with status 200
	refused(r refusal) Kind                            // any other
	final() bool                                       // it must not be sent again
}

// retry asks until there is an answer, or a failure that asking again would not change.
func (c *Client) retry(ctx context.Context, x exchange) error {
	waits := backoff.Policy{First: 500 * time.Millisecond, Longest: longestWait, RetryAfter: longestWait}
	for attempt := 1; ; attempt++ {
		err := c.try(ctx, x)
		if err == nil || attempt == attempts || ctx.Err() != nil || !transient(err) || x.final() || RetryAfterOf(err) > longestWait {
			c.engine.doubt(err)
			return err
		}
		pause := waits.Wait(attempt, RetryAfterOf(err))
		c.cfg.Log.Debug("Query failed, trying again", "err", err, "attempt", attempt, "wait", pause)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

func transient(err error) bool {
	switch KindOf(err) {
	case Unreachable, Throttled, Unavailable:
		return true
	}
	return false
}

// try sends one request.
func (c *Client) try(ctx context.Context, x exchange) error {
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.Timeout, errNoTime)
	defer cancel()
	req, err := x.request(ctx)
	if err != nil {
		return &Error{Kind: Rejected, Err: err}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		failure := c.noAnswer(ctx, err, time.Since(began))
		c.requests.WithLabelValues(string(failure.Kind)).Inc()
		return failure.without(c.secrets)
	}
	defer resp.Body.Close()
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.clock.Store(&reading{at, time.Now()})
	}
	c.requests.WithLabelValues(strconv.Itoa(resp.StatusCode)).Inc()
	content := &body{resp: resp, left: c.cfg.MaxAnswerBytes, limit: c.cfg.MaxAnswerBytes}
	defer func() { c.received.Add(content.received) }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(content, errorBodySize))
		return c.refused(x, resp, text)
	}
	err = x.read(resp, content)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*callerError](err); ok {
		return e.err
	}
	failure := unusable(err)
	if content.broken != nil {
		failure = c.noAnswer(ctx, content.broken, time.Since(began))
	}
	return failure.without(append(secretsIn(resp.Request), c.secrets...))
}

// endpoint returns the URL of a part of the API.
func (c *Client) endpoint(name string) *url.URL {
	u := *c.cfg.URL
	u.User = nil // it is in cfg.HTTP
	return u.JoinPath("api/v1", name)
}
