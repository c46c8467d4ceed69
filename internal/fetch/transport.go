package fetch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// Transport is a way in which raw samples travel.
type Transport string

// The transports.
const (
	Auto       Transport = "auto" // remote read where the engine has it and it is offered
	RemoteRead Transport = "remote-read"
	PromQL     Transport = "promql"
)

// Transports returns every value of the setting.
func Transports() []Transport { return []Transport{Auto, RemoteRead, PromQL} }

// askAgain is how long it is taken for granted that remote read is not offered.
const askAgain = time.Hour

// chosen is the transport in use. Auto asks for remote read first, remembers where that is
// not offered, and asks again now and then: a proxy's rules may change.
type chosen struct {
	setting Transport
	limit   int64 // of an answer's bytes, 0 for any number
	now     func() time.Time
	log     *slog.Logger

	mu      sync.Mutex
	last    Transport // by which there was an answer
	refused time.Time // when remote read was last not offered, zero if it was
}

func (c *chosen) current(engine promapi.Engine) Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.setting != Auto:
		return c.setting
	case !engine.RemoteRead:
		return PromQL
	case !c.refused.IsZero() && c.now().Sub(c.refused).Abs() < askAgain:
		return PromQL
	}
	return RemoteRead
}

// read asks over the transport in use, and where remote read is not offered over PromQL.
func (c *chosen) read(ctx context.Context, api API, selectors []promapi.Selector, span timeline.Span, keep func(*promapi.Series)) (answer, error) {
	if c.current(api.Engine(ctx)) == PromQL {
		a, err := c.readPromQL(ctx, api, selectors, span, keep)
		c.answered(PromQL, err)
		return a, err
	}
	a, refusal := c.readRemote(ctx, api, selectors, span, keep)
	c.answered(RemoteRead, refusal)
	if c.setting != Auto || !mayNotBeOffered(refusal) {
		return a, refusal
	}
	// A proxy that forbids this path may allow queries: what they say counts.
	a, err := c.readPromQL(ctx, api, selectors, span, keep)
	a.requests++
	c.answered(PromQL, err)
	if err == nil || promapi.KindOf(refusal) == promapi.NotOffered {
		c.fallBack(refusal)
	}
	return a, err
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

func (c *chosen) fallBack(refusal error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused.IsZero() {
		c.log.Info("Remote read is not offered, samples are read by PromQL", "err", refusal)
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

// readRemote reads all selectors by one request.
func (c *chosen) readRemote(ctx context.Context, api API, selectors []promapi.Selector, span timeline.Span, keep func(*promapi.Series)) (answer, error) {
	a, room, keeper := answer{requests: 1}, room{answer: c.limit}, promapi.Keeper{}
	err := api.Read(ctx, selectors, span.From, span.To, func(_ int, s promapi.Series) error {
		a.samples += int64(len(s.Samples))
		if keep != nil {
			keep(&s)
		}
		a.held += int64(len(s.Samples))
		a.series = append(a.series, keeper.Keep(s))
		return room.take(s)
	})
	if err != nil {
		return answer{requests: 1}, blame(selectors, err)
	}
	return a, nil
}

// readPromQL reads each selector by a query of its own.
func (c *chosen) readPromQL(ctx context.Context, api API, selectors []promapi.Selector, span timeline.Span, keep func(*promapi.Series)) (answer, error) {
	a, room := answer{}, room{answer: c.limit}
	for _, sel := range selectors {
		found, err := api.RawRange(ctx, sel, span.From, span.To)
		a.requests++
		if err != nil {
			return answer{requests: a.requests}, blame([]promapi.Selector{sel}, err)
		}
		var samples int64
		for i := range found.Series {
			samples += int64(len(found.Series[i].Samples))
			if keep != nil {
				keep(&found.Series[i])
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
