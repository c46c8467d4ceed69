package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode"

	promconfig "github.com/prometheus/common/config"
)

// tokenEnv has no flag: a command line can be read by every user of a machine.
const (
	tokenEnv  = "PROMETHEUS_SELDON_TOKEN"
	tokenHelp = "Bearer token for the Prometheus, if it needs one."
)

// Prometheus is the server that is read, and how to talk to it.
type Prometheus struct {
	URL  *url.URL // the base, without /api/v1 and without user and password
	HTTP promconfig.HTTPClientConfig
}

// Redacted is the URL as it may be shown to anyone: without query values.
func (p Prometheus) Redacted() string {
	u := *p.URL
	u.User, u.RawQuery, u.ForceQuery = nil, "", false
	if p.URL.RawQuery != "" {
		u.RawQuery = "..."
	}
	return u.String()
}

func (f *flags) prometheus(c *checker) Prometheus {
	p := Prometheus{HTTP: promconfig.DefaultHTTPClientConfig}
	var credentials []string // every setting that brings some: there can be one only

	f.url.show = hideSecrets
	p.URL = parse(c, f.url, baseURL)

	if f.httpFile.raw != "" {
		p.HTTP = parse(c, f.httpFile, httpSettings)
		if p.HTTP.BasicAuth != nil || p.HTTP.Authorization != nil || p.HTTP.OAuth2 != nil {
			credentials = append(credentials, f.httpFile.name())
		}
	}
	// Credentials could otherwise follow a redirect to where they do not belong.
	p.HTTP.FollowRedirects = false
	if parse(c, f.insecure, boolean) {
		p.HTTP.TLSConfig.InsecureSkipVerify = true
	}

	if p.URL != nil && p.URL.User != nil {
		password, _ := p.URL.User.Password()
		p.HTTP.BasicAuth = &promconfig.BasicAuth{Username: p.URL.User.Username(), Password: promconfig.Secret(password)}
		p.URL.User = nil
		credentials = append(credentials, "the user in "+f.url.name())
	}
	if token := strings.TrimSpace(os.Getenv(tokenEnv)); token != "" {
		if err := checkToken(token); err != nil {
			c.failf("%s (value not shown) %w", tokenEnv, err)
		}
		p.HTTP.Authorization = &promconfig.Authorization{Type: "Bearer", Credentials: promconfig.Secret(token)}
		credentials = append(credentials, tokenEnv)
	}
	if f.tokenFile.raw != "" {
		parse(c, f.tokenFile, tokenFile)
		p.HTTP.Authorization = &promconfig.Authorization{Type: "Bearer", CredentialsFile: f.tokenFile.raw}
		credentials = append(credentials, f.tokenFile.name())
	}
	if len(credentials) > 1 {
		c.failf("%s hold credentials for the Prometheus: keep one of them", strings.Join(credentials, " and "))
	}
	return p
}

// baseURL reads the URL of a Prometheus and takes /api/v1 off its end: the seed's
// chart had it there, and every client adds it.
func baseURL(raw string) (*url.URL, error) {
	const remedy = "write it like http://prometheus:9090"
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("is not a URL: %s", remedy) // err would repeat the URL
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("does not begin with http:// or https://: %s", remedy)
	case u.Hostname() == "":
		return nil, fmt.Errorf("names no host: %s", remedy)
	case !validPort(u.Port()):
		return nil, errors.New("has a port that is not from 1 to 65535: choose another")
	case strings.Contains(raw, "#"):
		return nil, errors.New("has a fragment: remove the # and what follows")
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	path = strings.TrimRight(strings.TrimSuffix(path, "/api/v1"), "/")
	u.RawPath = path
	if u.Path, err = url.PathUnescape(path); err != nil {
		return nil, fmt.Errorf("is not a URL: %s", remedy)
	}
	if u.User.String() == "" {
		u.User = nil
	}
	return u, nil
}

func validPort(port string) bool {
	n, err := strconv.Atoi(port)
	return port == "" || err == nil && n >= 1 && n <= 65535
}

// hideSecrets shows a URL that may not even parse: nothing at all after the scheme
// where there could be a password or a query, for where they begin is not certain.
func hideSecrets(raw string) string {
	if !strings.ContainsAny(raw, "@?#") {
		return fmt.Sprintf("%q", raw)
	}
	for _, scheme := range []string{"http://", "https://"} {
		if strings.HasPrefix(raw, scheme) {
			return fmt.Sprintf("%q (the rest is hidden)", scheme+"...")
		}
	}
	return "(hidden)"
}

func httpSettings(file string) (promconfig.HTTPClientConfig, error) {
	cfg, _, err := promconfig.LoadHTTPConfigFile(file)
	if err != nil {
		return promconfig.HTTPClientConfig{}, fmt.Errorf("cannot be used: %s", reason(err))
	}
	return *cfg, nil
}

// tokenFile makes sure that there is a token to be read. It is read again for every request.
func tokenFile(file string) (struct{}, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return struct{}{}, fmt.Errorf("cannot be read: %s: name a file that holds the token", reason(err))
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		return struct{}{}, errors.New("is empty: put the token into it")
	}
	return struct{}{}, checkToken(token)
}

func checkToken(token string) error {
	if strings.ContainsFunc(token, unicode.IsControl) {
		return errors.New("holds a control character: give the token alone, on one line")
	}
	if strings.ContainsFunc(token, unicode.IsSpace) {
		return errors.New(`holds a space: give the token alone, without "Bearer"`)
	}
	return nil
}

// reason is what went wrong with a file whose name has been told already.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return plain(err)
}
