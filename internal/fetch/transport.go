package fetch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// Transport is a way in which raw samples travel.
type Transport string

// The transports.
const (
	Auto       Transport = "auto" // what the engine has for it, and PromQL where that is not offered
	RemoteRead Transport = "remote-read"
	Export     Transport = "native-export" // VictoriaMetrics'
	PromQL     Transport = "promql"
)

// Transports returns every value of the setting.
func Transports() []Transport { return []Transport{Auto, RemoteRead, Export, PromQL} }

const (
	askAgain   = time.Hour      // for how long it is taken for granted that a transport is not offered
	proveAgain = 24 * time.Hour // for how long an export is believed
)

// chosen is the transport in use. Auto asks over the engine's own first, remembers where that is
// not offered, and asks again now and then: a proxy's rules may change.
type chosen struct {
	setting Transport
	limit   int64 // of an answer's bytes, 0 for any number
	now     func() time.Time
	log     *slog.Logger

	mu      sync.Mutex
	last    Transport            // by which there was an answer
	refused time.Time            // when the engine's own was last not offered, zero if it was
	proven  map[string]time.Time // when an export said what queries say, by the question's name
}

func (c *chosen) current(engine promapi.Engine) Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.setting != Auto:
		return c.setting
	case !c.refused.IsZero() && c.now().Sub(c.refused).Abs() < askAgain:
		return PromQL
	case engine.RemoteRead:
		return RemoteRead
	case engine.Export:
		return Export
	}
	return PromQL
}

// request is what is read at once.
type request struct {
	question  string // its name
	selectors []promapi.Selector
	span      timeline.Span
	keep      func(*promapi.Series) // nil for all of a series
}

// read asks over the transport in use, and where that is not offered over PromQL.
func (c *chosen) read(ctx context.Context, api API, r request) (answer, error) {
	by := c.current(api.Engine(ctx))
	if by == PromQL {
		a, err := c.readPromQL(ctx, api, r)
		c.answered(PromQL, err)
		return a, err
	}
	a, refusal := c.readAtOnce(ctx, api, by, r)
	c.answered(by, refusal)
	switch {
	case c.setting != Auto:
		return a, refusal
	case refusal == nil && by == Export:
		return c.prove(ctx, api, r, a)
	case !mayNotBeOffered(refusal):
		return a, refusal
	}
	// A proxy that forbids this path may allow queries: what they say counts.
	a, err := c.readPromQL(ctx, api, r)
	a.requests++
	c.answered(PromQL, err)
	if err == nil || promapi.KindOf(refusal) == promapi.NotOffered {
		c.fallBack(by, refusal)
	}
	return a, err
}

var errNotTheSame = errors.New("queries say something else")

// prove reads what was exported by queries, too, unless the same question has shown lately that
// they say the same. The format of an export may change with a release of its server, which does
// not say which one it is. What proves it does not count as the window's samples.
func (c *chosen) prove(ctx context.Context, api API, r request, exported answer) (answer, error) {
	c.mu.Lock()
	at, ok := c.proven[r.question]
	c.mu.Unlock()
	if ok && c.now().Sub(at).Abs() < proveAgain {
		return exported, nil
	}
	a, err := c.readPromQL(ctx, api, r)
	a.requests += exported.requests
	switch {
	case err != nil:
	case !same(exported.series, a.series):
		c.answered(PromQL, nil)
		c.fallBack(Export, errNotTheSame)
	case len(a.series) > 0: // nothing proves nothing
		c.mu.Lock()
		c.proven[r.question] = c.now()
		c.mu.Unlock()
	}
	return a, err
}

// same says whether two answers have the same series, in whatever order. One that several
// selectors select may be there several times.
func same(a, b []promapi.Series) bool {
	byKey := func(all []promapi.Series) map[string]promapi.Series {
		out := make(map[string]promapi.Series, len(all))
		for _, s := range all {
			out[key(s.Labels)] = s
		}
		return out
	}
	return maps.EqualFunc(byKey(a), byKey(b), func(x, y promapi.Series) bool {
		return slices.Equal(x.Samples, y.Samples) && slices.Equal(x.Ends, y.Ends)
	})
}

func (c *chosen) answered(by Transport, err error) {
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = by
}

// answer is what came of one question, over whatever transport.
type answer struct {
	series   []promapi.Series
	samples  int64 // that were read
	held     int64 // of these at once
	requests int
}

func (c *chosen) fallBack(from Transport, refusal error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused.IsZero() {
		c.log.Info("Samples are read by PromQL", "instead_of", from, "err", refusal)
	}
	c.refused = c.now()
}

// mayNotBeOffered says whether a failure is the endpoint's, and not what was asked of it.
func mayNotBeOffered(err error) bool {
	switch promapi.KindOf(err) {
	case promapi.NotOffered, promapi.NotPrometheus, promapi.Rejected:
		return true
	case promapi.Unauthorized:
		e, ok := errors.AsType[*promapi.Error](err)
		return ok && e.Status == http.StatusForbidden
	}
	return false
}

// readAtOnce reads all selectors by one request.
func (c *chosen) readAtOnce(ctx context.Context, api API, by Transport, r request) (answer, error) {
	a, room, keeper := answer{requests: 1}, room{answer: c.limit}, promapi.Keeper{}
	take := func(s promapi.Series) error {
		a.samples += int64(len(s.Samples))
		if r.keep != nil {
			r.keep(&s)
		}
		a.held += int64(len(s.Samples))
		a.series = append(a.series, keeper.Keep(s))
		return room.take(s)
	}
	var err error
	if by == Export {
		err = api.Export(ctx, r.selectors, r.span.From, r.span.To, take)
	} else {
		err = api.Read(ctx, r.selectors, r.span.From, r.span.To, func(_ int, s promapi.Series) error { return take(s) })
	}
	if err != nil {
		return answer{requests: 1}, blame(r.selectors, err)
	}
	return a, nil
}

// readPromQL reads each selector by a query of its own.
func (c *chosen) readPromQL(ctx context.Context, api API, r request) (answer, error) {
	a, room := answer{}, room{answer: c.limit}
	for _, sel := range r.selectors {
		found, err := api.RawRange(ctx, sel, r.span.From, r.span.To)
		a.requests++
		if err != nil {
			return answer{requests: a.requests}, blame([]promapi.Selector{sel}, err)
		}
		var samples int64
		for i := range found.Series {
			samples += int64(len(found.Series[i].Samples))
			if r.keep != nil {
				r.keep(&found.Series[i])
			}
		}
		a.samples, a.held = a.samples+samples, max(a.held, samples)
		a.series = append(a.series, found.Series...)
		if err := room.take(found.Series...); err != nil {
			return answer{requests: a.requests}, blame([]promapi.Selector{sel}, err)
		}
	}
	return a, nil
}

// blame names what was selected where that can be what is wrong. The reader is spared the
// list of pods.
func blame(selectors []promapi.Selector, err error) error {
	if promapi.KindOf(err).HitsEveryQuery() || len(selectors) == 0 {
		return err
	}
	const most = 120
	text := selectors[0].String()
	if len(text) > most {
		text = text[:most] + "..."
	}
	return fmt.Errorf("%w (selector: %s)", err, text)
}
