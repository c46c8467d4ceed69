package promapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// secret is what must not stand in a text.
type secret struct {
	text       string
	credential bool // however short it is; anything else may be a word of the text
}

const (
	hidden       = "<secret>"
	shortest     = 4 // bytes of a text that can be hidden without garbling everything else
	longFragment = 8 // bytes of a secret that are too many to show
)

// secretsOf returns what the settings hold: credentials, and the query values of the URL.
func secretsOf(cfg Config) []secret {
	found := valuesOf(cfg.URL.Query())
	credential := func(text promconfig.Secret) { found = append(found, secret{string(text), true}) }
	credential(cfg.HTTP.BearerToken)
	if cfg.HTTP.Authorization != nil {
		credential(cfg.HTTP.Authorization.Credentials)
	}
	if cfg.HTTP.BasicAuth != nil {
		credential(cfg.HTTP.BasicAuth.Password)
	}
	if cfg.HTTP.OAuth2 != nil {
		credential(cfg.HTTP.OAuth2.ClientSecret)
	}
	return found
}

func valuesOf(query url.Values) (found []secret) {
	for _, values := range query {
		for _, value := range values {
			found = append(found, secret{text: value})
		}
	}
	return found
}

// secretsIn returns what a request carried: credentials, also those that were read from a
// file, and the headers of the settings. It must be an answer's request, for that is the one
// that was sent.
func secretsIn(req *http.Request) (found []secret) {
	for name, values := range req.Header {
		if _, ours := promconfig.ReservedHeaders[name]; ours {
			continue
		}
		for _, value := range values {
			found = append(found, secret{text: value})
		}
	}
	if _, credentials, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
		found = append(found, secret{credentials, true})
	}
	if user, password, ok := req.BasicAuth(); ok {
		found = append(found, secret{password, true}, secret{text: user})
	}
	return found
}

// scrub hides the secrets in a text that came from elsewhere, however they are encoded in it:
// gateways echo requests. It drops a text that cannot be made safe.
func scrub(text string, secrets []secret) string {
	// The longest first, as one may hold another.
	secrets = slices.SortedFunc(slices.Values(secrets), func(a, b secret) int { return len(b.text) - len(a.text) })
	for _, s := range secrets {
		if len(s.text) < shortest {
			continue
		}
		text = strings.ReplaceAll(text, s.text, hidden)
		if s.shows(text, min(len(s.text), longFragment)) { // the pattern of a token takes long
			text = encodings(s.text).ReplaceAllLiteralString(text, hidden)
		}
	}
	for _, s := range secrets {
		if s.leaks(text) {
			return ""
		}
	}
	return text
}

// leaks says whether a long part of the secret is still in the text, or a credential that is
// too short to be hidden.
func (s secret) leaks(text string) bool {
	switch {
	case s.text == "":
		return false
	case len(s.text) < shortest:
		return s.credential && strings.Contains(text, s.text)
	case s.credential:
		return s.shows(text, max(longFragment, len(s.text)/2))
	}
	return s.shows(text, max(2*longFragment, len(s.text)/2))
}

// shows says whether so many bytes in a row of the secret are in the text, encoded or not.
func (s secret) shows(text string, bytes int) bool {
	return shares(text, s.text, bytes) || shares(decoded(text), decoded(s.text), bytes)
}

func shares(text, secret string, bytes int) bool {
	for i := 0; i+bytes <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+bytes]) {
			return true
		}
	}
	return false
}

// brief makes a text from elsewhere fit into a line of a log.
func brief(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "") + "..."
	}
	return text
}

const longestText = 300
