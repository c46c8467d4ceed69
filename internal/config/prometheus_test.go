package config

import (
	"fmt"
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
		"unknown key":      {"prometheus.config-file", "passwd: s3cret\n", "cannot be used: yaml: unmarshal errors: line 1: field passwd not found in type config.plain"},
		"excerpt":          {"prometheus.config-file", "basic_auth: s3cret\n", "cannot be used: yaml: unmarshal errors: line 1: cannot unmarshal !!str (value) into config.plain"},
		"two at once":      {"prometheus.config-file", "basic_auth: {username: joe}\nbearer_token: s3cret\n", "cannot be used: at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"},
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

// FuzzLoad: no URL, period or token makes Load panic or tell a secret.
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
		// Wherever a secret can stand in a URL, it is behind one of these.
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
			t.Errorf("%q tells a secret: %s", url, out)
		}
	})
}
