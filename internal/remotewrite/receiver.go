package remotewrite

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/httpclient"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/instrument"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// answerSize is how many bytes of an answer are read for its text.
const answerSize = 4 << 10

// backoff is the default wait between the attempts at one request. A Retry-After beyond its
// longest wait fails the window, which is tried again later.
func backoff() remote.BackoffConfig {
	return remote.BackoffConfig{Min: time.Second / 2, Max: 10 * time.Second, MaxRetries: 4}
}

// receiver sends requests to one remote-write receiver.
type receiver struct {
	url      *url.URL
	timeout  time.Duration
	message  remote.WriteMessageType
	backoff  remote.BackoffConfig
	api      *remote.API
	requests *prometheus.CounterVec
	samples  prometheus.Counter
}

func newReceiver(cfg Config, reg prometheus.Registerer) (*receiver, error) {
	client, err := httpclient.New(cfg.HTTP, "remote_write", cfg.UserAgent)
	if err != nil {
		return nil, err
	}
	r := &receiver{
		url:     cfg.URL,
		timeout: cfg.Timeout,
		message: cfg.Message,
		backoff: cmp.Or(cfg.Backoff, backoff()),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "seldon_exporter_remote_write_requests_total",
			Help: "Requests to the remote-write receiver, by HTTP status code, or by failure if there was no answer.",
		}, []string{"code"}),
		samples: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "seldon_exporter_remote_write_samples_total",
			Help: "Samples the remote-write receiver has accepted.",
		}),
	}
	if r.requests, err = instrument.Register(reg, r.requests); err != nil {
		return nil, err
	}
	if r.samples, err = instrument.Register(reg, r.samples); err != nil {
		return nil, err
	}
	client.Timeout = cfg.Timeout
	client.Transport = observer{next: client.Transport, query: cfg.URL.Query(), requests: r.requests}
	r.api, err = remote.NewAPI(cfg.URL.String(),
		remote.WithAPIPath(""), // the URL is complete
		remote.WithAPIHTTPClient(client),
		remote.WithAPIBackoff(r.backoff))
	return r, err
}

// write sends samples in one request, and sends it again if that can help. Without an answer,
// it does so only if a repeated sample is stored once.
func (r *receiver) write(ctx context.Context, id identity, samples []sample, at time.Time, storedOnce bool) error {
	var last attempt
	trying, stop := context.WithCancel(context.WithValue(ctx, attemptKey{}, &last))
	defer stop()
	_, err := r.api.Write(trying, r.message, encode(r.message, id, samples, at), remote.WithWriteRetryCallback(func(error) {
		if maybeStored := last.err != nil || last.status/100 == 5; last.retryAfter > r.backoff.Max || maybeStored && !storedOnce {
			stop()
		}
	}))
	accepted := len(samples)
	if r.message == remote.WriteV2MessageType {
		accepted = min(max(0, last.written), accepted)
	} else if err != nil {
		accepted = 0
	}
	r.samples.Add(float64(accepted))
	switch {
	case ctx.Err() != nil && err != nil:
		return &Error{Kind: Transient, Status: last.status, Err: context.Cause(ctx)}
	case err != nil:
		return r.failure(last, accepted, len(samples), err)
	case accepted < len(samples):
		return &Error{Kind: Partial, Status: last.status, Err: fmt.Errorf("%s accepted %d of %d samples and does not say why", r.url.Host, accepted, len(samples))}
	}
	return nil
}

// failure returns the error of the last attempt. The library's own error is used only if there
// was no attempt.
func (r *receiver) failure(last attempt, accepted, sent int, err error) *Error {
	failure := &Error{Kind: Refused, Status: last.status, RetryAfter: last.retryAfter}
	said := fmt.Sprintf("%s answers %d %s", r.url.Host, last.status, http.StatusText(last.status))
	if last.text != "" {
		said += ": " + strings.Join(strings.Fields(last.text), " ")
	}
	if accepted > 0 {
		said = fmt.Sprintf("%s (%d of %d samples were accepted)", said, accepted, sent)
	}
	switch status := last.status; {
	case last.err != nil:
		failure.Kind, failure.Err = Transient, r.noAnswer(last.err)
	case status == 0:
		failure.Err = err
	case status/100 == 2:
		failure.Kind = Misconfigured
		failure.Err = fmt.Errorf("%s without the number of samples that it has written: it does not know %s", said, r.message)
	case status == http.StatusUnsupportedMediaType:
		failure.Kind = Misconfigured
		failure.Err = fmt.Errorf("%s: it does not know %s", said, r.message)
	case status == http.StatusTooManyRequests || status/100 == 5:
		failure.Kind, failure.Err = Transient, errors.New(said)
	case last.reason == old || last.reason == tooOld:
		failure.Kind, failure.whatever = TooOld, last.reason == tooOld
		failure.Err = fmt.Errorf("%s: it takes nothing that old", said)
	case last.reason == duplicate:
		failure.Err = fmt.Errorf("%s: it has other values for this time already, but the server that is queried for them has not", said)
	case accepted > 0:
		failure.Kind, failure.Err = Partial, errors.New(said)
	default:
		failure.Err = errors.New(said)
	}
	return failure
}

func (r *receiver) noAnswer(err error) error {
	if own, ok := errors.AsType[*httpclient.CredentialsError](err); ok {
		return own
	}
	if code(err) == timedOut {
		return fmt.Errorf("no answer from %s within %s", r.url.Host, r.timeout)
	}
	return fmt.Errorf("%s does not answer: %w", r.url.Host, err)
}

// attempt is the result of one HTTP request. The library reports it as text only.
type attempt struct {
	status     int // 0 if there was no answer
	written    int // samples, of version 2; the library would add up all attempts
	text       string
	reason     reason // by its original words: a secret that is removed from the text may be one of them
	retryAfter time.Duration
	err        error // why there was no answer
}

type attemptKey struct{}

// observer keeps the result of each attempt, without secrets.
type observer struct {
	next     http.RoundTripper
	query    url.Values
	requests *prometheus.CounterVec
}

// RoundTrip sends a request, and reads its answer to the end.
func (o observer) RoundTrip(req *http.Request) (*http.Response, error) {
	last := req.Context().Value(attemptKey{}).(*attempt)
	*last = attempt{}
	resp, err := o.next.RoundTrip(req)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(resp.Body, answerSize))
		resp.Body.Close()
	}
	if err != nil {
		o.requests.WithLabelValues(code(err)).Inc()
		last.err = err
		return nil, err
	}
	o.requests.WithLabelValues(strconv.Itoa(resp.StatusCode)).Inc()
	*last = attempt{status: resp.StatusCode, text: promapi.RefusalText(resp, body, o.query), reason: reasonOf(resp.StatusCode, body), retryAfter: promapi.RetryAfter(resp, time.Now())}
	last.written, _ = strconv.Atoi(resp.Header.Get("X-Prometheus-Remote-Write-Samples-Written"))
	resp.Body = io.NopCloser(bytes.NewReader(nil))
	return resp, nil
}

// timedOut is the code of requests that had no answer in time.
const timedOut = "timeout"

func code(err error) string {
	if netErr, ok := errors.AsType[net.Error](err); ok && netErr.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return timedOut
	}
	return "unreachable"
}
