package delivery

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	writev2 "github.com/prometheus/client_golang/exp/api/remote/genproto/v2"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/prompb"
	"google.golang.org/protobuf/proto"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/remotewrite"
)

func answer(w http.ResponseWriter, code int, text string) bool {
	w.WriteHeader(code)
	fmt.Fprint(w, text)
	return true
}

// cut ends the connection without an answer.
func cut() bool { panic(http.ErrAbortHandler) }

// store has the receiver store a request, and keeps its answer back.
func store(r request) { r.pass(r.body).Body.Close() }

// storeHalf has the receiver store the first half of a request's series.
func storeHalf(t *testing.T, r request) (stored int) {
	body, err := snappy.Decode(nil, r.body)
	if err != nil {
		t.Error(err)
	}
	if strings.Contains(r.header.Get("Content-Type"), "v2") {
		var req writev2.Request
		if err := proto.Unmarshal(body, &req); err != nil {
			t.Error(err)
		}
		stored = len(req.Timeseries) / 2
		req.Timeseries = req.Timeseries[:stored]
		body, err = proto.Marshal(&req)
	} else {
		var req prompb.WriteRequest
		if err := req.Unmarshal(body); err != nil {
			t.Error(err)
		}
		stored = len(req.Timeseries) / 2
		req.Timeseries = req.Timeseries[:stored]
		body, err = req.Marshal()
	}
	if err != nil {
		t.Error(err)
	}
	resp := r.pass(snappy.Encode(nil, body))
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Errorf("half a request is answered %s", resp.Status)
	}
	return stored
}

// passing are faults that end: the window is delivered in spite of them.
var passing = map[string]func(*testing.T, http.ResponseWriter, request) bool{
	"500":                  func(_ *testing.T, w http.ResponseWriter, _ request) bool { return answer(w, 500, "") },
	"500, but stored":      func(_ *testing.T, w http.ResponseWriter, r request) bool { store(r); return answer(w, 500, "") },
	"500, half stored":     func(t *testing.T, w http.ResponseWriter, r request) bool { storeHalf(t, r); return answer(w, 500, "") },
	"429":                  func(_ *testing.T, w http.ResponseWriter, _ request) bool { return answer(w, 429, "") },
	"cut off":              func(*testing.T, http.ResponseWriter, request) bool { return cut() },
	"cut off, but stored":  func(_ *testing.T, _ http.ResponseWriter, r request) bool { store(r); return cut() },
	"cut off, half stored": func(t *testing.T, _ http.ResponseWriter, r request) bool { storeHalf(t, r); return cut() },
	"400, but stored":      func(_ *testing.T, w http.ResponseWriter, r request) bool { store(r); return answer(w, 400, "no") },
	"409, half stored": func(t *testing.T, w http.ResponseWriter, r request) bool {
		return storeHalf(t, r) > 0 && answer(w, 409, "no")
	},
	"hangs": func(_ *testing.T, _ http.ResponseWriter, r request) bool {
		<-r.gone
		return cut()
	},
	"hangs, but stored": func(_ *testing.T, _ http.ResponseWriter, r request) bool {
		store(r)
		<-r.gone
		return cut()
	},
	"cut off in the answer, stored": func(_ *testing.T, w http.ResponseWriter, r request) bool {
		store(r)
		w.Header().Set("Content-Length", "10")
		w.WriteHeader(200)
		return cut()
	},
}

func TestPassingFaults(t *testing.T) {
	for fault, do := range passing {
		for name, version := range versions {
			t.Run(fault+", "+name, func(t *testing.T) {
				t.Parallel()
				l := start(t, 0)
				a := l.averages(0, 600)
				l.proxy.set(func(w http.ResponseWriter, r request) bool {
					return r.n%3 == 1 && do(t, w, r) // the first of all, and others in the middle and at the end
				})
				impatient := func(c *remotewrite.Config) {
					if strings.Contains(fault, "hangs") {
						c.Timeout = time.Second / 2
					}
				}
				mustDeliver(t, l.writer(t, version, impatient), a)
				if n := l.proxy.requests(); n < 4 {
					t.Errorf("%d requests", n)
				}
				l.expect(t, a)
			})
		}
	}
}

