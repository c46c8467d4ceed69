package engines

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// moment is when an exporter is killed that delivers.
type moment string

const (
	before moment = "before" // its request arrives
	during moment = "during" // the request: it is stored, and the answer is lost
	after  moment = "after"  // it has its answer
)

// trap stands before a receiver, and kills who delivers at one of the requests.
type trap struct {
	url *url.URL

	mu     sync.Mutex
	moment moment
	left   int64 // requests until then
	kill   func()
}

func newTrap(t *testing.T, receiver *url.URL) *trap {
	t.Helper()
	p := &trap{}
	to := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: receiver.Scheme, Host: receiver.Host})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		moment, kill := p.next()
		switch {
		case kill == nil:
			to.ServeHTTP(w, req)
			return
		case moment == during:
			to.ServeHTTP(httptest.NewRecorder(), req)
		case moment == after:
			to.ServeHTTP(w, req)
			_ = http.NewResponseController(w).Flush()
			kill()
			return
		}
		kill()
		panic(http.ErrAbortHandler)
	}))
	proxy.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(proxy.Close)
	u, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	p.url = u.JoinPath(receiver.Path)
	return p
}

// set has the exporter killed at a request, counted from 1.
func (p *trap) set(at moment, request int64, kill func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moment, p.left, p.kill = at, request, kill
}

// next counts a request, and returns how to kill who sends it if that is to be.
func (p *trap) next() (moment, func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left--; p.left != 0 {
		return "", nil
	}
	return p.moment, p.kill
}
