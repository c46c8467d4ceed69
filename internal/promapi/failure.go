package promapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/httpclient"
)

var (
	errPartial       = errors.New("the answer is partial")
	errNotPrometheus = errors.New("the answer is not the query API's")
	errNotOffered    = errors.New("there is no such way to read at this URL")
	errNewChunks     = errors.New("the samples are encoded in a way that is not known here")
	errNoTime        = errors.New("no time is left")
)

// lateRefusal is a refusal that follows the beginning of an answer.
type lateRefusal struct{ text string }

func (e *lateRefusal) Error() string { return "the server failed while it answered: " + e.text }

// cutAfter distinguishes a connection that something on the way would not keep open for so
// long from one that was stale, or broke as the server restarted.
const cutAfter = time.Second

// noAnswer says what became of a request that had no answer, or not all of one.
func (c *Client) noAnswer(ctx context.Context, err error, waited time.Duration) *Error {
	// A url.Error repeats the URL, and with it what may be secret in it.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if own, ok := errors.AsType[*httpclient.CredentialsError](err); ok {
		return &Error{Kind: Unauthorized, Err: own}
	}
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errNoTime) { // the caller's own end
		return &Error{Kind: Timeout, Err: fmt.Errorf("no whole answer from %s: %w", c.cfg.URL.Host, context.Cause(ctx))}
	}
	if netErr, ok := errors.AsType[net.Error](err); ctx.Err() != nil || ok && netErr.Timeout() {
		return &Error{Kind: Timeout, Err: fmt.Errorf("no whole answer from %s within %s", c.cfg.URL.Host, c.cfg.Timeout)}
	}
	cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	if cut && waited >= cutAfter {
		return &Error{Kind: Timeout, Err: fmt.Errorf("the connection to %s was cut after %s: %w", c.cfg.URL.Host, waited.Round(time.Millisecond), err)}
	}
	if first, rest, _ := strings.Cut(err.Error(), "\n"); rest != "" {
		err = errors.New(first) // the rest is what a server of OAuth tokens answered
	}
	return &Error{Kind: Unreachable, Err: fmt.Errorf("%s does not answer: %w", c.cfg.URL.Host, err)}
}

// unusable says what is wrong with an answer that came whole.
func unusable(err error) *Error {
	failure := &Error{Kind: Malformed, Status: http.StatusOK, Err: err}
	late, isLate := errors.AsType[*lateRefusal](err)
	switch {
	case isLate:
		failure.Kind = kindOfRefusal(http.StatusUnprocessableEntity, late.text)
	case errors.Is(err, errTooLarge):
		failure.Kind = TooLarge
	case errors.Is(err, errPartial):
		failure.Kind = Partial
	case errors.Is(err, errNotPrometheus):
		failure.Kind = NotPrometheus
	case errors.Is(err, errNotOffered), errors.Is(err, errNewChunks):
		failure.Kind = NotOffered
	default:
		failure.Err = fmt.Errorf("the answer cannot be used: %w", err)
	}
	return failure
}

// without hides the secrets in what a library or the server said. A text that has none stays,
// and so does what it wraps.
func (e *Error) without(secrets []secret) *Error {
	text := e.Err.Error()
	switch clean := brief(scrub(text, secrets)); clean {
	case text:
	case "":
		e.Err = errors.New("the reason is not shown, for a secret is in it")
	default:
		e.Err = errors.New(clean)
	}
	return e
}
