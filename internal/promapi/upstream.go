package promapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/httpclient"
)

const (
	attempts      = 3                      // of one query, where trying again can help
	firstBackoff  = 500 * time.Millisecond // doubled for each attempt
	longestWait   = 10 * time.Second       // a Retry-After beyond it fails the window, which is tried again later
	errorBodySize = 4 << 10                // of a refusal, read for its text
)

// Config is what a Client needs to know.
type Config struct {
	URL            *url.URL // without /api/v1; its query values are sent with each request
	HTTP           promconfig.HTTPClientConfig
	Timeout        time.Duration // for one query, on both sides
	MaxAnswerBytes int64         // an answer that is longer fails
	MaxSamples     int           // how many samples one query may hold
	Concurrency    int           // how many queries run at once
	Compress       bool          // ask for answers in gzip
	UserAgent      string
	Log            *slog.Logger
}

// Client asks one Prometheus, or whatever speaks its query API.
type Client struct {
	cfg      Config
	http     *http.Client
	slots    chan struct{}
	useGet   atomic.Bool // a proxy refused POST
	requests *prometheus.CounterVec
	samples  prometheus.Counter
	reg      prometheus.Registerer
	told     atomic.Bool // the upstream tells how many samples it read
}

// New returns a client whose own metrics are registered on reg.
func New(cfg Config, reg prometheus.Registerer) (*Client, error) {
	client, err := httpclient.New(cfg.HTTP, "upstream", cfg.UserAgent)
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg:   cfg,
		http:  client,
		slots: make(chan struct{}, max(1, cfg.Concurrency)),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seldon_exporter_upstream_requests_total",
			Help: "Requests to the upstream Prometheus, by HTTP status code, or by what went wrong where there was no answer.",
		}, []string{"code"}),
		samples: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "seldon_exporter_upstream_samples_read_total",
			Help: "Samples the upstream Prometheus says it read for this exporter's queries.",
		}),
		reg: reg,
	}
	return c, reg.Register(c.requests)
}

// MaxSamples returns how many samples one query may hold.
func (c *Client) MaxSamples() int { return c.cfg.MaxSamples }

// Instant evaluates expr at a moment.
func (c *Client) Instant(ctx context.Context, expr string, at time.Time) (*Answer, error) {
	return c.query(ctx, "query", url.Values{"query": {expr}, "time": {timestamp(at)}})
}

