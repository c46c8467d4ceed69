package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// httpSettings reads a file of HTTP client settings. Of the file's content, an error shows only
// names of known fields: everything else may be a secret.
func httpSettings(file string) (promconfig.HTTPClientConfig, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return promconfig.HTTPClientConfig{}, fmt.Errorf("cannot be used: %s", reason(err))
	}
	cfg, err := promconfig.LoadHTTPConfig(string(content))
	if err != nil {
		return promconfig.HTTPClientConfig{}, fmt.Errorf("cannot be used: %s", fault(string(content), err.Error()))
	}
	if err := usable(cfg); err != nil {
		return promconfig.HTTPClientConfig{}, fmt.Errorf("cannot be used: %w", err)
	}
	cfg.SetDirectory(filepath.Dir(file))
	return *cfg, nil
}

// fault says what is wrong with a file's content. It repeats the error's text only if that
// begins like a message without values.
func fault(content, text string) string {
	fixed := regexp.MustCompile(`^(?:yaml: )?((?:line \d+: )?(?:did not find|found|could not find|mapping values|block sequence|control characters|` +
		`at most one|exactly one|if proxy|if no_proxy|authorization |oauth2 |valid signature|tls_config|setting header) ?.*)$`)
	if match := fixed.FindStringSubmatch(text); match != nil {
		return match[1]
	}
	var all []string
	for _, match := range regexp.MustCompile(`(?m)^ *line (\d+): .*(cannot unmarshal|not found in type|already set in).*$`).FindAllStringSubmatch(text, -1) {
		where := "line " + match[1]
		switch field := fieldIn(content, match[1]); {
		case match[2] == "not found in type":
			all = append(all, where+": an unknown field")
		case match[2] == "already set in":
			all = append(all, where+field+": a field that is set twice")
		default:
			all = append(all, where+field+": a value of another type than the field has")
		}
	}
	switch {
	case all != nil:
		return strings.Join(all, ", ")
	case strings.HasPrefix(text, "parse "):
		return "proxy_url is not a URL"
	case strings.HasPrefix(text, "unknown TLS version"):
		return "min_version or max_version is not a TLS version: write TLS12 or TLS13"
	}
	return "a value that cannot be read"
}

// fieldIn returns the first field that a line sets, in parentheses, if it is a known field.
func fieldIn(content, line string) string {
	known := map[string]bool{}
	addFields(known, reflect.TypeFor[promconfig.HTTPClientConfig]())
	lines := strings.Split(content, "\n")
	if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(lines) {
		if name, _, ok := strings.Cut(strings.TrimLeft(lines[n-1], " {-"), ":"); ok && known[name] {
			return " (" + name + ")"
		}
	}
	return ""
}

func addFields(known map[string]bool, t reflect.Type) {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Map, reflect.Slice}, t.Kind()) {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		known[name] = true
		addFields(known, t.Field(i).Type)
	}
}

// usable refuses values that would otherwise fail later, in an error that shows them.
func usable(cfg *promconfig.HTTPClientConfig) error {
	noURL := func(u *url.URL, err error) bool {
		return err != nil || u != nil && (u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme))
	}
	headers := slices.Collect(maps.Keys(cfg.ProxyConnectHeader))
	if cfg.HTTPHeaders != nil {
		headers = slices.AppendSeq(headers, maps.Keys(cfg.HTTPHeaders.Headers))
	}
	token := regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$") // RFC 9110, section 5.6.2
	switch o := cfg.OAuth2; {
	case noURL(cfg.ProxyURL.URL, nil) || o != nil && noURL(o.ProxyURL.URL, nil):
		return errors.New("proxy_url is not a URL")
	case o != nil && noURL(url.Parse(o.TokenURL)):
		return errors.New("token_url is not a URL")
	case slices.ContainsFunc(headers, func(name string) bool { return !token.MatchString(name) }):
		return errors.New("http_headers or proxy_connect_header has an invalid header name")
	}
	return nil
}
