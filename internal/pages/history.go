package pages

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

const (
	mostPoints    = 720 // of one plot
	historyLimit  = 15 * time.Second
	mostHistories = 64 // are kept
)

// Ranger evaluates a query over a range of time. A promapi.Client is one.
type Ranger interface {
	Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) (*promapi.Answer, error)
}

// Recorded says where and how the averages of past windows are stored: scraped, or delivered
// with their window's end as timestamp.
type Recorded struct {
	API        Ranger
	Delivered  bool             // windows are delivered
	Match      promapi.Selector // what delivered series have besides, such as labels of remote write
	Timestamps bool             // what is scraped has its window's end as timestamp, too
}

// history is a model's values in past windows.
type history struct {
	from, to time.Time     // of the windows' ends: (from, to]
	step     time.Duration // from one end to the next
	points   []point       // in order of time; windows that are not recorded are not there
}

// point is one window's values, in the order of the metrics.
type point struct {
	end    time.Time
	values []metric.Value
}

// span is a time for which plots can be asked.
type span struct {
	key, title string
	length     time.Duration
}

func spans() []span {
	const day = 24 * time.Hour
	return []span{{"24h", "24 hours", day}, {"7d", "7 days", 7 * day}, {"30d", "30 days", 30 * day}}
}

// stride returns the windows' ends to show of a span, and the step between them: all of them,
// or every n-th where they are too many.
func stride(now time.Time, period time.Duration, s span) (from, to time.Time, step time.Duration) {
	windows := int64(s.length / period)
	step = time.Duration(max(1, (windows+mostPoints-1)/mostPoints)) * period
	to = floor(now, step)
	return to.Add(-max(step, s.length/step*step)), to, step
}

// floor returns the newest multiple of a step since the Unix epoch.
func floor(t time.Time, step time.Duration) time.Time {
	ms := step.Milliseconds()
	return time.UnixMilli(t.UnixMilli() / ms * ms).UTC()
}

// historyKey is what a history is of.
type historyKey struct {
	model workload.Model
	span  string
	to    int64 // ms
}

// history reads a model's past windows, once for each newest one.
func (s *site) history(ctx context.Context, u *upstream, m workload.Model, of span) (*history, error) {
	from, to, step := stride(s.Now(), s.Period, of)
	return u.histories.get(ctx, historyLimit, historyKey{m, of.key, to.UnixMilli()}, func(ctx context.Context) (*history, error) {
		answer, err := u.Recorded.API.Range(ctx, s.expression(u, m), from.Add(step), to, step)
		if err != nil {
			return nil, err
		}
		h := &history{from: from, to: to, step: step}
		h.fill(s.Table, answer)
		return h, nil
	})
}

// expression returns the query whose value at a window's end is the window's. What is delivered,
// or computed by backfill, has that timestamp. A scraped value is served until the next window has
// settled: that moment, one period later, is when it is read, and the range leaves out the time
// in which the window before may still be served.
func (s *site) expression(u *upstream, m workload.Model) string {
	selector := promapi.Selector{{Type: promapi.MatchRegexp, Name: "__name__", Value: strings.Join(s.Table.Names(), "|")}}
	by := []string{"__name__", "namespace", "type", "name"}
	equal := func(name, value string) {
		selector = append(selector, promapi.Matcher{Type: promapi.MatchEqual, Name: name, Value: value})
	}
	equal("namespace", m.Namespace)
	equal("type", m.Type)
	equal("name", m.Name)
	if s.Clusters {
		by = append(by, "cluster")
		equal("cluster", m.Cluster)
	}
	labels := strings.Join(by, ", ")
	read := func(job promapi.MatchType, match promapi.Selector, within time.Duration, offset string) string {
		all := slices.Concat(selector, promapi.Selector{{Type: job, Name: "job"}}, match) // what is scraped has a job
		return fmt.Sprintf("max by (%s) (last_over_time(%s[%dms]%s))", labels, all, within.Milliseconds(), offset)
	}
	delivered := read(promapi.MatchEqual, u.Recorded.Match, s.Period/2, "")
	scraped := read(promapi.MatchNotEqual, nil, s.Period/2, "")
	if !u.Recorded.Timestamps {
		scraped = read(promapi.MatchNotEqual, nil, s.Period*5/6, fmt.Sprintf(" offset -%dms", (s.Period+u.SettleDelay).Milliseconds()))
	}
	return fmt.Sprintf("%s or on (%s) %s", delivered, labels, scraped)
}

// fill enters an answer.
func (h *history) fill(t metric.Table, answer *promapi.Answer) {
	at := map[int64]int{}
	for _, series := range answer.Series {
		n := t.Index(series.Labels.Get("__name__"))
		if n < 0 {
			continue
		}
		for _, sample := range series.Samples {
			i, ok := at[sample.T]
			if !ok {
				i = len(h.points)
				at[sample.T] = i
				h.points = append(h.points, point{time.UnixMilli(sample.T).UTC(), make([]metric.Value, len(t.Metrics))})
			}
			h.points[i].values[n] = metric.Value{V: sample.V, OK: sample.V-sample.V == 0}
		}
	}
	slices.SortFunc(h.points, func(a, b point) int { return a.end.Compare(b.end) })
}

// with returns the history with the window that is served, which need not be recorded yet. The
// values that are served count.
func (h *history) with(a *ledger.Averages, m *ledger.Model) *history {
	more := *h
	if a == nil || m == nil || a.Window.End.Before(h.from) {
		return &more
	}
	more.points = slices.DeleteFunc(slices.Clone(h.points), func(p point) bool { return !p.end.Before(a.Window.End) })
	more.points = append(more.points, point{a.Window.End, m.Values})
	if a.Window.End.After(more.to) {
		more.from, more.to = more.from.Add(a.Window.End.Sub(more.to)), a.Window.End
	}
	return &more
}