// TestLastingFaults are those that do not end: they are told, and no window is marked.
func TestLastingFaults(t *testing.T) {
	const secret = "s3cr3t"
	for name, test := range map[string]struct {
		fault   func(http.ResponseWriter, request) bool
		version string // 1 unless it is told
		kind    remotewrite.Kind
		text    string
	}{
		"429 for long": {
			fault: func(w http.ResponseWriter, _ request) bool {
				w.Header().Set("Retry-After", "3600")
				return answer(w, 429, "slow down")
			},
			kind: remotewrite.Transient, text: "429 Too Many Requests: slow down",
		},
		"400": {
			fault: func(w http.ResponseWriter, _ request) bool { return answer(w, 400, "no") },
			kind:  remotewrite.Refused, text: "400 Bad Request: no",
		},
		"echo": {
			fault: func(w http.ResponseWriter, r request) bool {
				return answer(w, 422, r.header.Get("Authorization")+" is wrong")
			},
			kind: remotewrite.Refused, text: "422 Unprocessable Entity: Bearer <secret> is wrong",
		},
		"401": {
			fault: func(w http.ResponseWriter, _ request) bool { return answer(w, 401, "") },
			kind:  remotewrite.Refused, text: "401 Unauthorized",
		},
		"404": {
			fault: func(w http.ResponseWriter, _ request) bool { return answer(w, 404, "") },
			kind:  remotewrite.Refused, text: "404 Not Found",
		},
		"redirect": {
			fault: func(w http.ResponseWriter, _ request) bool {
				w.Header().Set("Location", "/api/v1/write")
				return answer(w, 307, "")
			},
			kind: remotewrite.Refused, text: "307 Temporary Redirect",
		},
		"413": {
			fault: func(w http.ResponseWriter, _ request) bool { return answer(w, 413, "<html>") },
			kind:  remotewrite.Refused, text: "413 Request Entity Too Large",
		},
		"Mimir": {
			fault: func(w http.ResponseWriter, _ request) bool {
				return answer(w, 400, "the sample has been rejected because its timestamp is too old (err-mimir-sample-timestamp-too-old)")
			},
			kind: remotewrite.TooOld, text: "takes nothing that old",
		},
		"a model's name": {
			fault: func(w http.ResponseWriter, _ request) bool {
				return answer(w, 400, `label value too long for series {__name__="model_cpu_limits", name="too-old"}`)
			},
			kind: remotewrite.Refused, text: "400 Bad Request: label value too long",
		},
		"a status of its own": {
			fault: func(w http.ResponseWriter, _ request) bool { return answer(w, 999, "no") },
			kind:  remotewrite.Refused, text: "answers 999",
		},
		"Thanos": {
			fault: func(w http.ResponseWriter, _ request) bool { return answer(w, 409, "conflict\n") },
			kind:  remotewrite.TooOld, text: "409 Conflict: conflict",
		},
		"future": {
			fault: func(w http.ResponseWriter, _ request) bool {
				return answer(w, 400, "out of bounds: timestamp is too far in the future")
			},
			kind: remotewrite.Refused, text: "future",
		},
		"version 2, 415": {
			fault:   func(w http.ResponseWriter, _ request) bool { return answer(w, 415, "") },
			version: "version 2", kind: remotewrite.Misconfigured, text: "does not know io.prometheus.write.v2.Request",
		},
		"version 1, 415": {
			fault: func(w http.ResponseWriter, _ request) bool { return answer(w, 415, "") },
			kind:  remotewrite.Misconfigured, text: "does not know prometheus.WriteRequest",
		},
		"version 2, no word on samples": {
			fault:   func(w http.ResponseWriter, _ request) bool { return answer(w, 204, "") },
			version: "version 2", kind: remotewrite.Misconfigured, text: "does not know io.prometheus.write.v2.Request",
		},
		"version 2, less than none written": {
			fault: func(w http.ResponseWriter, _ request) bool {
				w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", "-7")
				return answer(w, 204, "")
			},
			version: "version 2", kind: remotewrite.Partial, text: "accepted 0 of 2 samples",
		},
		"version 2, none written": {
			fault: func(w http.ResponseWriter, _ request) bool {
				w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", "0")
				return answer(w, 204, "")
			},
			version: "version 2", kind: remotewrite.Partial, text: "accepted 0 of 2 samples",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := start(t, 0)
			w := l.writer(t, versions[cmp.Or(test.version, "version 1")], func(c *remotewrite.Config) {
				c.HTTP.Authorization = &promconfig.Authorization{Type: "Bearer", Credentials: secret}
			})
			a := l.averages(0, 10)
			l.proxy.set(test.fault)
			began := time.Now()
			err := w.Deliver(t.Context(), a)
			expectError(t, err, test.kind, test.text)
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells the token: %v", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s to give up", took)
			}
			if n := l.proxy.requests(); n != 1 {
				t.Errorf("%d requests, want 1: sending again does not help", n)
			}
			l.expect(t)
			l.proxy.set(nil)
			mustDeliver(t, w, a)
			l.expect(t, a)
		})
	}
}

