package httpclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	promconfig "github.com/prometheus/common/config"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// tokenTimeout is how long a token server may take.
const tokenTimeout = 30 * time.Second

// withOAuth2 adds tokens of a token server to requests. Common's own round tripper would follow
// that server's redirects, with the client's secret, and leaves nobody a way to forbid it.
func withOAuth2(cfg *promconfig.OAuth2, name, userAgent string, next http.RoundTripper) (http.RoundTripper, error) {
	if cfg.ClientSecretRef != "" || cfg.ClientCertificateKeyRef != "" {
		return nil, errors.New("there is no manager for secrets that are given by reference")
	}
	client, err := promconfig.NewClientFromConfig(promconfig.HTTPClientConfig{TLSConfig: cfg.TLSConfig, ProxyConfig: cfg.ProxyConfig},
		name+"_oauth2", promconfig.WithUserAgent(userAgent))
	if err != nil {
		return nil, err
	}
	client.Timeout = tokenTimeout
	return &oauth2.Transport{Source: &tokens{cfg: cfg, client: client}, Base: next}, nil
}

// tokens gets a token when there is none that is valid, or when the credential has changed.
type tokens struct {
	cfg    *promconfig.OAuth2
	client *http.Client

	mu         sync.Mutex
	credential string
	token      *oauth2.Token
}

// Token returns a valid token.
func (t *tokens) Token() (*oauth2.Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	credential, file := string(t.cfg.ClientSecret), t.cfg.ClientSecretFile
	if t.isJWT() {
		credential, file = string(t.cfg.ClientCertificateKey), t.cfg.ClientCertificateKeyFile
	}
	if file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		credential = strings.TrimSpace(string(content))
	}
	if t.token.Valid() && credential == t.credential {
		return t.token, nil
	}
	token, err := t.source(credential).Token()
	if err != nil {
		return nil, &CredentialsError{t.failure(err)}
	}
	t.credential, t.token = credential, token
	return token, nil
}

func (t *tokens) isJWT() bool {
	return t.cfg.GrantType == "urn:ietf:params:oauth:grant-type:jwt-bearer"
}

func (t *tokens) source(credential string) oauth2.TokenSource {
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, t.client)
	c, params := t.cfg, url.Values{}
	for name, value := range c.EndpointParams {
		params.Set(name, value)
	}
	if !t.isJWT() {
		return (&clientcredentials.Config{
			ClientID: c.ClientID, ClientSecret: credential, Scopes: c.Scopes, TokenURL: c.TokenURL, EndpointParams: params,
		}).TokenSource(ctx)
	}
	algorithm, _ := jwt.GetSigningMethod(cmp.Or(c.SignatureAlgorithm, "RS256")).(*jwt.SigningMethodRSA)
	return (&promconfig.JwtGrantTypeConfig{
		PrivateKey: []byte(credential), PrivateKeyID: c.ClientCertificateKeyID, SigningAlgorithm: algorithm,
		Iss: cmp.Or(c.Iss, c.ClientID), Subject: c.ClientID, Audience: c.Audience, PrivateClaims: c.Claims,
		Scopes: c.Scopes, TokenURL: c.TokenURL, EndpointParams: params,
	}).TokenSource(ctx)
}

// failure says what became of a token, without what the server says: it may echo the secret.
func (t *tokens) failure(err error) error {
	var host string
	if u, parseErr := url.Parse(t.cfg.TokenURL); parseErr == nil {
		host = u.Host
	}
	if refusal, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		said := refusal.Response.Status
		if slices.Contains([]string{"invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_grant_type"}, refusal.ErrorCode) {
			said += ": " + refusal.ErrorCode
		}
		return fmt.Errorf("the token server %s answers %s", host, said)
	}
	if failure, ok := errors.AsType[*url.Error](err); ok { // it repeats the URL, and what may be secret in it
		return fmt.Errorf("the token server %s does not answer: %w", host, failure.Err)
	}
	return fmt.Errorf("the token of %s cannot be used: %w", host, err)
}
