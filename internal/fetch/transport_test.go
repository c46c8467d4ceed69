package fetch

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi/promapitest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

func failure(kind promapi.Kind, status int) error {
	return &promapi.Error{Kind: kind, Status: status, Err: errors.New("no")}
}

// byTransport refuses the engine's own way, and queries, with what is not nil.
func byTransport(own, query error) func(promapitest.Request) error {
	return func(r promapitest.Request) error {
		if r.Remote || r.Export {
			return own
		}
		return query
	}
}

// upOf is a server with one series.
func upOf(refuse func(promapitest.Request) error) *promapitest.Server {
	s := &promapitest.Server{Refuse: refuse}
	s.Add("up", promapitest.At(1, promapitest.Every(1000, 0, 59_000)...), "job", "x")
	return s
}

// ask asks for up, and says whether the answer is the series.
func ask(t *testing.T, f *Fetcher) (bool, error) {
	t.Helper()
	series, err := All(t.Context(), f.Windows(1), Question[struct{}]{
		Name: "up", Span: timeline.Span{From: 0, To: 60_000}, Series: 1,
		Select: func([]struct{}) []promapi.Selector {
			return []promapi.Selector{{{Name: "__name__", Value: "up"}}}
		},
	})
	return len(series) == 1 && len(series[0].Samples) == 60, err
}

// transports lists by what requests came.
func transports(requests []promapitest.Request) string {
	var all []string
	for _, r := range requests {
		switch {
		case r.Remote:
			all = append(all, "read")
		case r.Export:
			all = append(all, "export")
		default:
			all = append(all, "query")
		}
	}
	return strings.Join(all, " ")
}

func TestTransport(t *testing.T) {
	notOffered, notFound := failure(promapi.NotOffered, 404), failure(promapi.NotPrometheus, 404)
	forbidden, unauthorized := failure(promapi.Unauthorized, 403), failure(promapi.Unauthorized, 401)
	rejected, down := failure(promapi.Rejected, 400), failure(promapi.Unavailable, 503)
	for _, c := range []struct {
		name          string
		setting       Transport
		remote, query error
		asked         string       // by two questions
		kind          promapi.Kind // of the failure of the first, "" for none
		then          Transport    // how it is read from then on
	}{
		{"remote read is offered", Auto, nil, nil, "read read", "", RemoteRead},
		{"it is not", Auto, notOffered, nil, "read query query", "", PromQL},
		{"its path is something else's", Auto, notFound, nil, "read query query", "", PromQL},
		{"a proxy forbids it, and allows queries", Auto, forbidden, nil, "read query query", "", PromQL},
		{"a proxy forbids both", Auto, forbidden, forbidden, "read query read query", promapi.Unauthorized, RemoteRead},
		{"a proxy rejects it, and allows queries", Auto, rejected, nil, "read query query", "", PromQL},
		{"what is asked is wrong", Auto, rejected, rejected, "read query read query", promapi.Rejected, RemoteRead},
		{"it is not offered, and the query fails", Auto, notOffered, down, "read query query", promapi.Unavailable, PromQL},
		{"no credentials", Auto, unauthorized, nil, "read read", promapi.Unauthorized, RemoteRead},
		{"the server is down", Auto, down, nil, "read read", promapi.Unavailable, RemoteRead},
		{"remote read alone, not offered", RemoteRead, notOffered, nil, "read read", promapi.NotOffered, RemoteRead},
		{"remote read alone, forbidden", RemoteRead, forbidden, nil, "read read", promapi.Unauthorized, RemoteRead},
		{"queries alone", PromQL, nil, nil, "query query", "", PromQL},
		{"queries alone, down", PromQL, nil, down, "query query", promapi.Unavailable, PromQL},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			s := upOf(byTransport(c.remote, c.query))
			f := New(Config{API: s, Transport: c.setting, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
			answered, err := ask(t, f)
			if promapi.KindOf(err) != c.kind || answered != (c.kind == "") {
				t.Errorf("answered: %t, error %v", answered, err)
			}
			if _, again := ask(t, f); promapi.KindOf(again) != c.kind {
				t.Errorf("the second time: %v", again)
			}
			if got := transports(s.Asked()); got != c.asked {
				t.Errorf("asked by %s, want %s", got, c.asked)
			}
			if f.Transport(t.Context()) != c.then {
				t.Errorf("then by %s, want %s", f.Transport(t.Context()), c.then)
			}
			shown := c.setting // nothing was read
			if c.kind == "" {
				shown = c.then
			}
			if f.LastTransport() != shown {
				t.Errorf("shows %s, want %s", f.LastTransport(), shown)
			}
			lines := 0
			if c.setting == Auto && c.then == PromQL {
				lines = 1
			}
			if strings.Count(log.String(), "\n") != lines {
				t.Errorf("logged %q", log.String())
			}
		})
	}
}