// TestAnOldReceiverAndVersion2: Prometheus 2.42 answers 204 and stores nothing.
func TestAnOldReceiverAndVersion2(t *testing.T) {
	l := startDebian(t)
	a := l.averages(0, 10)
	expectError(t, l.writer(t, version2).Deliver(t.Context(), a), remotewrite.Misconfigured, "does not know io.prometheus.write.v2.Request")
	l.expect(t)
	mustDeliver(t, l.writer(t), a)
	l.expect(t, a)
}

// TestPartOfARequestIsTooOld: version 2 stores the others. They are not marked, and are there
// once the receiver takes the rest.
func TestPartOfARequestIsTooOld(t *testing.T) {
	l := start(t, 0)
	newer, older := l.averages(0, 10), l.averages(1, 20)
	other := func(c *remotewrite.Config) { c.Period = 30 * time.Minute } // with the same models
	mustDeliver(t, l.writer(t, version2, other), newer)
	w := l.writer(t, version2)
	err := w.Deliver(t.Context(), older)
	expectError(t, err, remotewrite.TooOld, "takes nothing that old")
	// Twenty models, ten of which have newer samples.
	if n, want := len(l.stored(t)), (2+10*6+1)+(2+10*6); n != want {
		t.Errorf("%d samples are there, want %d", n, want)
	}
	if marked, err := w.Delivered(t.Context(), older.Window.Start, older.Window.End); err != nil || len(marked) > 0 {
		t.Errorf("marked %v, %v", marked, err)
	}
}

// TestFewerWritten: a version 2 receiver that says it wrote less than was sent, twice the
// same half where it fails at first.
func TestFewerWritten(t *testing.T) {
	l := start(t, 0)
	a := l.averages(0, 100)
	l.proxy.set(func(w http.ResponseWriter, r request) bool {
		n := storeHalf(t, r)
		if n == 0 {
			return false // one sample has no half
		}
		w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(n))
		return answer(w, []int{204, 500}[r.n%2], "")
	})
	mustDeliver(t, l.writer(t, version2), a)
	l.expect(t, a)
}

// TestReceiverDown: requests are sent a few times, and the window is there when the receiver
// is back.
func TestReceiverDown(t *testing.T) {
	l := start(t, 0)
	w, a := l.writer(t), l.averages(0, 10)
	l.proxy.set(func(w http.ResponseWriter, _ request) bool { return answer(w, 503, "") })
	expectError(t, w.Deliver(t.Context(), a), remotewrite.Transient, "503")
	if n := l.proxy.requests(); n != 5 {
		t.Errorf("%d requests, want 5", n)
	}
	l.proxy.set(nil)
	mustDeliver(t, w, a)
	l.expect(t, a)
}

// TestMarksCannotBeRead: nothing is sent without knowing what is there.
func TestMarksCannotBeRead(t *testing.T) {
	l := start(t, 0)
	w := l.writer(t, func(c *remotewrite.Config) { c.Query = deaf{} })
	a := l.averages(0, 10)
	expectError(t, w.Deliver(t.Context(), a), remotewrite.Transient, "cannot be read")
	_, err := w.Delivered(t.Context(), a.Window.Start, a.Window.End)
	expectError(t, err, remotewrite.Transient, "cannot be read")
	if n := l.proxy.requests(); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

// TestMarksAreReadElsewhere: where nothing of what was delivered is to be found.
func TestMarksAreReadElsewhere(t *testing.T) {
	l := start(t, 0)
	a := l.averages(0, 10)
	mustDeliver(t, l.writer(t), a)
	w := l.writer(t, func(c *remotewrite.Config) { c.Query = start(t, 0).client })
	expectError(t, w.Deliver(t.Context(), recomputed(a)), remotewrite.Refused, "duplicate sample", "has other values for this time already")
	l.expect(t, a)
}

type deaf struct{}

func (deaf) Engine(context.Context) promapi.Engine { return promapi.EngineNamed("") }

func (deaf) Instant(context.Context, string, time.Time) (*promapi.Answer, error) {
	return nil, &promapi.Error{Kind: promapi.Unavailable, Err: io.ErrUnexpectedEOF}
}
