package node

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	pmodel "github.com/prometheus/common/model"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// scrapes is when Prometheus scraped a target: regularly, but for some holes.
type scrapes struct {
	cluster.Schedule
	holes cluster.Spans
}

// Scrapes of a little before a window, and of a little after it, say what was there at its ends.
const (
	before = 2 * time.Minute
	after  = 30 * time.Second
)

// scraped returns when a job's target was scraped around a window, as offsets from its start.
func (n *node) scraped(t *testing.T, job string, w windows, i int) scrapes {
	t.Helper()
	reach := before + w.period + after
	series := n.query(t, fmt.Sprintf(`up{job=%q}[%ds]`, job, int(reach.Seconds())), w.end(i).Add(after))
	if len(series) != 1 {
		t.Fatalf("%s was not scraped up to %s: %v", job, w.end(i), series)
	}
	up := series[0].Values
	offset := func(s pmodel.SamplePair) time.Duration { return s.Timestamp.Time().Sub(w.start(i)) }
	out := scrapes{Schedule: cluster.Schedule{Every: interval, Offset: offset(up[0]) % interval}}
	var holes []cluster.Span
	for at := offset(up[0]); at < w.period+after-interval; at += interval {
		worked := false
		for _, s := range up {
			worked = worked || s.Value == 1 && (offset(s)-at).Abs() < interval/2
		}
		if !worked {
			holes = append(holes, cluster.Span{From: at - interval/2, To: at + interval/2})
		}
	}
	out.holes = cluster.Union(holes...)
	return out
}

// query returns the raw samples of a selector with a range, up to a moment.
func (n *node) query(t *testing.T, selector string, at time.Time) []*pmodel.SampleStream {
	t.Helper()
	ask := url.Values{"query": {selector}, "time": {fmt.Sprint(at.Unix())}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.prometheus+"/api/v1/query?"+ask.Encode(), nil)
	programs.Must(t, err)
	resp, err := http.DefaultClient.Do(req)
	programs.Must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	programs.Must(t, err)
	var answer struct {
		Data struct{ Result []*pmodel.SampleStream }
	}
	if err := json.Unmarshal(body, &answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v: %s", selector, err, body)
	}
	return answer.Data.Result
}
