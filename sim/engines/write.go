package engines

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/prompb"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

const (
	writeStep    = 10 * time.Minute // what is in one request is less than an hour apart: a head takes no more
	writeSamples = 10_000           // of one request
)

// store writes histories to a receiver of remote write, in order of time.
func store(ctx context.Context, receiver *url.URL, placed []accuracy.Placed) error {
	for _, p := range placed {
		feed := p.Feed()
		series := cluster.Samples(&p.History, p.Origin, feed.From, feed.To)
		for from := feed.From; from < feed.To+writeStep; from += writeStep {
			if err := write(ctx, receiver, between(series, p.Origin.Add(from).UnixMilli(), p.Origin.Add(from+writeStep).UnixMilli())); err != nil {
				return fmt.Errorf("store %s: %w", p.Name, err)
			}
		}
	}
	return nil
}

// between returns what the series have in [from, to).
func between(series []cluster.Series, from, to int64) []cluster.Series {
	var out []cluster.Series
	for _, s := range series {
		position := func(t int64) int {
			i, _ := slices.BinarySearchFunc(s.Samples, t, func(s cluster.Sample, t int64) int { return int(s.T - t) })
			return i
		}
		if some := s.Samples[position(from):position(to)]; len(some) > 0 {
			out = append(out, cluster.Series{Labels: s.Labels, Samples: some})
		}
	}
	return out
}

// write sends series, in as many requests as they need.
func write(ctx context.Context, receiver *url.URL, series []cluster.Series) error {
	var request prompb.WriteRequest
	samples := 0
	for i, s := range series {
		one := prompb.TimeSeries{}
		for _, l := range s.Labels {
			one.Labels = append(one.Labels, prompb.Label{Name: l.Name, Value: l.Value})
		}
		for _, v := range s.Samples {
			one.Samples = append(one.Samples, prompb.Sample{Timestamp: v.T, Value: v.V})
		}
		request.Timeseries = append(request.Timeseries, one)
		if samples += len(s.Samples); samples < writeSamples && i < len(series)-1 {
			continue
		}
		if err := send(ctx, receiver, &request); err != nil {
			return err
		}
		request.Timeseries, samples = request.Timeseries[:0], 0
	}
	return nil
}

func send(ctx context.Context, receiver *url.URL, request *prompb.WriteRequest) error {
	message, err := request.Marshal()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, receiver.String(), bytes.NewReader(s2.EncodeSnappy(nil, message)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	req.Header.Set("X-Scope-OrgID", tenant)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s", resp.Status, text)
	}
	return nil
}
