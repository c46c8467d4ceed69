package promapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	recognizeAgain   = time.Hour        // what is behind a URL may change
	recognizeSooner  = time.Minute      // after no answer
	recognizeTimeout = 10 * time.Second // of each question
)

// recognized is the engine behind a client's URL.
type recognized struct {
	forced bool
	info   *prometheus.GaugeVec

	mu     sync.Mutex
	known  bool
	engine Engine
	build  BuildInfo
	until  time.Time
}

func newRecognized(setting string) *recognized {
	r := &recognized{
		forced: setting != Auto,
		engine: unknownEngine(),
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "seldon_exporter_upstream_info",
			Help: "1, with the engine behind the upstream's URL, and its version where it says one.",
		}, []string{"engine", "version"}),
	}
	if r.forced {
		r.engine, r.known = EngineNamed(setting), true
	}
	return r
}

// show sets the metric.
func (r *recognized) show() {
	r.info.Reset()
	r.info.WithLabelValues(r.engine.Name, r.build.Version).Set(1)
}

// Engine returns which engine is asked. It is recognized at the first request, and again after
// errors, and now and then.
func (c *Client) Engine(ctx context.Context) Engine {
	r := c.engine
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.forced || now.Before(r.until) {
		return r.engine
	}
	engine, build, err := c.recognize(ctx)
	if err != nil {
		r.until = now.Add(recognizeSooner)
		c.cfg.Log.Debug("Engine not recognized", "err", err)
		return r.engine
	}
	changed := !r.known || engine.Name != r.engine.Name || build.Version != r.build.Version
	r.known, r.engine, r.build, r.until = true, engine, build, now.Add(recognizeAgain)
	if changed {
		c.cfg.Log.Info("Engine recognized", "engine", engine.Name, "version", build.Version)
		r.show()
	}
	return engine
}

// doubt has the engine recognized again, after a failure that another engine may explain.
func (r *recognized) doubt(err error) {
	switch KindOf(err) {
	case Unreachable, Unavailable, NotPrometheus, NotOffered, Rejected, Malformed:
		r.mu.Lock()
		r.until = time.Time{}
		r.mu.Unlock()
	}
}

// recognize asks which engine there is. An error means that it is not known now.
func (c *Client) recognize(ctx context.Context) (Engine, BuildInfo, error) {
	build, err := c.BuildInfo(ctx)
	if err != nil && !saysNo(err) {
		return Engine{}, build, err
	}
	for _, e := range slices.Backward(Engines()) {
		if err == nil && !e.shows(build) || err != nil && e.confirm == nil {
			continue
		}
		if e.confirm != nil {
			switch no := c.ask(ctx, *e.confirm, nil); {
			case no != nil && !saysNo(no):
				return Engine{}, build, no
			case no != nil:
				continue
			}
		}
		if e.Borrowed {
			build.Version = ""
		}
		return e, build, nil
	}
	return unknownEngine(), build, nil
}

// saysNo says whether a failure is an answer to the question: there is no such thing here.
func saysNo(err error) bool {
	switch KindOf(err) {
	case NotPrometheus, NotOffered, Rejected, Unauthorized, Malformed:
		return true
	}
	return false
}

// BuildInfo returns what the server says of itself. Each field may be empty.
func (c *Client) BuildInfo(ctx context.Context) (BuildInfo, error) {
	var build BuildInfo
	return build, c.ask(ctx, question{endpoint: "status/buildinfo"}, &build)
}

// question asks an endpoint that answers with JSON.
type question struct {
	endpoint string
	params   url.Values
}

// ask asks once. It reads the answer's data, unless into is nil.
func (c *Client) ask(ctx context.Context, q question, into any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, recognizeTimeout, errNoTime)
	defer cancel()
	return c.try(ctx, &asked{c: c, question: q, into: into})
}

// asked is an exchange that answers a question.
type asked struct {
	c *Client
	question
	into any
}

func (a *asked) request(ctx context.Context) (*http.Request, error) {
	u := a.c.endpoint(a.endpoint)
	query := u.Query()
	for name, values := range a.params {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
}

func (a *asked) read(_ *http.Response, content io.Reader) error {
	var answer struct {
		Status string          `json:"status"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(content, 1<<20)).Decode(&answer); err != nil {
		return fmt.Errorf("%w: %w", errNotPrometheus, err)
	}
	if answer.Status != "success" || answer.Data == nil {
		return fmt.Errorf("%w: it has no status and data", errNotPrometheus)
	}
	if a.into == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Data, a.into); err != nil {
		return fmt.Errorf("%w: %w", errNotPrometheus, err)
	}
	return nil
}

func (a *asked) refused(r refusal) Kind { return kindOfRefusal(r.resp.StatusCode, r.text) }

func (a *asked) final() bool { return false }
