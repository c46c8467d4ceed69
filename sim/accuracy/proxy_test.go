package accuracy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"
)

// proxy is something before a server.
func proxy(t *testing.T, server *url.URL, before func(http.Handler) http.Handler) *url.URL {
	t.Helper()
	p := httptest.NewServer(before(httputil.NewSingleHostReverseProxy(server)))
	t.Cleanup(p.Close)
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// mostRequest is how large a request some proxies let pass, in bytes.
const mostRequest = 64 << 10

func refuseBodies(status int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > mostRequest {
				w.WriteHeader(status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// refuseURLs has GET only, and that with short URLs.
func refuseURLs(status int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method != http.MethodGet:
				w.WriteHeader(http.StatusMethodNotAllowed)
			case len(r.RequestURI) > mostRequest:
				w.WriteHeader(status)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

func answered(next http.Handler, r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	next.ServeHTTP(answer, r)
	return answer
}

func pass(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	w.WriteHeader(answer.Code)
	_, _ = io.Copy(w, answer.Body)
}

// slow takes half a second for 200 kB of answer.
func slow(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := answered(next, r)
		select {
		case <-time.After(time.Duration(answer.Body.Len()) * 2500 * time.Nanosecond):
			pass(w, answer)
		case <-r.Context().Done():
		}
	})
}

// cut ends the connection after a little more than a second to what has a long answer.
func cut(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := answered(next, r)
		if answer.Body.Len() < 200_000 {
			pass(w, answer)
			return
		}
		time.Sleep(1100 * time.Millisecond)
		panic(http.ErrAbortHandler)
	})
}
