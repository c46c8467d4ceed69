package accuracy

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Answer is what the query API says. Of a refused query, only Error is set.
type Answer struct {
	Error string
	Data  struct {
		Result []Row
		Stats  struct {
			Samples struct{ TotalQueryableSamples, PeakSamples int64 }
		}
	}
}

// Row is one series of an answer: at one moment, or at several.
type Row struct {
	Metric map[string]string
	Value  [2]json.RawMessage
	Values [][2]json.RawMessage
}

// Number returns the value at the one moment.
func (r Row) Number() (float64, error) { return number(r.Value) }

// Sum adds up the values at several moments.
func (r Row) Sum() (float64, error) {
	var sum float64
	for _, pair := range r.Values {
		v, err := number(pair)
		if err != nil {
			return 0, err
		}
		sum += v
	}
	return sum, nil
}

// Moments returns the first and the last of several moments.
func (r Row) Moments() (first, last time.Time, err error) {
	var at [2]float64
	for i, pair := range [][2]json.RawMessage{r.Values[0], r.Values[len(r.Values)-1]} {
		if err := json.Unmarshal(pair[0], &at[i]); err != nil {
			return time.Time{}, time.Time{}, err
		}
	}
	return time.UnixMilli(int64(at[0] * 1000)), time.UnixMilli(int64(at[1] * 1000)), nil
}

func number(pair [2]json.RawMessage) (float64, error) {
	var text string
	if err := json.Unmarshal(pair[1], &text); err != nil {
		return 0, err
	}
	return strconv.ParseFloat(text, 64)
}

// Ask evaluates an expression. That Prometheus refuses it is part of the answer.
func Ask(ctx context.Context, base *url.URL, expr string, at time.Time) (Answer, error) {
	return ask(ctx, base.JoinPath("api/v1/query"), url.Values{"query": {expr}, "time": {at.Format(time.RFC3339Nano)}, "stats": {"all"}})
}

// AskRange evaluates an expression at every step, the last moment included.
func AskRange(ctx context.Context, base *url.URL, expr string, from, to time.Time, step time.Duration) (Answer, error) {
	return ask(ctx, base.JoinPath("api/v1/query_range"), url.Values{
		"query": {expr}, "start": {from.Format(time.RFC3339Nano)}, "end": {to.Format(time.RFC3339Nano)}, "step": {step.String()},
	})
}

func ask(ctx context.Context, endpoint *url.URL, form url.Values) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	var answer Answer
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return Answer{}, fmt.Errorf("%s: status %d: %w", form.Get("query"), resp.StatusCode, err)
	}
	// The order of an answer is not defined, and ways take the last of several rows.
	slices.SortStableFunc(answer.Data.Result, func(a, b Row) int { return cmp.Compare(a.key(), b.key()) })
	return answer, nil
}

// key orders rows by their labels.
func (r Row) key() string {
	text, _ := json.Marshal(r.Metric) // by name
	return string(text)
}

// keyed is what a row says of a key.
type keyed[K comparable] struct {
	key   K
	row   Row
	value float64
}

// last returns what rows say, in their order. Where rows have the same key, the last one counts:
// so do systems that put them into a map.
func last[K comparable](answer Answer, key func(Row) K, value func(Row) (float64, error)) ([]keyed[K], error) {
	var all []keyed[K]
	at := map[K]int{}
	for _, row := range answer.Data.Result {
		v, err := value(row)
		if err != nil {
			return nil, err
		}
		k := key(row)
		if i, ok := at[k]; ok {
			all[i] = keyed[K]{k, row, v}
			continue
		}
		at[k] = len(all)
		all = append(all, keyed[K]{k, row, v})
	}
	return all, nil
}
