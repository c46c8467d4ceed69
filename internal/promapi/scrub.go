package promapi

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// scrub takes out of text whatever secret the request carried: gateways echo requests.
// The request must be an answer's, which holds the credentials as they were sent; the
// query values are the configured URL's.
func scrub(text string, req *http.Request, query url.Values) string {
	var secrets []string
	if _, credentials, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
		secrets = append(secrets, credentials)
	}
	if user, password, ok := req.BasicAuth(); ok {
		secrets = append(secrets, password, user)
	}
	for _, values := range query {
		secrets = append(secrets, values...)
	}
	for _, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if form != "" {
				text = strings.ReplaceAll(text, form, "<secret>")
			}
		}
	}
	return text
}

// RefusalText returns what the body of an answer says, in the API's own words where it has
// some, and without the secrets that the request carried. The query values are those of
// the configured URL.
func RefusalText(resp *http.Response, body []byte, query url.Values) string {
	return refusalText([]byte(scrub(string(body), resp.Request, query)))
}

// RetryAfter returns how long an answer asks to be left alone, or 0.
func RetryAfter(resp *http.Response, now time.Time) time.Duration {
	return retryAfter(resp.Header.Get("Retry-After"), now)
}
