package engines

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/promslog"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

// desk delivers windows to a receiver, by way of a trap.
type desk struct {
	*trap
	client *promapi.Client
	newest window.Window
}

func newDesk(t *testing.T, r server) *desk {
	t.Helper()
	d := &desk{trap: newTrap(t, r.write), newest: window.Containing(time.Now(), time.Hour).Previous()}
	var err error
	d.client, err = promapi.New(promapi.Config{
		URL: r.read, HTTP: headers(), Timeout: time.Minute, MaxAnswerBytes: 64 << 20, Engine: promapi.Auto, Log: promslog.NewNopLogger(),
	}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func headers() promconfig.HTTPClientConfig {
	cfg := promconfig.DefaultHTTPClientConfig
	cfg.HTTPHeaders = &promconfig.Headers{Headers: map[string]promconfig.Header{"X-Scope-OrgID": {Values: []string{tenant}}}}
	return cfg
}

// writer is a new process', so to speak.
func (d *desk) writer(t *testing.T, message remote.WriteMessageType) *remotewrite.Writer {
	t.Helper()
	w, err := remotewrite.New(remotewrite.Config{
		URL: d.url, HTTP: headers(), Timeout: 30 * time.Second, Message: message, UserAgent: "test",
		Query: d.client, Period: time.Hour, Table: metric.Default(),
	}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (d *desk) deliver(t *testing.T, a *ledger.Averages) error {
	t.Helper()
	return d.writer(t, remote.WriteV1MessageType).Deliver(t.Context(), a)
}

// killed delivers a window until its exporter is killed.
func (d *desk) killed(t *testing.T, a *ledger.Averages, moment moment, request int64) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	d.set(moment, request, kill)
	if err := d.writer(t, remote.WriteV1MessageType).Deliver(ctx, a); remotewrite.KindOf(err) != remotewrite.Transient {
		t.Fatalf("it was not killed: %v", err)
	}
}

// averages of the window that ended so many hours before the newest one.
func (d *desk) averages(hoursAgo int) *ledger.Averages {
	w := d.newest
	for range hoursAgo {
		w = w.Previous()
	}
	a := &ledger.Averages{
		Window: w, Metrics: metric.Default().Metrics,
		Coverage: []ledger.Coverage{{Source: metric.KubeStateMetrics, Ratio: 1}, {Source: metric.CAdvisor, Ratio: 0.75}},
	}
	for i := range 400 {
		m := ledger.Model{Model: workload.Model{Namespace: "seldon", Type: "SeldonDeployment", Name: fmt.Sprintf("model-%05d", i)}}
		for n := range a.Metrics {
			m.Values = append(m.Values, metric.Value{V: math.Sqrt(float64(1 + i*7 + n + 1000*hoursAgo)), OK: true})
		}
		a.Models = append(a.Models, m)
	}
	return a
}

// expect says whether these windows are there, each sample once, and no others.
func (d *desk) expect(t *testing.T, windows ...*ledger.Averages) {
	t.Helper()
	want := window.Ends{}
	for _, a := range windows {
		want.Add(a.Window.End)
	}
	var got window.Ends
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		var err error
		got, err = d.writer(t, remote.WriteV1MessageType).Delivered(t.Context(), d.newest.End.Add(-100*time.Hour), d.newest.End)
		if err != nil {
			t.Fatal(err)
		}
		if cmp.Equal(want, got) || time.Now().After(deadline) {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("delivered: %s", diff)
	}
	names := []string{remotewrite.Coverage, remotewrite.CompletionMarker}
	for _, m := range metric.Default().Metrics {
		names = append(names, m.Name)
	}
	for _, a := range windows {
		for _, name := range names { // VictoriaMetrics drops them
			answer, err := d.client.Instant(t.Context(), "count_over_time("+name+"[20m])", a.Window.End.Add(10*time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			twice := 0
			for _, s := range answer.Series {
				if s.Samples[0].V != 1 {
					twice++
				}
			}
			if len(answer.Series) == 0 || twice > 0 {
				t.Errorf("%s, %s: of %d series, %d have another number of samples than one", a.Window, name, len(answer.Series), twice)
			}
		}
	}
}

// TestWriting delivers windows as an exporter does that is killed now and then.
func TestWriting(t *testing.T) {
	each(t, receivers(), func(t *testing.T, r receiver) {
		d := newDesk(t, r.start(t))
		oldest, killed, dropped, newest := d.averages(4), d.averages(3), d.averages(2), d.averages(0)
		if err := d.deliver(t, oldest); err != nil {
			t.Fatal(err)
		}
		d.killed(t, killed, during, 2) // its averages are stored, which it does not know
		if err := d.deliver(t, killed); err != nil {
			t.Fatal(err)
		}
		d.killed(t, dropped, before, 3)
		if err := d.deliver(t, dropped); err != nil {
			t.Fatal(err)
		}
		if err := d.deliver(t, newest); err != nil {
			t.Fatal(err)
		}
		if err := d.deliver(t, newest); err != nil { // by another exporter
			t.Fatal(err)
		}
		d.expect(t, oldest, killed, dropped, newest)
	})
}

// TestWritingLate delivers windows older than those that are there.
func TestWritingLate(t *testing.T) {
	each(t, receivers(), func(t *testing.T, r receiver) {
		d := newDesk(t, r.accepting(t))
		// A Thanos Query does not ask a Receive for what is older than its first sample in order.
		all := []*ledger.Averages{d.averages(60), d.averages(0), d.averages(50), d.averages(49), d.averages(1)}
		for _, a := range all {
			if err := d.deliver(t, a); err != nil {
				t.Fatal(err)
			}
		}
		d.expect(t, all...)
	})
}

// TestWritingVersion2: VictoriaMetrics accepts such a message and stores nothing of it, which
// is noticed.
func TestWritingVersion2(t *testing.T) {
	chosen(t, "victoriametrics")
	d := newDesk(t, receivers()[0].start(t))
	err := d.writer(t, remote.WriteV2MessageType).Deliver(t.Context(), d.averages(0))
	if remotewrite.KindOf(err) != remotewrite.Misconfigured {
		t.Errorf("error %v", err)
	}
	d.expect(t)
}
