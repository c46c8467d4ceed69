package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestURLForms(t *testing.T) {
	for raw, want := range map[string]string{
		"http://prom":                      "http://prom",
		"http://prom/":                     "http://prom",
		"http://prom:9090///":              "http://prom:9090",
		"http://prom:9090/api/v1":          "http://prom:9090",
		"http://prom:9090/api/v1/":         "http://prom:9090",
		"https://prom/prefix":              "https://prom/prefix",
		"https://prom/prefix/":             "https://prom/prefix",
		"https://prom/prefix/api/v1":       "https://prom/prefix",
		"https://prom/prefix/api/v1//":     "https://prom/prefix",
		"https://prom/a%2Fb/api/v1":        "https://prom/a%2Fb",
		"http://[::1]:9090/api/v1":         "http://[::1]:9090",
		"http://prom/api/v1?tenant=a&b=c":  "http://prom?tenant=a&b=c",
		"http://prom/myapi/v1":             "http://prom/myapi/v1",
		"HTTP://prom/":                     "http://prom",
		"http://@prom":                     "http://prom",
		"http://prom\n":                    "http://prom",
		"http://prom/select/0/prometheus/": "http://prom/select/0/prometheus",
	} {
		t.Run(raw, func(t *testing.T) {
			p := mustLoad(t, nil, "--prometheus.url="+raw).Prometheus
			if got := p.URL.String(); got != want {
				t.Errorf("%s became %s, want %s", raw, got, want)
			}
		})
	}
}

func TestUserInTheURLBecomesBasicAuth(t *testing.T) {
	p := mustLoad(t, map[string]string{"PROMETHEUS_URL": "https://joe:s3%2Fcret@prom/x?key=s3cret"}).Prometheus
	if a := p.HTTP.BasicAuth; a == nil || a.Username != "joe" || string(a.Password) != "s3/cret" {
		t.Errorf("basic auth %+v", a)
	}
	if p.URL.User != nil {
		t.Error("the user is left in the URL")
	}
	if got, want := p.Redacted(), "https://prom/x?..."; got != want {
		t.Errorf("redacted %s, want %s", got, want)
	}
	if p.URL.RawQuery != "key=s3cret" {
		t.Error("the query is lost, and with it what the requests need")
	}
}

func TestToken(t *testing.T) {
	p := mustLoad(t, map[string]string{tokenEnv: "  s3cret\n"}).Prometheus
	if a := p.HTTP.Authorization; a == nil || a.Type != "Bearer" || string(a.Credentials) != "s3cret" {
		t.Errorf("authorization %+v", a)
	}
	file := write(t, "s3cret\n")
	p = mustLoad(t, nil, "--prometheus.token-file="+file).Prometheus
	if a := p.HTTP.Authorization; a == nil || a.Type != "Bearer" || a.CredentialsFile != file || a.Credentials != "" {
		t.Errorf("authorization %+v", a)
	}
}

