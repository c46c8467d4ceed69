package promapi

import (
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	promconfig "github.com/prometheus/common/config"
)

// writings are the ways in which a server may write what it was sent.
var writings = map[string]func(string) string{
	"plain":        func(s string) string { return s },
	"Go's JSON":    goJSON,
	"JSON in JSON": func(s string) string { return goJSON(goJSON(s)) },
	"Gson's JSON": func(s string) string {
		return strings.NewReplacer("=", `\u003d`, "'", `\u0027`, "&", `\u0026`).Replace(plainJSON(s))
	},
	"upper case JSON": func(s string) string { return strings.NewReplacer("=", `\u003D`, "<", `\u003C`).Replace(plainJSON(s)) },
	"PHP's JSON":      func(s string) string { return strings.ReplaceAll(plainJSON(s), "/", `\/`) },
	"ASCII JSON":      asciiJSON,
	"Go":              func(s string) string { return unquoted(strconv.Quote(s)) },
	"ASCII Go":        func(s string) string { return unquoted(strconv.QuoteToASCII(s)) },
	"a query":         url.QueryEscape,
	"a path":          url.PathEscape,
	"lower case":      func(s string) string { return strings.ToLower(url.QueryEscape(strings.ToLower(s))) },
	"all of it":       percent,
	"twice":           func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"HTML":            html.EscapeString,
	"XML": func(s string) string {
		return strings.NewReplacer("&", "&amp;", "'", "&apos;", `"`, "&quot;", "<", "&lt;", ">", "&gt;").Replace(s)
	},
	"a URL in JSON": func(s string) string { return goJSON(url.QueryEscape(s)) },
	"cut":           func(s string) string { return s[:len(s)*3/4] },
	"cut, in a URL": func(s string) string { e := url.QueryEscape(s); return e[len(e)/4:] },
}

func goJSON(s string) string {
	b, _ := json.Marshal(s)
	return unquoted(string(b))
}

func plainJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	return unquoted(strings.TrimSpace(b.String()))
}

func asciiJSON(s string) string {
	var b strings.Builder
	for _, r := range plainJSON(s) {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

func unquoted(s string) string { return s[1 : len(s)-1] }

func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// TestScrub hides random secrets in every writing.
func TestScrub(t *testing.T) {
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	alphabet := []rune(`abcXYZ019-._~+/=<>&'"\%#? äß€😀`)
	for n := range 50 {
		var b strings.Builder
		for range 16 + random.IntN(30) {
			b.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		text := b.String()
		for name, write := range writings {
			if name == "lower case" {
				text = strings.ToLower(text)
			}
			written := write(text)
			got := scrub("it says: "+written+" is wrong", []secret{{text: "other"}, {text, true}})
			if strings.Contains(decoded(got), decoded(text[4:16])) || strings.Contains(got, text[4:16]) {
				t.Fatalf("seed %d, %d, %s: %q is left in %q", seed, n, name, text, got)
			}
			if !strings.HasPrefix(name, "cut") && got != "it says: "+hidden+" is wrong" {
				t.Fatalf("seed %d, %d, %s: %q became %q", seed, n, name, written, got)
			}
		}
	}
}

func TestScrubKeeps(t *testing.T) {
	for _, c := range []struct {
		name, text string
		secrets    []secret
		want       string
	}{
		{"nothing secret", "too many samples", nil, "too many samples"},
		{"no such secret", "too many samples", []secret{{"hunter2", true}}, "too many samples"},
		{"a tenant of one letter", "a query of a tenant", []secret{{"a", false}}, "a query of a tenant"},
		{"a password of one letter", "a query", []secret{{"q", true}}, ""},
		{"a word that begins alike", "Prometheus says no", []secret{{"prometheus-reader", false}}, "Prometheus says no"},
		{"one secret in another", "user-and-more", []secret{{"user", false}, {"user-and-more", true}}, hidden},
		{"nothing", "", []secret{{"", true}}, ""},
		{"a query stays as it is", `100%25 of a+b="x\\y"`, []secret{{"hunter2", true}}, `100%25 of a+b="x\\y"`},
	} {
		if got := scrub(c.text, c.secrets); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestSecretsOfARequest: what stands in the settings for HTTP, and in the URL, is in no error,
// whichever way a gateway shows it.
func TestSecretsOfARequest(t *testing.T) {
	const token, header, query = "t0k/en=<hunter2>", "head'er/hunter2&more", "que ry/hunter2="
	for name, write := range writings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{200, 400, 401, 422, 500} {
				up, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
					w.WriteHeader(status)
					_, sent, _ := strings.Cut(r.Header.Get("Authorization"), " ")
					text := fmt.Sprint(write(sent), " ", write(r.Header.Get("X-Key")), " ", write(r.URL.Query().Get("key")))
					if status == 200 {
						fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[]},"warnings":[%s]}`, quoted(text))
						return
					}
					fmt.Fprintf(w, `{"status":"error","errorType":"timeout","error":%s}`, quoted(text))
				}, func(c *Config) {
					c.URL.RawQuery = url.Values{"key": {query}}.Encode()
					c.HTTP.Authorization = &promconfig.Authorization{Type: "Bearer", Credentials: token}
					c.HTTP.HTTPHeaders = &promconfig.Headers{Headers: map[string]promconfig.Header{"X-Key": {Secrets: []promconfig.Secret{header}}}}
				})
				_, err := once(t, up)
				if want := map[int]Kind{200: Partial, 400: Timeout, 401: Unauthorized, 422: Timeout, 500: Timeout}[status]; KindOf(err) != want {
					t.Errorf("%d: got %v, want %s: the kind is not for the secret to decide", status, err, want)
				}
				if text := err.Error(); strings.Contains(text, "hunter2") || strings.Contains(decoded(text), "hunter2") {
					t.Errorf("%d: %s", status, text)
				}
			}
		})
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func BenchmarkScrub(b *testing.B) {
	token := strings.Repeat("eyJhbGciOiJSUzI1NiIsImtpZCI6I", 40)
	text := strings.Repeat("query processing would load too many samples into memory ", 20)
	for name, text := range map[string]string{"without": text, "plain": text + token, "encoded": text + percent(token)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				scrub(text, []secret{{token, true}})
			}
		})
	}
}
