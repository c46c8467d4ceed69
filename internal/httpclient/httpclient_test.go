package httpclient

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	promconfig "github.com/prometheus/common/config"
)

const secret = "s3cr3t"

// server keeps all that is sent to it.
type server struct {
	*httptest.Server
	seen strings.Builder
}

func newServer(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		fmt.Fprintln(&s.seen, r.Method, r.URL, r.Header, user, password, string(body))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func newClient(t *testing.T, settings string) *http.Client {
	t.Helper()
	cfg, err := promconfig.LoadHTTPConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	client, err := New(*cfg, "test", "tester/1")
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func ok(http.ResponseWriter, *http.Request) {}

// TestFilesThatChange: a file that is rotated is read again, and what is wrong with it is
// what the error says.
func TestFilesThatChange(t *testing.T) {
	for kind, settings := range map[string]string{
		"authorization": "authorization: {credentials_file: %s}",
		"bearer token":  "bearer_token_file: %s",
		"password":      "basic_auth: {username: joe, password_file: %s}",
		"header":        "http_headers: {X-Token: {files: [%s]}}",
	} {
		for name, test := range map[string]struct {
			change func(t *testing.T, file string)
			want   string
			token  bool // alone
		}{
			"deleted":   {func(_ *testing.T, file string) { os.Remove(file) }, "no such file or directory", false},
			"directory": {func(_ *testing.T, file string) { os.Remove(file); os.Mkdir(file, 0o700) }, "is a directory", false},
			"emptied":   {func(t *testing.T, file string) { write(t, file, "\n") }, "is empty: put the token into it", true},
			"two lines": {func(t *testing.T, file string) { write(t, file, "s3cr3t\ns3cr3t\n") }, "holds a control character: give the token alone, on one line", true},
		} {
			if test.token && kind != "authorization" && kind != "bearer token" {
				continue
			}
			t.Run(kind+" "+name, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "token")
				write(t, file, "first\n")
				upstream := newServer(t, ok)
				client := newClient(t, fmt.Sprintf(settings, file))
				for _, token := range []string{"first", "second"} {
					write(t, file, token+"\n")
					resp, err := client.Get(upstream.URL)
					if err != nil {
						t.Fatal(err)
					}
					resp.Body.Close()
					if !strings.Contains(upstream.seen.String(), token) {
						t.Errorf("%s was not sent: %s", token, &upstream.seen)
					}
				}
				test.change(t, file)
				_, err := client.Get(upstream.URL)
				own, ok := errors.AsType[*CredentialsError](err)
				if !ok || !strings.Contains(own.Error(), file) || !strings.Contains(own.Error(), test.want) || strings.Contains(own.Error(), secret) {
					t.Errorf("error %v, want one of %s that says %s", err, file, test.want)
				}
			})
		}
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		elsewhere := newServer(t, ok)
		upstream := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, code)
		})
		resp, err := newClient(t, "follow_redirects: true\nauthorization: {credentials: s3cr3t}").Get(upstream.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != code || elsewhere.seen.Len() > 0 || !strings.Contains(upstream.seen.String(), "Bearer "+secret) {
			t.Errorf("%d: answered %s; elsewhere saw %s", code, resp.Status, &elsewhere.seen)
		}
	}
}

// grants are the settings of each OAuth2 grant, for a token server.
func grants(t *testing.T) map[string]string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	write(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
	return map[string]string{
		"client credentials": "oauth2: {client_id: joe, client_secret: s3cr3t, token_url: %q, scopes: [a, b], endpoint_params: {c: d}}",
		"JWT":                "oauth2: {client_id: joe, grant_type: \"urn:ietf:params:oauth:grant-type:jwt-bearer\", client_certificate_key_file: " + file + ", token_url: %q}",
	}
}

