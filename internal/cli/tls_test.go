package cli

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// TestServesOverTLS: every page is served as --web.config.file says.
func TestServesOverTLS(t *testing.T) {
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
	prometheus := httptest.NewServer(http.HandlerFunc(nothing))
	defer prometheus.Close()

	lender := httptest.NewTLSServer(nil) // it lends a certificate and a client that trusts it
	defer lender.Close()
	key, err := x509.MarshalPKCS8PrivateKey(lender.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	settings := fmt.Sprintf("tls_server_config: {cert_file: %q, key_file: %q}\n",
		file(t, encode("CERTIFICATE", lender.Certificate().Raw)), file(t, encode("PRIVATE KEY", key)))

	e := launch(t, prometheus.URL, "--web.config.file="+file(t, settings))
	resp, err := lender.Client().Get(strings.Replace(e.url, "http:", "https:", 1) + "/-/healthy")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.TLS == nil {
		t.Errorf("answered %s over TLS", resp.Status)
	}
	if code, body := e.get(t, "/-/healthy"); code != http.StatusBadRequest {
		t.Errorf("answered %d %q without TLS", code, body)
	}
	e.cancel()
	if code := e.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestAuthentication: who is not let in gets nothing of any page, and nothing done.
func TestAuthentication(t *testing.T) {
	t.Setenv("PROMETHEUS_SELDON_TOKEN", "")
	prometheus := httptest.NewServer(http.HandlerFunc(nothing))
	defer prometheus.Close()
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	e := launch(t, prometheus.URL, "--web.enable-lifecycle", "--web.config.file="+file(t, fmt.Sprintf("basic_auth_users: {reader: %q}\n", hash)))
	answer := func(method, path string, enter bool) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, e.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if enter {
			req.SetBasicAuth("reader", "secret")
		}
		return answered(t, req)
	}
	for _, path := range []string{
		"/", "/?format=json", "/config", "/doctor", "/style.css", "/model/n/t/m", "/nothing", "/metrics", "/-/healthy", "/-/ready",
	} {
		if got, body := answer(http.MethodGet, path, false); got != http.StatusUnauthorized || len(body) > 20 {
			t.Errorf("%s: answered %d %q to somebody unknown", path, got, body)
		}
		if got, body := answer(http.MethodGet, path, true); got == http.StatusUnauthorized || len(body) == 0 {
			t.Errorf("%s: answered %d %q to who may see it", path, got, body)
		}
	}
	if got, _ := answer(http.MethodPost, "/-/reload", false); got != http.StatusUnauthorized {
		t.Errorf("a reload by somebody unknown was answered with %d", got)
	}
	if got, body := answer(http.MethodPost, "/-/reload", true); got != http.StatusOK {
		t.Errorf("a reload was answered with %d %q", got, body)
	}
	e.cancel()
	if code := e.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
