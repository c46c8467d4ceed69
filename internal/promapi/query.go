package promapi

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Instant evaluates expr at a moment.
func (c *Client) Instant(ctx context.Context, expr string, at time.Time) (*Answer, error) {
	return c.query(ctx, query{endpoint: "query", expr: expr, from: math.MinInt64, to: math.MaxInt64, params: url.Values{
		"time": {timestamp(at)},
	}})
}

// Range evaluates expr at from, and then every step up to, and including, to.
func (c *Client) Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) (*Answer, error) {
	return c.query(ctx, query{endpoint: "query_range", expr: expr, from: math.MinInt64, to: math.MaxInt64, params: url.Values{
		"start": {timestamp(from)}, "end": {timestamp(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', 3, 64)},
	}})
}

// RawRange reads the raw samples of the selected series in [from, to) (ms) by a query. A range
// of Prometheus 2 holds a sample at its start too: samples outside are dropped.
func (c *Client) RawRange(ctx context.Context, s Selector, from, to int64) (*Answer, error) {
	params := url.Values{"time": {timestamp(time.UnixMilli(to - 1))}}
	maps.Copy(params, c.Engine(ctx).sendRaw)
	return c.query(ctx, query{endpoint: "query", expr: fmt.Sprintf("%s[%dms]", s, to-from), from: from, to: to, params: params})
}

func timestamp(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

func (c *Client) query(ctx context.Context, q query) (*Answer, error) {
	q.c = c
	maps.Copy(q.params, c.Engine(ctx).send)
	q.params.Set("query", q.expr)
	q.params.Set("timeout", strconv.FormatInt(c.cfg.Timeout.Milliseconds(), 10)+"ms")
	began := time.Now()
	if err := c.retry(ctx, &q); err != nil {
		return nil, err
	}
	n := q.answer.samples()
	c.samples.Add(float64(n))
	c.cfg.Log.Debug("Query answered", "query", q.expr, "duration", time.Since(began), "series", len(q.answer.Series), "samples_read", n)
	return q.answer, nil
}

// query is an exchange of the query API.
type query struct {
	c        *Client
	endpoint string
	expr     string
	params   url.Values
	from, to int64 // samples outside are dropped

	answer *Answer
}

func (q *query) request(ctx context.Context) (*http.Request, error) {
	u := q.c.endpoint(q.endpoint)
	method, form := http.MethodPost, q.params.Encode()
	if q.c.useGet.Load() {
		method, u.RawQuery, form = http.MethodGet, strings.Trim(u.RawQuery+"&"+form, "&"), ""
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if q.c.cfg.Compress {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	return req, nil
}

func (q *query) read(_ *http.Response, content io.Reader) (err error) {
	q.answer, err = decode(content, newBuilder(q.from, q.to, q.c.cfg.MaxAnswerBytes))
	return err
}

func (q *query) refused(r refusal) Kind {
	status, method := r.resp.StatusCode, r.resp.Request.Method
	if status == http.StatusMethodNotAllowed && method == http.MethodPost {
		q.c.useGet.Store(true)
		return Unavailable // until it is asked by GET
	}
	if _, says := decodeError(r.body); status == http.StatusBadRequest && method == http.MethodGet && !says {
		return TooExpensive // some proxies say so of a long URL
	}
	return kindOfRefusal(status, r.text)
}

func (q *query) final() bool { return false }
