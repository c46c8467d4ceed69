package promapi

import (
	"math"
	"net/http"
	"testing"
	"time"
)

// TestKindOfRefusal has each engine's own words.
func TestKindOfRefusal(t *testing.T) {
	for _, c := range []struct {
		status int
		text   string
		want   Kind
	}{
		// Prometheus
		{422, "execution: query processing would load too many samples into memory in query execution", TooExpensive},
		{400, "bad_data: exceeded maximum resolution of 11,000 points per timeseries", TooExpensive},
		{400, "exceeded sample limit (50000000)", TooExpensive},
		{503, "timeout: query timed out in expression evaluation", Timeout},
		{422, "execution: expanding series: context deadline exceeded", Timeout},
		{422, "execution: many-to-many matching not allowed", Rejected},
		// Thanos
		{422, "execution: exceeded series limit: limit 2 violated (got 3)", TooExpensive},
		{500, "rpc error: code = ResourceExhausted desc = exceeded chunks limit: limit 2 violated (got 3)", TooExpensive},
		{422, "execution: exceeded bytes limit: limit 2 violated (got 3)", TooExpensive},
		{422, "execution: expanding series: proxy Series(): fetch series for {prometheus=\"a\"} Addr: 127.0.0.1:1: rpc error: code = Unavailable desc = connection error: dial tcp: i/o timeout", Unavailable},
		{422, "execution: expanding series: proxy Series(): No StoreAPIs available", Unavailable},
		// VictoriaMetrics
		{422, "cannot select more than -search.maxSamplesPerQuery=1 samples; possible solutions: increase the -search.maxSamplesPerQuery", TooExpensive},
		{422, "the number of matching timeseries exceeds 10; either narrow down the search or increase -search.max* command-line flag values", TooExpensive},
		{429, "couldn't start executing the request in 10.0 seconds, since -search.maxConcurrentRequests=2 concurrent requests are executed", Throttled},
		{503, "cannot handle more than 2 concurrent search requests during 10s; possible solutions: increase -search.maxQueueDuration, -search.maxConcurrentRequests", Throttled},
		// Mimir
		{422, "the query exceeded the maximum number of chunks (limit: 2 chunks) (err-mimir-max-chunks-per-query). Consider reducing the time range", TooExpensive},
		{422, "the query exceeded the maximum number of series (limit: 2 series) (err-mimir-max-series-per-query)", TooExpensive},
		{422, "the query exceeded the aggregated chunks size limit (limit: 2 bytes) (err-mimir-max-chunks-bytes-per-query)", TooExpensive},
		{429, "the request has been rejected because the tenant exceeded the request rate limit (err-mimir-tenant-max-request-rate)", Throttled},
		// Cortex
		{422, "the query hit the max number of chunks limit while fetching chunks from ingesters (limit: 2)", TooExpensive},
		{422, "the query hit the max number of series limit (limit: 2 series)", TooExpensive},
		{422, "the query hit the aggregated data size limit (limit: 2 bytes)", TooExpensive},
		{422, "the query hit the aggregated chunks size limit (limit: 2 bytes)", TooExpensive},
		{422, "the query time range exceeds the limit (query length: 2h, limit: 1h)", TooExpensive},
		{429, "too many outstanding requests", Throttled},
		// Proxies
		{413, "", TooExpensive}, {414, "", TooExpensive}, {431, "", TooExpensive},
		{504, "", Timeout}, {502, "", Unavailable}, {307, "", NotPrometheus}, {418, "", Rejected},
	} {
		if got := kindOfRefusal(c.status, c.text); got != c.want {
			t.Errorf("%d %s: got %s, want %s", c.status, c.text, got, c.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                              0,
		"soon":                          0,
		"-5":                            0,
		"0":                             0,
		"120":                           2 * time.Minute,
		"1000000000":                    1e9 * time.Second,
		"99999999999":                   math.MaxInt64 / time.Second * time.Second,
		"99999999999999999999999999":    math.MaxInt64 / time.Second * time.Second,
		"Thu, 05 Mar 2026 00:01:00 GMT": time.Minute,
		"Wed, 04 Mar 2026 00:01:00 GMT": 0,
		"Fri, 31 Dec 9999 23:59:59 GMT": math.MaxInt64,
	} {
		resp := &http.Response{Header: http.Header{"Retry-After": {header}}}
		if got := RetryAfter(resp, now); got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
}
