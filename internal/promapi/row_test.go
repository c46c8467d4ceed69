package promapi

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func answerOf(kind, rows string) string {
	return fmt.Sprintf(`{"status":"success","data":{"resultType":%q,"result":[%s]}}`, kind, rows)
}

func TestRows(t *testing.T) {
	a := Labels{{"pod", "a"}}
	for _, c := range []struct {
		name, kind, rows string
		want             []Series // nil: it is malformed
	}{
		{"a sample", "vector", `{"metric":{"pod":"a"},"value":[1.5,"2"]}`, []Series{{Labels: a, Samples: []Sample{{1500, 2}}}}},
		{"samples", "matrix", `{"metric":{"pod":"a"},"values":[[1.5,"2"],[2,"3"]]}`, []Series{{Labels: a, Samples: []Sample{{1500, 2}, {2000, 3}}}}},
		{"labels in another order", "vector", `{"metric":{"b":"2","a":"1"},"value":[1,"2"]}`, []Series{{Labels: Labels{{"a", "1"}, {"b", "2"}}, Samples: []Sample{{1000, 2}}}}},
		{"no labels", "vector", `{"metric":{},"value":[1,"2"]}`, []Series{{Samples: []Sample{{1000, 2}}}}},

		{"without a value", "vector", `{"metric":{"pod":"a"}}`, nil},
		{"with a null value", "vector", `{"metric":{"pod":"a"},"value":null}`, nil},
		{"with an empty value", "vector", `{"metric":{"pod":"a"},"value":[]}`, nil},
		{"with two values", "vector", `{"metric":{"pod":"a"},"value":[1,"1"],"value":[2,"2"]}`, nil},
		{"with a list of values in a vector", "vector", `{"metric":{"pod":"a"},"values":[[1,"1"]]}`, nil},
		{"without values", "matrix", `{"metric":{"pod":"a"}}`, nil},
		{"with null for values", "matrix", `{"metric":{"pod":"a"},"values":null}`, nil},
		{"with no values", "matrix", `{"metric":{"pod":"a"},"values":[]}`, nil},
		{"with one value in a matrix", "matrix", `{"metric":{"pod":"a"},"value":[1,"1"]}`, nil},
		{"with a value and values", "matrix", `{"metric":{"pod":"a"},"values":[[1,"1"]],"value":[1,"1"]}`, nil},
		{"null", "vector", `null`, nil},
		{"empty", "vector", `{}`, nil},
		{"a label twice", "vector", `{"metric":{"pod":"a","pod":"b"},"value":[1,"1"]}`, nil},
		{"a label that is a number", "vector", `{"metric":{"pod":1},"value":[1,"1"]}`, nil},
		{"a histogram", "vector", `{"metric":{"pod":"a"},"histogram":[1,{}]}`, nil},
		{"a time that is none", "vector", `{"metric":{"pod":"a"},"value":[1e300,"1"]}`, nil},
		{"a time that is text", "vector", `{"metric":{"pod":"a"},"value":["1","1"]}`, nil},
		{"a value that is a number", "vector", `{"metric":{"pod":"a"},"value":[1,1]}`, nil},
		{"three parts of a sample", "vector", `{"metric":{"pod":"a"},"value":[1,"1",1]}`, nil},

		{"NaN in a vector", "vector", `{"metric":{"pod":"a"},"value":[1,"NaN"]}`, nil},
		{"Inf in a vector", "vector", `{"metric":{"pod":"a"},"value":[1,"-Inf"]}`, nil},
		{"Inf in a matrix", "matrix", `{"metric":{"pod":"a"},"values":[[1,"+Inf"]]}`, []Series{{Labels: a, Samples: []Sample{{1000, math.Inf(1)}}}}},
		{"VictoriaMetrics' staleness markers", "matrix", `{"metric":{"pod":"a"},"values":[[1,"2"],[2,"NaN"],[3,"4"],[4,"NaN"]]}`,
			[]Series{{Labels: a, Samples: []Sample{{1000, 2}, {3000, 4}}, Ends: []int64{2000, 4000}}}},
		{"nothing but a marker", "matrix", `{"metric":{"pod":"a"},"values":[[2,"NaN"]]}`, []Series{{Labels: a, Ends: []int64{2000}}}},
		{"two samples of one time", "matrix", `{"metric":{"pod":"a"},"values":[[1,"2"],[2,"5"],[2,"3"],[2,"6"],[2,"NaN"],[3,"1"]]}`,
			[]Series{{Labels: a, Samples: []Sample{{1000, 2}, {2000, 6}, {3000, 1}}}}},
		{"out of order", "matrix", `{"metric":{"pod":"a"},"values":[[2,"2"],[1,"5"]]}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			up, _ := client(t, answer(200, answerOf(c.kind, c.rows)))
			got, err := once(t, up)
			if c.want == nil {
				if KindOf(err) != Malformed {
					t.Errorf("got %v, %v, want %s", got, err, Malformed)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Series); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRawRange(t *testing.T) {
	var asked url.Values
	up, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = r.PostForm
		fmt.Fprint(w, answerOf("matrix", `{"metric":{"pod":"a"},"values":[[3600,"1"],[3600.001,"2"],[7199.999,"3"],[7200,"4"]]},{"metric":{"pod":"b"},"values":[[3599,"1"]]}`))
	})
	got, err := up.RawRange(t.Context(), Selector{{MatchEqual, "__name__", "m"}, {MatchRegexp, "pod", "a|b"}}, 3600001, 7200000)
	if err != nil {
		t.Fatal(err)
	}
	want := &Answer{Series: []Series{{Labels: Labels{{"pod", "a"}}, Samples: []Sample{{3600001, 2}, {7199999, 3}}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wanted := url.Values{"query": {`{__name__="m",pod=~"a|b"}[3599999ms]`}, "time": {"7199.999"}, "timeout": {"5000ms"}}
	if diff := cmp.Diff(wanted, asked); diff != "" {
		t.Error(diff)
	}
}

// TestEndless: an answer without end is cut at the limit. What is allocated in all is more than
// what is held at once: a buffer that grows is allocated several times over.
func TestEndless(t *testing.T) {
	const limit = 1 << 20
	const begin = `{"status":"success","data":{"resultType":"matrix","result":[`
	for _, c := range []struct {
		name, begin, repeat string
		want                error // nil: whatever it is
		most                uint64
	}{
		{"spaces", "", " ", errTooLarge, 5 * limit},
		{"spaces before a row", begin, " ", errTooLarge, 5 * limit},
		{"a string", begin + `{"metric":{"pod":"`, "x", errTooLarge, 5 * limit},
		{"a string that is skipped", `{"more":"`, "x", errTooLarge, 5 * limit},
		{"an object that is skipped", `{"more":{`, `"a":{"b":[1,2,3]},`, errTooLarge, limit},
		{"rows", begin, `{"metric":{"pod":"a"},"values":[[1,"1"],[2,"2"]]},`, errTooLarge, 8 * limit},
		{"empty rows", begin, `{},`, nil, limit},
		{"short rows", begin, `{"value":[1,"1"]},`, errTooLarge, 12 * limit},
		{"samples", begin + `{"metric":{},"values":[`, `[1,"1"],`, errTooLarge, 8 * limit},
		{"warnings", `{"warnings":[`, `"x",`, errTooLarge, limit},
		{"depth", "", "[", nil, limit},
	} {
		t.Run(c.name, func(t *testing.T) {
			content := strings.NewReader(c.begin + strings.Repeat(c.repeat, 10*limit/len(c.repeat)))
			resp := &http.Response{Header: http.Header{}, Body: io.NopCloser(content)}
			var err error
			used := allocated(func() {
				_, err = decode(&body{resp: resp, left: limit, limit: limit}, newBuilder(math.MinInt64, math.MaxInt64, limit))
			})
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if used > c.most {
				t.Errorf("%d bytes were allocated, want at most %d", used, c.most)
			}
		})
	}
}
