package delivery

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
)

// push has the receiver store one sample.
func (l *lab) push(t *testing.T, at time.Time, value float64, labels ...string) {
	t.Helper()
	series := prompb.TimeSeries{Samples: []prompb.Sample{{Value: value, Timestamp: at.UnixMilli()}}}
	for i := 0; i < len(labels); i += 2 {
		series.Labels = append(series.Labels, prompb.Label{Name: labels[i], Value: labels[i+1]})
	}
	body, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{series}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.server.JoinPath("/api/v1/write").String(), bytes.NewReader(snappy.Encode(nil, body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Encoding", "snappy")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("pushing is answered %s", resp.Status)
	}
}

// TestForeignMarkers: what somebody else calls a completion marker is none, whether it was
// scraped from a pod or pushed, and does not keep a window from being delivered.
func TestForeignMarkers(t *testing.T) {
	const marker = "seldon_exporter_window_delivered_timestamp_seconds"
	at := func(end time.Time) float64 { return float64(end.Unix()) }
	for name, test := range map[string]struct {
		value  func(end time.Time) float64
		labels []string
	}{
		"scraped from a tenant's pod": {at, []string{"__name__", marker, "instance", "10.0.0.1:80", "job", "tenant", "period", "1h"}},
		"scraped, without a number":   {func(time.Time) float64 { return math.NaN() }, []string{"__name__", marker, "instance", "10.0.0.1:80", "job", "tenant", "period", "1h"}},
		"scraped, without a job":      {at, []string{"__name__", marker, "instance", "10.0.0.1:80", "period", "1h"}},
		"pushed beside no window":     {at, []string{"__name__", marker, "period", "1h", "pod", "x"}},
		"pushed with another value":   {func(time.Time) float64 { return 1 }, []string{"__name__", marker, "period", "1h", "pod", "x"}},
	} {
		for server, receiver := range receivers {
			t.Run(fmt.Sprint(name, ", ", server), func(t *testing.T) {
				t.Parallel()
				l := receiver.start(t)
				a := l.averages(0, 10)
				end := a.Window.End
				l.push(t, end, test.value(end), test.labels...)
				w := l.writer(t, receiver.version)
				if got, err := w.Delivered(t.Context(), a.Window.Start, end); err != nil || len(got) > 0 {
					t.Errorf("before the delivery there is %v, %v", got, err)
				}
				mustDeliver(t, w, a)
				if n := l.proxy.requests(); n != 3 {
					t.Errorf("%d requests, want 3", n)
				}
				if got, err := w.Delivered(t.Context(), a.Window.Start, end); err != nil || !got.Has(end) {
					t.Errorf("after the delivery there is %v, %v", got, err)
				}
			})
		}
	}
}

// TestLabelsOfScrapedSeries: an exporter may add them itself.
func TestLabelsOfScrapedSeries(t *testing.T) {
	l := start(t, 0)
	a := l.averages(0, 10)
	labelled := func(c *remotewrite.Config) { c.Labels = map[string]string{"job": "exporter", "instance": "a"} }
	mustDeliver(t, l.writer(t, labelled), a)
	if got, err := l.writer(t, labelled).Delivered(t.Context(), a.Window.Start, a.Window.End); err != nil || !got.Has(a.Window.End) {
		t.Errorf("there is %v, %v", got, err)
	}
	if got, err := l.writer(t).Delivered(t.Context(), a.Window.Start, a.Window.End); err != nil || len(got) > 0 {
		t.Errorf("for an exporter that adds none there is %v, %v", got, err)
	}
}