// Range evaluates expr at every step from start to end.
func (c *Client) Range(ctx context.Context, expr string, start, end time.Time, step time.Duration) (*Answer, error) {
	return c.query(ctx, "query_range", url.Values{
		"query": {expr},
		"start": {timestamp(start)},
		"end":   {timestamp(end)},
		"step":  {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

func timestamp(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

// query asks until there is an answer, or a failure that asking again would not mend.
func (c *Client) query(ctx context.Context, endpoint string, params url.Values) (*Answer, error) {
	params.Set("stats", "all")
	params.Set("timeout", strconv.FormatInt(c.cfg.Timeout.Milliseconds(), 10)+"ms")
	wait := firstBackoff
	for attempt := 1; ; attempt++ {
		answer, err := c.once(ctx, endpoint, params)
		if err == nil || attempt == attempts || ctx.Err() != nil || !transient(err) {
			return answer, err
		}
		pause := max(wait/2+rand.N(wait), RetryAfterOf(err))
		if pause > longestWait {
			return nil, err
		}
		wait *= 2
		c.cfg.Log.Debug("Query failed, trying again", "err", err, "attempt", attempt, "wait", pause)
		select {
		case <-ctx.Done():
			return nil, err
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

// once sends one request, when a slot is free.
func (c *Client) once(ctx context.Context, endpoint string, params url.Values) (*Answer, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, &Error{Kind: Timeout, Err: context.Cause(ctx)}
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()

	req, err := c.request(ctx, endpoint, params)
	if err != nil {
		return nil, &Error{Kind: Rejected, Err: err}
	}
	began := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		failure := c.noAnswer(ctx, err, time.Since(began))
		c.requests.WithLabelValues(string(failure.Kind)).Inc()
		return nil, failure
	}
	defer resp.Body.Close()
	c.requests.WithLabelValues(strconv.Itoa(resp.StatusCode)).Inc()
	if resp.StatusCode == http.StatusMethodNotAllowed && req.Method == http.MethodPost {
		c.useGet.Store(true)
		return nil, &Error{Kind: Unavailable, Status: resp.StatusCode, Err: errors.New("POST is refused, GET is tried")}
	}
	content := &body{resp: resp, left: c.cfg.MaxAnswerBytes, limit: c.cfg.MaxAnswerBytes}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(content, errorBodySize))
		return nil, c.refused(resp, text)
	}
	answer, err := decode(content)
	if err != nil {
		failure := c.undecodable(err)
		if content.broken != nil {
			failure = c.noAnswer(ctx, content.broken, time.Since(began))
		}
		if text := failure.Err.Error(); text != scrub(text, resp.Request, c.cfg.URL.Query()) {
			failure.Err = errors.New(scrub(text, resp.Request, c.cfg.URL.Query()))
		}
		return nil, failure
	}
	c.count(answer)
	c.cfg.Log.Debug("Query answered", "query", params.Get("query"), "duration", time.Since(began), "series", len(answer.Series), "samples_read", answer.Stats.SamplesRead)
	return answer, nil
}

func (c *Client) request(ctx context.Context, endpoint string, params url.Values) (*http.Request, error) {
	u := *c.cfg.URL
	u.User = nil // it is in cfg.HTTP
	u = *u.JoinPath("api/v1", endpoint)
	method, body := http.MethodPost, params.Encode()
	if c.useGet.Load() {
		method, u.RawQuery, body = http.MethodGet, strings.Trim(u.RawQuery+"&"+body, "&"), ""
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.cfg.Compress {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	return req, nil
}

// count adds an answer's cost to the metrics. An upstream that tells no stats leaves
// the samples metric absent: nothing known is no series.
func (c *Client) count(a *Answer) {
	if !a.Stats.Known {
		return
	}
	if c.told.CompareAndSwap(false, true) {
		c.reg.MustRegister(c.samples)
	}
	c.samples.Add(float64(a.Stats.SamplesRead))
}

// cutAfter tells a connection that something on the way would not keep open for so long from
// one that was stale, or broke as the server restarted.
const cutAfter = time.Second

// noAnswer says what became of a query that had no answer, or not all of one.
func (c *Client) noAnswer(ctx context.Context, err error, waited time.Duration) *Error {
	// A url.Error repeats the URL, and with it what may be secret in it.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if own, ok := errors.AsType[*httpclient.CredentialsError](err); ok {
		return &Error{Kind: Unauthorized, Err: own}
	}
	if netErr, ok := errors.AsType[net.Error](err); ctx.Err() != nil || ok && netErr.Timeout() {
		return &Error{Kind: Timeout, Err: fmt.Errorf("no whole answer from %s within --query.timeout=%s", c.cfg.URL.Host, c.cfg.Timeout)}
	}
	cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	if cut && waited >= cutAfter {
		return &Error{Kind: Timeout, Err: fmt.Errorf("the connection to %s was cut after %s, before --query.timeout=%s: %w", c.cfg.URL.Host, waited.Round(time.Millisecond), c.cfg.Timeout, err)}
	}
	return &Error{Kind: Unreachable, Err: fmt.Errorf("%s does not answer: %w: check PROMETHEUS_URL, and the port-forward if there is one", c.cfg.URL.Host, err)}
}

// undecodable says what is wrong with an answer that came whole.
func (c *Client) undecodable(err error) *Error {
	switch {
	case errors.Is(err, errTooLarge):
		return &Error{Kind: TooLarge, Status: http.StatusOK, Err: err}
	case errors.Is(err, errPartial):
		return &Error{Kind: Partial, Status: http.StatusOK, Err: err}
	case errors.Is(err, errNotPrometheus):
		return &Error{Kind: NotPrometheus, Status: http.StatusOK, Err: fmt.Errorf("%w: PROMETHEUS_URL must be the base URL of a Prometheus", err)}
	}
	return &Error{Kind: Malformed, Status: http.StatusOK, Err: fmt.Errorf("the answer cannot be used: %w", err)}
}

// refused turns an answer that is not 200 into an Error.
func (c *Client) refused(resp *http.Response, body []byte) *Error {
	failure := &Error{Status: resp.StatusCode, RetryAfter: RetryAfter(resp, time.Now())}
	text := RefusalText(resp, body, c.cfg.URL.Query())
	failure.Kind = kindOfRefusal(resp.StatusCode, text)
	if _, told := decodeError(body); resp.StatusCode == http.StatusBadRequest && resp.Request.Method == http.MethodGet && !told {
		failure.Kind = TooExpensive // some proxies say so of a long URL
	}
	switch failure.Kind {
	case Unauthorized:
		failure.Err = fmt.Errorf("the upstream refused the credentials (%s): check the token in PROMETHEUS_SELDON_TOKEN or --prometheus.token-file", resp.Status)
	case NotPrometheus:
		failure.Err = fmt.Errorf("no Prometheus query API at this URL (%s): PROMETHEUS_URL must be the base URL of a Prometheus, its path prefix included", resp.Status)
	default:
		failure.Err = errors.New(strings.TrimSuffix(resp.Status+": "+text, ": "))
	}
	return failure
}

// kindOfRefusal knows how Prometheus, Thanos, VictoriaMetrics and the proxies before them say no.
func kindOfRefusal(status int, text string) Kind {
	tooMuch := containsAny(text, "too many samples", "maximum resolution", "limit exceeded", "exceeds the limit", "cannot select more than", "too many points", "-search.max")
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return Unauthorized
	case status == http.StatusNotFound || status >= 300 && status < 400:
		return NotPrometheus
	case status == http.StatusTooManyRequests:
		return Throttled
	case status == http.StatusRequestEntityTooLarge || status == http.StatusRequestURITooLong || status == http.StatusRequestHeaderFieldsTooLarge || tooMuch:
		return TooExpensive
	case status == http.StatusGatewayTimeout || containsAny(text, "timed out", "timeout", "deadline exceeded"):
		return Timeout
	case status >= 500:
		return Unavailable
	}
	return Rejected
}

func containsAny(s string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

// refusalText returns the API's own words for a refusal, or the start of whatever came instead.
func refusalText(body []byte) string {
	if text, ok := decodeError(body); ok {
		return text
	}
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] == '<' {
		return "" // a page for people
	}
	return strings.ToValidUTF8(string(body[:min(len(body), 200)]), "")
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110, section 10.2.3).
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

var errTooLarge = errors.New("answer too large")

// body reads an answer, decompressed. It fails, rather than ends, when there is more than the
// limit.
type body struct {
	resp        *http.Response
	r           io.Reader // nil before the first read
	left, limit int64
	broken      error // the transport's failure, as opposed to the answer's
}

func (b *body) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("%w: over --query.max-answer-bytes=%d: raise it, or lower --query.max-samples", errTooLarge, b.limit)
	}
	if b.r == nil {
		b.r = transport{b}
		if b.resp.Header.Get("Content-Encoding") == "gzip" {
			r, err := gzip.NewReader(b.r)
			if err != nil {
				return 0, err
			}
			b.r = r
		}
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// transport reads an answer as it arrives, and takes note of what breaks it off.
type transport struct{ *body }

func (t transport) Read(p []byte) (int, error) {
	n, err := t.resp.Body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.broken = err
	}
	return n, err
}
