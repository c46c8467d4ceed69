package promapi

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// refusal is an answer that is not 200.
type refusal struct {
	resp *http.Response
	body []byte
	text string // what it says, secrets included
}

// refused turns an answer that is not 200 into an Error.
func (c *Client) refused(x exchange, resp *http.Response, body []byte) *Error {
	text, status := refusalText(body), fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	failure := &Error{
		Kind: x.refused(refusal{resp: resp, body: body, text: text}), Status: resp.StatusCode, RetryAfter: RetryAfter(resp, time.Now()),
	}
	switch failure.Kind {
	case Unauthorized:
		failure.Err = fmt.Errorf("the upstream refused the credentials (%s)", status)
	case NotPrometheus:
		failure.Err = fmt.Errorf("no Prometheus query API at this URL (%s)", status)
	case NotOffered:
		failure.Err = fmt.Errorf("%w (%s)", errNotOffered, status)
	default:
		text = brief(scrub(text, append(secretsIn(resp.Request), c.secrets...)))
		failure.Err = errors.New(strings.TrimSuffix(status+": "+text, ": "))
	}
	return failure
}

// RefusalText returns what the body of an answer says, in the API's own words where it has
// some, and without the secrets that the request carried. The query values are those of
// the configured URL.
func RefusalText(resp *http.Response, body []byte, query url.Values) string {
	return brief(scrub(refusalText(body), append(secretsIn(resp.Request), valuesOf(query)...)))
}

// unknownPath is what VictoriaMetrics and vmauth answer with status 400.
var unknownPath = []string{"unsupported path requested", "missing route for"}

// kindOfRefusal knows how Prometheus, Thanos, VictoriaMetrics, Mimir, Cortex and the proxies
// before them say no.
func kindOfRefusal(status int, text string) Kind {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return Unauthorized
	case status == http.StatusNotFound || status >= 300 && status < 400:
		return NotPrometheus
	case status == http.StatusTooManyRequests || containsAny(text, "-search.maxConcurrentRequests"):
		return Throttled
	case status == http.StatusRequestEntityTooLarge || status == http.StatusRequestURITooLong || status == http.StatusRequestHeaderFieldsTooLarge || tooMuch(text):
		return TooExpensive
	case containsAny(text, "rpc error: code = Unavailable", "No StoreAPIs available"): // a store of Thanos Query
		return Unavailable
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

// refusalText returns the API's own words for a refusal, or whatever came instead.
func refusalText(body []byte) string {
	if text, ok := decodeError(body); ok {
		return text
	}
	if isPage(body) {
		return ""
	}
	return string(body)
}

// isPage says whether an answer is a page for people.
func isPage(body []byte) bool {
	body = bytes.TrimSpace(body)
	return len(body) > 0 && body[0] == '<'
}

// RetryAfter returns how long an answer asks to be left alone, or 0: seconds, or a date (RFC
// 9110, section 10.2.3).
func RetryAfter(resp *http.Response, now time.Time) time.Duration {
	header := resp.Header.Get("Retry-After")
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	seconds, err := strconv.ParseUint(header, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return time.Duration(min(seconds, uint64(math.MaxInt64/time.Second))) * time.Second
}