// TestTransportIsAskedForAgain: an hour later, for a proxy's rule may have changed.
func TestTransportIsAskedForAgain(t *testing.T) {
	var log bytes.Buffer
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	refusal := failure(promapi.NotOffered, 404)
	s := upOf(func(r promapitest.Request) error { return byTransport(refusal, nil)(r) })
	f := New(Config{API: s, Transport: Auto, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for _, c := range []struct {
		name    string
		passes  time.Duration
		refusal error
		asked   string
	}{
		{"at first", 0, refusal, "read query"},
		{"an hour later, almost", askAgain - 1, nil, "query"},
		{"an hour later", 1, refusal, "read query"},
		{"which counts from then on", askAgain - 1, nil, "query"},
		{"the clock is put back by much", -10 * askAgain, nil, "read"},
		{"and it is offered", time.Second, nil, "read"},
	} {
		before := len(s.Asked())
		now, refusal = now.Add(c.passes), c.refusal
		if _, err := ask(t, f); err != nil {
			t.Fatal(err)
		}
		if got := transports(s.Asked()[before:]); got != c.asked {
			t.Errorf("%s: asked by %s, want %s", c.name, got, c.asked)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
}

// TestTransportsGiveTheSame: what is kept of a series, and what it cost.
func TestTransportsGiveTheSame(t *testing.T) {
	two := func([]string) []promapi.Selector {
		return []promapi.Selector{{{Name: "__name__", Value: "up"}}, {{Name: "__name__", Value: "down"}}}
	}
	for _, c := range []struct {
		over Transport
		want Cost
	}{
		{RemoteRead, Cost{Queries: 1, Series: 2, SamplesRead: 90, LargestSamples: 90}},
		{PromQL, Cost{Queries: 2, Series: 2, SamplesRead: 90, LargestSamples: 60}},
	} {
		s := upOf(nil)
		s.Add("down", promapitest.At(0, promapitest.Every(2000, 0, 59_000)...))
		w := New(Config{API: s, Transport: c.over, Now: time.Now, Log: slog.New(slog.DiscardHandler)}).Windows(1)
		kept := 0
		err := Each(t.Context(), w, Question[string]{
			Name: "x", Span: timeline.Span{From: 0, To: 60_000}, Series: 1, Select: two,
			Keep: func(*promapi.Series) { kept++ },
		}, []string{""}, func(_ []string, series []promapi.Series) error {
			if len(series) != 2 || len(series[0].Samples) != 60 || len(series[1].Samples) != 30 {
				t.Errorf("%s: %v", c.over, series)
			}
			return nil
		})
		if err != nil || kept != 2 || w.Cost() != c.want {
			t.Errorf("%s: kept %d, %+v, error %v", c.over, kept, w.Cost(), err)
		}
	}
}

// TestKeep: what is not kept is read, and not held.
func TestKeep(t *testing.T) {
	for _, over := range []Transport{RemoteRead, PromQL} {
		w := New(Config{API: upOf(nil), Transport: over, Now: time.Now, Log: slog.New(slog.DiscardHandler)}).Windows(1)
		series, err := All(t.Context(), w, Question[struct{}]{
			Name: "x", Span: timeline.Span{From: 0, To: 60_000}, Series: 1,
			Select: func([]struct{}) []promapi.Selector {
				return []promapi.Selector{{{Name: "__name__", Value: "up"}}}
			},
			Keep: func(s *promapi.Series) { s.Samples = nil },
		})
		if err != nil || len(series) != 1 || len(series[0].Samples) != 0 {
			t.Errorf("%s: %v, %v", over, series, err)
		}
		if c := w.Cost(); c.SamplesRead != 60 || over == RemoteRead && c.LargestSamples != 0 {
			t.Errorf("%s: %+v", over, c)
		}
	}
}

func TestBlame(t *testing.T) {
	long := promapi.Selector{{Name: "pod", Type: promapi.MatchRegexp, Value: strings.Repeat("pod-", 1000)}}
	for _, c := range []struct {
		kind promapi.Kind
		says bool
	}{
		{promapi.Rejected, true}, {promapi.TooExpensive, true}, {promapi.Malformed, true},
		{promapi.Unavailable, false}, {promapi.Unauthorized, false}, {promapi.Unreachable, false},
	} {
		err := blame([]promapi.Selector{long}, failure(c.kind, 0))
		if says := strings.Contains(err.Error(), `(selector: {pod=~"pod-`); says != c.says || promapi.KindOf(err) != c.kind {
			t.Errorf("%s: %v", c.kind, err)
		}
		if len(err.Error()) > 200 {
			t.Errorf("%s: %d bytes", c.kind, len(err.Error()))
		}
	}
}

// TestExport: what is exported is believed for a day, of each question, once queries have said the
// same.
func TestExport(t *testing.T) {
	notOffered, down := failure(promapi.NotOffered, 404), failure(promapi.Unavailable, 503)
	const day = 24 * time.Hour
	type step struct {
		question   string
		passes     time.Duration
		own, query error
		garble     func(*promapi.Series)
		asked      string
		kind       promapi.Kind
	}
	other := func(change func(*promapi.Series)) step {
		return step{"up", 0, nil, nil, change, "export query", ""}
	}
	byQuery := step{"up", askAgain - 1, nil, nil, nil, "query", ""}
	for name, steps := range map[string][]step{
		"it says the same": {
			{"up", 0, nil, nil, nil, "export query", ""},
			{"up", 0, nil, down, nil, "export", ""},
			{"pods", 0, nil, nil, nil, "export query", ""},
			{"up", day - 1, nil, down, nil, "export", ""},
			{"up", 1, nil, nil, nil, "export query", ""},
			{"up", 0, nil, down, nil, "export", ""},
		},
		"another value": {other(func(s *promapi.Series) { s.Samples[7].V++ }), byQuery, {"up", 1, nil, nil, nil, "export query", ""}},
		"another time":  {other(func(s *promapi.Series) { s.Samples[7].T++ }), byQuery},
		"a sample less": {other(func(s *promapi.Series) { s.Samples = s.Samples[1:] }), byQuery},
		"another label": {other(func(s *promapi.Series) { s.Labels = promapitest.Labels("__name__", "up", "job", "y") }), byQuery},
		"another end":   {other(func(s *promapi.Series) { s.Ends = []int64{59_500} }), byQuery},
		"not offered":   {{"up", 0, notOffered, nil, nil, "export query", ""}, byQuery},
		"down":          {{"up", 0, down, nil, nil, "export", promapi.Unavailable}, {"up", 0, nil, nil, nil, "export query", ""}},
		"queries fail":  {{"up", 0, nil, down, nil, "export query", promapi.Unavailable}, {"up", 0, nil, nil, nil, "export query", ""}},
		"nothing proves nothing": {
			{"nothing", 0, nil, nil, nil, "export query", ""},
			{"nothing", 0, nil, nil, nil, "export query", ""},
		},
	} {
		var log bytes.Buffer
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		s := upOf(nil)
		s.Behind = promapi.EngineNamed("victoriametrics")
		f := New(Config{API: s, Transport: Auto, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, nil))})
		for i, step := range steps {
			now = now.Add(step.passes)
			s.Refuse, s.Garble = byTransport(step.own, step.query), step.garble
			before := len(s.Asked())
			series, err := All(t.Context(), f.Windows(1), Question[struct{}]{
				Name: step.question, Span: timeline.Span{From: 0, To: 60_000}, Series: 1,
				Select: func([]struct{}) []promapi.Selector {
					return []promapi.Selector{{{Name: "__name__", Value: map[bool]string{true: "nothing", false: "up"}[step.question == "nothing"]}}}
				},
			})
			if got := transports(s.Asked()[before:]); promapi.KindOf(err) != step.kind || got != step.asked {
				t.Errorf("%s, %d: by %s, want %s (%v)", name, i, got, step.asked, err)
			}
			right := len(series) == 1 && len(series[0].Samples) == 60 && series[0].Samples[7].V == 1
			if err == nil && step.question != "nothing" && !right {
				t.Errorf("%s, %d: it is %v", name, i, series)
			}
		}
		if logged := strings.Contains(log.String(), "instead_of=native-export"); logged != (steps[len(steps)-1].asked == "query" || name == "another value") {
			t.Errorf("%s: logged %q", name, log.String())
		}
	}
}

// TestExportAlone: as it is set, it is believed.
func TestExportAlone(t *testing.T) {
	s := upOf(nil)
	f := New(Config{API: s, Transport: Export, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if ok, err := ask(t, f); !ok || err != nil || transports(s.Asked()) != "export" || f.LastTransport() != Export {
		t.Errorf("by %s (%v)", transports(s.Asked()), err)
	}
	s.Refuse = byTransport(failure(promapi.NotOffered, 404), nil)
	if _, err := ask(t, f); promapi.KindOf(err) != promapi.NotOffered {
		t.Errorf("not offered: %v", err)
	}
}

func TestTransportsAreListed(t *testing.T) {
	for _, transport := range []Transport{Auto, RemoteRead, Export, PromQL} {
		if !slices.Contains(Transports(), transport) {
			t.Errorf("%s is not listed", transport)
		}
	}
}

// TestBudget: a window that reads too much ends before it asks for more, and the next one may
// read as much again.
func TestBudget(t *testing.T) {
	s := upOf(nil)
	everything := request{selectors: []promapi.Selector{nil}, span: timeline.Span{From: 0, To: 60_000}}
	f := New(Config{API: s, Transport: RemoteRead, Budget: 100, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	for range 2 {
		before := len(s.Asked())
		w := f.Windows(1)
		_, first := w.read(t.Context(), everything)
		_, second := w.read(t.Context(), everything)
		_, third := w.read(t.Context(), everything)
		const says = "120 samples were read by 2 requests, and 100 may be read"
		if first != nil || promapi.KindOf(second) != promapi.OverBudget || !strings.Contains(second.Error(), says) || promapi.RetryAfterOf(second) < 365*24*time.Hour {
			t.Errorf("got %v, then %v, want it to say %q", first, second, says)
		}
		if promapi.KindOf(third) != promapi.OverBudget || len(s.Asked()) != before+2 {
			t.Errorf("asked for more, %d requests: %v", len(s.Asked())-before, third)
		}
	}
}

// TestWaitingEnds: who is to stop does not wait for a turn.
func TestWaitingEnds(t *testing.T) {
	f := New(Config{API: upOf(nil), Transport: RemoteRead, Concurrency: 1, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	f.slots <- struct{}{}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("told to stop"))
	_, err := f.Windows(1).read(ctx, request{})
	if promapi.KindOf(err) != promapi.Timeout || !strings.Contains(err.Error(), "told to stop") {
		t.Errorf("error %v", err)
	}
}
