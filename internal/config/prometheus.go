package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	promconfig "github.com/prometheus/common/config"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/httpclient"
)

// tokenEnv has no flag, because every user of a machine can read its command lines.
const (
	tokenEnv  = "PROMETHEUS_SELDON_TOKEN"
	tokenHelp = "Bearer token for the Prometheus, if it needs one."
)

// Prometheus is a server with one of Prometheus' APIs, and its HTTP settings.
type Prometheus struct {
	URL  *url.URL // the base, without /api/v1 and without user and password
	HTTP promconfig.HTTPClientConfig
}

// Redacted returns the URL without secrets, for display.
func (p Prometheus) Redacted() string {
	u := *p.URL
	u.User, u.RawQuery, u.ForceQuery = nil, "", false
	if p.URL.RawQuery != "" {
		u.RawQuery = "..."
	}
	return u.String()
}

// server is a Prometheus, or another server with one of its APIs, while its settings are read.
type server struct {
	Prometheus
	name        string
	credentials []string // the settings with credentials, of which only one is allowed
}

func newServer(name string) server {
	p := Prometheus{HTTP: promconfig.DefaultHTTPClientConfig}
	// A redirect could send credentials to another server.
	p.HTTP.FollowRedirects = false
	return server{Prometheus: p, name: name}
}

// readFile reads the HTTP settings from a file, if one is given.
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

// readURL reads the URL, and the credentials in it.
func (s *server) readURL(c *checker, at *setting, read func(string) (*url.URL, error)) {
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

// prometheusFlags defines which Prometheus is read.
func prometheusFlags(f Flags) Check {
	at := f.addURL("prometheus.url", "PROMETHEUS_URL", "http://localhost:8080", "prometheus.config-file",
		"URL of the Prometheus to read, with or without /api/v1 at the end. A user and a password in it are used for basic authentication.")
	token := f.addFile("prometheus.token-file", "PROMETHEUS_TOKEN_FILE",
		"File with a bearer token for the Prometheus. It is read again for every request.")
	token.show = hideToken
	file := f.addFile("prometheus.config-file", "PROMETHEUS_CONFIG_FILE",
		"YAML file with HTTP client settings for the Prometheus (TLS, OAuth2, proxy, headers), as in Prometheus' own http_config. Redirects are never followed.")
	insecure := f.addSwitch("prometheus.insecure-skip-verify", "PROMETHEUS_INSECURE_SKIP_VERIFY",
		"Do not verify the TLS certificate of the Prometheus.")
	within(ofOne, at, token, file, insecure)
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
			parse(c, token, httpclient.ReadToken) // it is read again for every request
			p.HTTP.Authorization = &promconfig.Authorization{Type: "Bearer", CredentialsFile: token.raw}
			p.credentials = append(p.credentials, token.name())
		}
		cfg.Prometheus = p.checked(c)
	}
}

// baseURL reads the URL of a Prometheus, and removes /api/v1 from its end: existing settings
// have it there, and every client adds it.
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

// hideSecrets returns a URL for display, which may be invalid. If there may be a password or a
// query, it shows only the scheme, because where these begin is uncertain.
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

// hideToken returns the name of a token's file for display, unless it may be the token itself.
func hideToken(raw string) string {
	if raw == "" || strings.ContainsRune(raw, filepath.Separator) {
		return fmt.Sprintf("%q", raw)
	}
	return "(not shown: it may be the token)"
}

// reason returns the error of a file without the file's name, which the message has already.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return plain(err)
}
