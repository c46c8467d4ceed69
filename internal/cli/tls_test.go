package cli

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
