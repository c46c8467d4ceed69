// Package httpclient makes the HTTP clients that carry credentials. No redirect takes them
// elsewhere, and an error says what is wrong with a file that holds some.
package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"unicode"

	promconfig "github.com/prometheus/common/config"
)

// CredentialsError is why there are no credentials, or no certificates, to send a request with.
type CredentialsError struct{ Err error }

func (e *CredentialsError) Error() string { return e.Err.Error() }

func (e *CredentialsError) Unwrap() error { return e.Err }

// New returns a client. What files hold is read again for each request, as common's clients do.
func New(cfg promconfig.HTTPClientConfig, name, userAgent string) (*http.Client, error) {
	cfg.FollowRedirects = false
	authorization, oauth := cfg.Authorization, cfg.OAuth2
	inFile := authorization != nil && authorization.CredentialsFile != ""
	if inFile {
		cfg.Authorization = nil
	}
	cfg.OAuth2 = nil
	client, err := promconfig.NewClientFromConfig(cfg, name, promconfig.WithUserAgent(userAgent))
	if err != nil {
		return nil, err
	}
	if inFile {
		client.Transport = promconfig.NewAuthorizationCredentialsRoundTripper(authorization.Type, tokenFile(authorization.CredentialsFile), client.Transport)
	}
	if oauth != nil {
		if client.Transport, err = withOAuth2(oauth, name, userAgent, client.Transport); err != nil {
			return nil, err
		}
	}
	client.Transport = local{client.Transport}
	return client, nil
}

// local marks the failures of this side: a file that cannot be read is no server's.
type local struct{ next http.RoundTripper }

func (l local) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		err = &CredentialsError{err}
	}
	return resp, err
}

// tokenFile is a common SecretReader.
type tokenFile string

func (f tokenFile) Fetch(context.Context) (string, error) {
	token, err := ReadToken(string(f))
	if err != nil {
		return "", &CredentialsError{fmt.Errorf("the token file %s %w", string(f), err)}
	}
	return token, nil
}

func (f tokenFile) Description() string { return "file " + string(f) }

func (tokenFile) Immutable() bool { return false }

// ReadToken reads a file that holds a token. The error completes a sentence that begins with
// the file.
func ReadToken(file string) (string, error) {
	content, err := os.ReadFile(file)
	if failure, ok := errors.AsType[*fs.PathError](err); ok {
		return "", fmt.Errorf("cannot be read: %w: name a file that holds the token", failure.Err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		return "", errors.New("is empty: put the token into it")
	}
	return token, CheckToken(token)
}

// CheckToken refuses what no header can hold. The error completes a sentence.
func CheckToken(token string) error {
	if strings.ContainsFunc(token, unicode.IsControl) {
		return errors.New("holds a control character: give the token alone, on one line")
	}
	if strings.ContainsFunc(token, unicode.IsSpace) {
		return errors.New(`holds a space: give the token alone, without "Bearer"`)
	}
	return nil
}
