// Package remotewrite delivers windows to a remote-write receiver, each with its end as
// timestamp, and finds out which windows were delivered. It keeps no state: the receiver has
// what was delivered.
//
// A window is delivered in three steps, each after the one before was acknowledged: its
// coverage, which is its header; its averages; its completion marker. So a window without a
// header has no samples, and one with a completion marker is complete. For any other, the
// stored samples are read before the missing ones are sent.
package remotewrite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// samplesPerRequest is the default of Prometheus' own remote write.
const samplesPerRequest = 2000

// Querier queries the server from which delivered samples can be read.
type Querier interface {
	// Engine says which kind of server it is. The receiver is taken to be of the same kind.
	Engine(ctx context.Context) promapi.Engine
	Instant(ctx context.Context, expr string, at time.Time) (*promapi.Answer, error)
}

// Config is what a Writer works with.
type Config struct {
	URL       *url.URL // with the path
	HTTP      promconfig.HTTPClientConfig
	Timeout   time.Duration        // for one request
	Backoff   remote.BackoffConfig // between attempts at one request; a default if zero
	Message   remote.WriteMessageType
	UserAgent string
	Query     Querier // reads what was written

	// What distinguishes this exporter's windows from another's, and one upstream's from another's.
	Upstream string // its name, "" if it has none
	Period   time.Duration
	Labels   map[string]string // added to every series
	Shard    workload.Shard
	Kinds    string // separated by commas, "" for the preset ones

	Table    metric.Table
	Clusters bool   // models carry the label cluster
	Cluster  string // that all of them are in, "" if that is not known
}

// Writer delivers windows to one receiver.
type Writer struct {
	id       identity
	table    metric.Table
	period   time.Duration
	shard    workload.Shard
	query    Querier
	receiver *receiver

	mu     sync.Mutex
	unsure time.Time // when samples may last have been accepted that nobody knows of
}

// New returns a writer whose own metrics are registered on reg. Writers there share them.
func New(cfg Config, reg prometheus.Registerer) (*Writer, error) {
	receiver, err := newReceiver(cfg, reg)
	if err != nil {
		return nil, err
	}
	return &Writer{id: newIdentity(cfg), table: cfg.Table, period: cfg.Period, shard: cfg.Shard, query: cfg.Query, receiver: receiver, unsure: time.Now()}, nil
}

// Deliver writes a window's averages and then its completion marker, unless the window has
// one. It does not write stored samples again. Each request is sent a few times if that can
// help, for some minutes at most. The error is an *Error.
func (w *Writer) Deliver(ctx context.Context, a *ledger.Averages) error {
	var refusal error
	lacked := 0
	for {
		lacking, err := w.lacking(ctx, a)
		if err != nil || len(lacking) == 0 {
			return err
		}
		// After a refusal: another exporter, or an earlier request of this one, may have written
		// the samples. If not, the refusal is the result.
		if refusal != nil && len(lacking) >= lacked {
			return refusal
		}
		lacked = len(lacking)
		refusal = w.write(ctx, lacking, a.Window.End)
		if kind := KindOf(refusal); kind != Refused && kind != TooOld && kind != Partial {
			return refusal
		}
	}
}

// write sends the missing samples of a window, in order. The header and the completion marker
// are sent in requests of their own.
func (w *Writer) write(ctx context.Context, lacking []sample, end time.Time) error {
	for len(lacking) > 0 {
		n := 1
		for n < min(len(lacking), samplesPerRequest) && step(lacking[n]) == step(lacking[0]) {
			n++
		}
		engine := w.query.Engine(ctx)
		if err := w.receiver.write(ctx, w.id, lacking[:n], end, engine.HidesFor == 0); err != nil {
			w.mu.Lock()
			w.unsure = time.Now()
			w.mu.Unlock()
			return named(err, engine)
		}
		lacking = lacking[n:]
	}
	return nil
}

// named adds the engine's setting to the failure of a delivery that is too old for it.
func named(err error, engine promapi.Engine) error {
	if failure, ok := errors.AsType[*Error](err); ok && failure.Kind == TooOld {
		failure.Setting = engine.OutOfOrder
		if failure.whatever && engine.Oldest != "" {
			failure.Setting = engine.Oldest
		}
	}
	return err
}

// awaitShown waits until queries find all that was accepted of a request without an answer, or
// of an exporter that was killed before this one started.
func (w *Writer) awaitShown(ctx context.Context) error {
	hidesFor := w.query.Engine(ctx).HidesFor
	w.mu.Lock()
	wait := hidesFor - time.Since(w.unsure)
	w.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return &Error{Kind: Transient, Err: context.Cause(ctx)}
	}
}

// step names the step of the delivery that a sample belongs to.
func step(s sample) string {
	if s.metric == Coverage || s.metric == CompletionMarker {
		return s.metric
	}
	return "averages"
}

// mostWindows bounds the answer of one query for completion markers.
const mostWindows = 10_000

// Delivered returns the ends of the windows in (from, to] that have their completion marker.
// The error is an *Error.
func (w *Writer) Delivered(ctx context.Context, from, to time.Time) (window.Ends, error) {
	ends := window.Ends{}
	for from.Before(to) {
		until := to
		if latest := from.Add(mostWindows * w.period); latest.Before(to) {
			until = latest
		}
		headers, err := w.stored(ctx, selector(Coverage, w.id.added, w.id.own), from, until)
		if err != nil {
			return nil, err
		}
		markers, err := w.stored(ctx, selector(CompletionMarker, w.id.added, w.id.own), from, until)
		if err != nil {
			return nil, err
		}
		maps.Copy(ends, w.id.complete(headers, markers))
		from = until
	}
	return ends, nil
}

// stored returns the samples of the selected series in (from, to].
func (w *Writer) stored(ctx context.Context, selector string, from, to time.Time) ([]promapi.Series, error) {
	// One millisecond more: VictoriaMetrics leaves out the last sample of a range that ends at
	// midnight.
	until := to.Add(time.Millisecond)
	answer, err := w.query.Instant(ctx, fmt.Sprintf("%s[%dms]", selector, until.Sub(from).Milliseconds()), until)
	if err != nil {
		return nil, &Error{Kind: kindOfQuery(err), RetryAfter: promapi.RetryAfterOf(err), Err: fmt.Errorf("delivered windows cannot be read: %w", err)}
	}
	var rows []promapi.Series
	for _, row := range answer.Series {
		// The ranges of Prometheus 2 include their start.
		row.Samples = slices.DeleteFunc(row.Samples, func(s promapi.Sample) bool { return s.T <= from.UnixMilli() || s.T > to.UnixMilli() })
		if len(row.Samples) > 0 {
			rows = append(rows, row)
		}
	}
	return rows, nil
}