func TestBadFiles(t *testing.T) {
	for name, test := range map[string]struct{ flag, content, want string }{
		"empty token":      {"prometheus.token-file", " \n", "is empty: put the token into it"},
		"token of lines":   {"prometheus.token-file", "s3cret\ns3cret\n", "holds a control character: give the token alone, on one line"},
		"web, quotes":      {"web.config.file", "tls_server_config: \"a`s3cr3t`b\"\n", "cannot be used: yaml: unmarshal errors: line 1: cannot unmarshal !!str (value) into web.TLSConfig"},
		"web, unknown key": {"web.config.file", "tls: s3cret\n", "cannot be used: yaml: unmarshal errors: line 1: field tls not found in type web.Config"},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, test.content)
			_, err := load(t, nil, "--"+test.flag+"="+file)
			if want := fmt.Sprintf("--%s=%q %s", test.flag, file, test.want); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

// TestBadHTTPSettingsShowNoSecret: no error about a file shows the s3cr3t in it.
func TestBadHTTPSettingsShowNoSecret(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"unknown field":      {"passwd: s3cr3t\n", "line 1: an unknown field"},
		"a secret for one":   {"enable_http2: true\nbasic_auth:\n  {username: joe, password:s3cr3t}\n", "line 3: an unknown field"},
		"wrong kind":         {"basic_auth: s3cr3t\n", "line 1 (basic_auth): a value of another type than the field has"},
		"wrong kind, quotes": {"basic_auth: \"a`s3cr3t`b\"\n", "line 1 (basic_auth): a value of another type than the field has"},
		"two wrong kinds":    {"enable_http2: s3cr3t\nbasic_auth: s3cr3t\n", "line 1 (enable_http2): a value of another type than the field has, line 2 (basic_auth): a value of another type than the field has"},
		"a tag":              {"enable_http2: !s3cr3t x\n", "line 1 (enable_http2): a value of another type than the field has"},
		"a number":           {"enable_http2: !!float s3cr3t\n", "a value that cannot be read"},
		"twice":              {"bearer_token: s3cr3t\nbearer_token: s3cr3t\n", "line 2 (bearer_token): a field that is set twice"},
		"header twice":       {"http_headers:\n  s3cr3t: {}\n  s3cr3t: {}\n", "line 3: a field that is set twice"},
		"an anchor":          {"bearer_token: *s3cr3t\n", "a value that cannot be read"},
		"an anchor in it":    {"http_headers: &s3cr3t\n  a: *s3cr3t\n", "line 2: an unknown field"},
		"no YAML":            {"bearer_token: 's3cr3t\n", "line 2: found unexpected end of stream"},
		"no YAML, a mapping": {"bearer_token: s3cr3t: s3cr3t\n", "mapping values are not allowed in this context"},
		"no YAML, a list":    {"oauth2: {scopes: [s3cr3t\n", "line 1: did not find expected ',' or ']'"},
		"TLS version":        {"tls_config: {min_version: s3cr3t}\n", "min_version or max_version is not a TLS version: write TLS12 or TLS13"},
		"proxy no URL":       {"proxy_url: \"http://joe:s3cr3t@[::1\"\n", "proxy_url is not a URL"},
		"proxy no scheme":    {"proxy_url: s3cr3t\n", "proxy_url is not a URL"},
		"token server":       {"oauth2: {client_id: joe, client_secret: s3cr3t, token_url: \"http://joe:s3cr3t@[::1\"}\n", "token_url is not a URL"},
		"token server, path": {"oauth2: {client_id: joe, client_secret: s3cr3t, token_url: s3cr3t}\n", "token_url is not a URL"},
		"its proxy":          {"oauth2: {client_id: joe, client_secret: s3cr3t, token_url: http://h, proxy_url: \"s3cr3t://h\"}\n", "proxy_url is not a URL"},
		"header's name":      {"http_headers: {\"s3cr3t s3cr3t\": {values: [a]}}\n", "http_headers or proxy_connect_header has an invalid header name"},
		"proxy header":       {"proxy_url: http://h\nproxy_connect_header: {\"s3cr3t\\n\": [s3cr3t]}\n", "http_headers or proxy_connect_header has an invalid header name"},
		"reserved header":    {"http_headers: {authorization: {values: [s3cr3t]}}\n", `setting header "Authorization" is not allowed`},
		"two at once":        {"basic_auth: {username: joe}\nbearer_token: s3cr3t\n", "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"},
		"algorithm":          {"oauth2: {client_id: joe, token_url: http://h, grant_type: \"urn:ietf:params:oauth:grant-type:jwt-bearer\", signature_algorithm: s3cr3t}\n", "valid signature algorithms are RS256, RS384 and RS512"},
	} {
		for _, flag := range []string{"prometheus.config-file", "remote-write.config-file"} {
			t.Run(name+", "+flag, func(t *testing.T) {
				file := write(t, test.content)
				_, err := load(t, nil, "--"+flag+"="+file)
				if want := fmt.Sprintf("--%s=%q cannot be used: %s", flag, file, test.want); err == nil || err.Error() != want {
					t.Errorf("error %v\nwant  %s", err, want)
				}
				if err != nil && strings.Contains(err.Error(), "s3cr3t") {
					t.Errorf("the error shows the secret: %v", err)
				}
			})
		}
	}
}