func TestNoTokenServersRedirectIsFollowed(t *testing.T) {
	for grant, settings := range grants(t) {
		for _, code := range []int{302, 307, 308} {
			t.Run(fmt.Sprint(grant, " ", code), func(t *testing.T) {
				elsewhere, upstream := newServer(t, ok), newServer(t, ok)
				issuer := newServer(t, func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, elsewhere.URL+"/?"+secret, code)
				})
				_, err := newClient(t, fmt.Sprintf(settings, issuer.URL)).Get(upstream.URL)
				own, ok := errors.AsType[*CredentialsError](err)
				if want := fmt.Sprintf("the token server %s answers %d %s", strings.TrimPrefix(issuer.URL, "http://"), code, http.StatusText(code)); !ok || own.Error() != want {
					t.Errorf("error %v, want %s", err, want)
				}
				if elsewhere.seen.Len() > 0 || upstream.seen.Len() > 0 || issuer.seen.Len() == 0 {
					t.Errorf("the issuer saw %s\nelsewhere saw %s\nthe upstream saw %s", &issuer.seen, &elsewhere.seen, &upstream.seen)
				}
			})
		}
	}
}

func TestOAuth2(t *testing.T) {
	for grant, settings := range grants(t) {
		t.Run(grant, func(t *testing.T) {
			issued := 0
			issuer := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				issued++
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, issued)
			})
			upstream := newServer(t, ok)
			client := newClient(t, fmt.Sprintf(settings, issuer.URL))
			for range 3 {
				resp, err := client.Get(upstream.URL)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			if issued != 1 || strings.Count(upstream.seen.String(), "Bearer token-1") != 3 {
				t.Errorf("%d tokens issued; the upstream saw %s", issued, &upstream.seen)
			}
			if !strings.Contains(upstream.seen.String()+issuer.seen.String(), "tester/1") {
				t.Errorf("not by this program: %s", &upstream.seen)
			}
		})
	}
}

// TestOAuth2SecretInAFile: a secret that is rotated is used at once, whatever token there is.
func TestOAuth2SecretInAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	issuer := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"token","token_type":"Bearer","expires_in":3600}`)
	})
	upstream := newServer(t, ok)
	client := newClient(t, fmt.Sprintf("oauth2: {client_id: joe, client_secret_file: %s, token_url: %q}", file, issuer.URL))
	for _, credential := range []string{"first", "second"} {
		write(t, file, credential+"\n")
		resp, err := client.Get(upstream.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if !strings.Contains(issuer.seen.String(), "joe "+credential) {
			t.Errorf("%s was not used: %s", credential, &issuer.seen)
		}
	}
	os.Remove(file)
	if _, err := client.Get(upstream.URL); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v does not name the file", err)
	}
}

// TestTokenServersThatFail: it may echo what it was sent, and its URL may hold a secret.
func TestTokenServersThatFail(t *testing.T) {
	refuses := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, body)
		}
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"refused":        {refuses(`{"error":"invalid_client","error_description":"s3cr3t"}`), "the token server HOST answers 401 Unauthorized: invalid_client"},
		"refused, echo":  {refuses(`{"error":"s3cr3t"}`), "the token server HOST answers 401 Unauthorized"},
		"no JSON":        {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "s3cr3t") }, "the token of HOST cannot be used: oauth2: server response missing access_token"},
		"no answer":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "the token server HOST does not answer: EOF"},
		"an empty token": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "access_token=") }, "the token of HOST cannot be used: oauth2: server response missing access_token"},
	} {
		t.Run(name, func(t *testing.T) {
			upstream, issuer := newServer(t, ok), newServer(t, test.answer)
			host := strings.TrimPrefix(issuer.URL, "http://")
			_, err := newClient(t, fmt.Sprintf("oauth2: {client_id: joe, client_secret: s3cr3t, token_url: %q}", "http://joe:s3cr3t@"+host+"/?key=s3cr3t")).Get(upstream.URL)
			own, ok := errors.AsType[*CredentialsError](err)
			if want := strings.ReplaceAll(test.want, "HOST", host); !ok || own.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
			if upstream.seen.Len() > 0 {
				t.Errorf("the upstream saw %s", &upstream.seen)
			}
		})
	}
}

func TestNoManagerOfSecrets(t *testing.T) {
	cfg, err := promconfig.LoadHTTPConfig("oauth2: {client_id: joe, client_secret_ref: a, token_url: http://h}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(*cfg, "test", ""); err == nil {
		t.Error("a reference was taken")
	}
}
