package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"

	promconfig "github.com/prometheus/common/config"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/httpclient"
)

// tokenEnv has no flag: a command line can be read by every user of a machine.
const (
	tokenEnv  = "PROMETHEUS_SELDON_TOKEN"
	tokenHelp = "Bearer token for the Prometheus, if it needs one."
)

// Prometheus is a server that speaks one of Prometheus' APIs, and how to talk to it.
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

// server is a Prometheus, or what speaks one of its APIs, as settings describe it.
type server struct {
	Prometheus
	name        string
	credentials []string // every setting that brings some: there can be one only
}

func newServer(name string) server {
	p := Prometheus{HTTP: promconfig.DefaultHTTPClientConfig}
	// Credentials could otherwise follow a redirect to where they do not belong.
	p.HTTP.FollowRedirects = false
	return server{Prometheus: p, name: name}
}

// readFile takes the HTTP settings from a file, if one is given.
func (s *server) readFile(c *checker, file *setting) {
	if file.raw == "" {
		return
	}
	s.HTTP = parse(c, file, httpSettings)
	s.HTTP.FollowRedirects = false
	if s.HTTP.BasicAuth != nil || s.HTTP.Authorization != nil || s.HTTP.OAuth2 != nil {
		s.credentials = append(s.credentials, file.name())
	}
}

// readURL takes the URL, and the credentials in it.
func (s *server) readURL(c *checker, at *setting, read func(string) (*url.URL, error)) {
	at.show = hideSecrets
	if s.URL = parse(c, at, read); s.URL == nil || s.URL.User == nil {
		return
	}
	password, _ := s.URL.User.Password()
	s.HTTP.BasicAuth = &promconfig.BasicAuth{Username: s.URL.User.Username(), Password: promconfig.Secret(password)}
	s.URL.User = nil
	s.credentials = append(s.credentials, "the user in "+at.name())
}

func (s *server) checked(c *checker) Prometheus {
	if len(s.credentials) > 1 {
		c.failf("%s hold credentials for %s: keep one of them", strings.Join(s.credentials, " and "), s.name)
	}
	return s.Prometheus
}

// prometheusFlags say which Prometheus is read.
func prometheusFlags(f Flags) Check {
	at := f.add("prometheus.url", "PROMETHEUS_URL", "http://localhost:8080",
		"Prometheus to read, with or without /api/v1 at the end. A user and a password in it are used for basic authentication.")
	token := f.add("prometheus.token-file", "PROMETHEUS_TOKEN_FILE", "<file>",
		"File with a bearer token for the Prometheus. It is read again for every request.")
	file := f.add("prometheus.config-file", "PROMETHEUS_CONFIG_FILE", "<file>",
		"YAML file with HTTP client settings for the Prometheus (TLS, OAuth2, proxy, headers), as in Prometheus' own http_config. Redirects are never followed.")
	insecure := f.addSwitch("prometheus.insecure-skip-verify", "PROMETHEUS_INSECURE_SKIP_VERIFY",
		"Do not verify the Prometheus' TLS certificate.")
	return func(c *checker, cfg *Config) {
		p := newServer("the Prometheus")
		p.readFile(c, file)
		p.readURL(c, at, baseURL)
		if parse(c, insecure, boolean) {
			p.HTTP.TLSConfig.InsecureSkipVerify = true
		}
		if value := strings.TrimSpace(os.Getenv(tokenEnv)); value != "" {
			if err := httpclient.CheckToken(value); err != nil {
				c.failf("%s (value not shown) %w", tokenEnv, err)
			}
			p.HTTP.Authorization = &promconfig.Authorization{Type: "Bearer", Credentials: promconfig.Secret(value)}
			p.credentials = append(p.credentials, tokenEnv)
		}
		if token.raw != "" {
			parse(c, token, httpclient.ReadToken) // again for every request
			p.HTTP.Authorization = &promconfig.Authorization{Type: "Bearer", CredentialsFile: token.raw}
			p.credentials = append(p.credentials, token.name())
		}
		cfg.Prometheus = p.checked(c)
	}
}

// baseURL reads the URL of a Prometheus and takes /api/v1 off its end: the seed's
// chart had it there, and every client adds it.
func baseURL(raw string) (*url.URL, error) {
	u, err := serverURL(raw, "http://prometheus:9090")
	if err != nil {
		return nil, err
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	path = strings.TrimRight(strings.TrimSuffix(path, "/api/v1"), "/")
	u.RawPath = path
	u.Path, err = url.PathUnescape(path)
	return u, err
}

func serverURL(raw, example string) (*url.URL, error) {
	remedy := "write it like " + example
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

// reason is what went wrong with a file whose name the message has already.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return plain(err)
}