// TestHTTPSettingsThatAreFine: settings that are valid for common and can work are accepted.
func TestHTTPSettingsThatAreFine(t *testing.T) {
	for name, content := range map[string]string{
		"nothing": "", "proxy": "proxy_url: socks5://joe:s3cr3t@h:1080\n", "proxy from environment": "proxy_from_environment: true\n",
		"headers": "http_headers: {X-Scope-OrgID: {values: [a], secrets: [b]}, \"x!#$%&'*+.^_`|~1\": {}}\n",
		"oauth2":  "oauth2: {client_id: joe, client_secret: s3cr3t, token_url: \"https://joe@h/t?a=b\", proxy_url: http://h}\n",
	} {
		if _, err := load(t, nil, "--prometheus.config-file="+write(t, content)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfigFileCredentialsExcludeOthers(t *testing.T) {
	file := write(t, "basic_auth: {username: joe, password: s3cret}\n")
	if a := mustLoad(t, nil, "--prometheus.config-file="+file).Prometheus.HTTP.BasicAuth; a == nil || a.Username != "joe" {
		t.Errorf("basic auth %+v", a)
	}
	_, err := load(t, map[string]string{tokenEnv: "s3cret"}, "--prometheus.config-file="+file)
	if err == nil || err.Error() != "--prometheus.config-file and "+tokenEnv+" hold credentials for the Prometheus: keep one of them" {
		t.Errorf("error %v", err)
	}
}

func TestRedirectsAreNeverFollowed(t *testing.T) {
	file := write(t, "follow_redirects: true\n")
	if mustLoad(t, nil, "--prometheus.config-file="+file).Prometheus.HTTP.FollowRedirects {
		t.Error("redirects are followed")
	}
}

// FuzzHTTPSettings: no file makes an error show a secret in it.
func FuzzHTTPSettings(f *testing.F) {
	const secret = "s3cr3t"
	for _, content := range []string{
		"passwd: s3cr3t", "basic_auth: \"`s3cr3t`\"", "a: *s3cr3t", "a: &s3cr3t [*s3cr3t]", "a: !!float s3cr3t", "? [s3cr3t]\n: a", "a: 's3cr3t\n\n",
		"proxy_url: \"http://s3cr3t@[::1\"", "tls_config: {min_version: s3cr3t}", "%s3cr3t a\n---\n", "a: !s3cr3t!b c", "<<: s3cr3t", "a: s3cr3t: b",
	} {
		f.Add(content)
	}
	file := filepath.Join(f.TempDir(), "file")
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := httpSettings(file); err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", content, err)
		}
	})
}

// FuzzLoad: no URL, period or token makes Load panic or show a secret.
func FuzzLoad(f *testing.F) {
	const secret = "hunter2hunter2"
	for _, url := range []string{
		"http://joe:%s@h", "http://joe:%%s%s@h", "joe:%s@h", "//joe:%s@h", "http:joe:%s@h", "ftp://joe:%s@h",
		"http://joe:a/%s@h", "http://joe:a?%s@h", "http://joe:a#%s@h", "http://h:x/?token=%s", "http://h/?a=b@c%s",
		"http://joe:%s@h:99999", "http://joe:%s@", "http://joe:%s@[::1", "http://h/#%s", " http://%s@h", "http://joe:%s@h\x7f",
	} {
		f.Add(strings.Replace(url, "%s", secret, 1), "1h")
	}
	f.Fuzz(func(t *testing.T, url, period string) {
		if strings.ContainsRune(url+period, 0) || strings.Contains(period, secret) {
			t.Skip()
		}
		// A secret in a URL follows one of these.
		if before, _, found := strings.Cut(url, secret); found && !strings.ContainsAny(url[len(before):], "@") && !strings.ContainsAny(before, "?#") {
			t.Skip()
		}
		var out string
		cfg, err := load(t, map[string]string{"PROMETHEUS_URL": url, "TIME_PERIOD": period})
		if err != nil {
			out += err.Error()
		} else {
			out += cfg.Prometheus.Redacted()
		}
		if strings.Contains(out, secret) {
			t.Errorf("%q shows a secret: %s", url, out)
		}
	})
}
