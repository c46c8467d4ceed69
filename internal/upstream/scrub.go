package upstream

import (
	"net/http"
	"net/url"
	"strings"
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
