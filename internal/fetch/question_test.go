package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/quick"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi/promapitest"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/timeline"
)

// check tries a property on random input. What fails is printed, and can be made a case.
func check(t *testing.T, name string, property any) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		seed := time.Now().UnixNano()
		if err := quick.Check(property, &quick.Config{MaxCount: 100, Rand: rand.New(rand.NewSource(seed))}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	})
}

// numbers are what is asked about.
func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// numbered asks for the series with some numbers.
func numbered(span timeline.Span) Question[int] {
	return Question[int]{Name: "numbers", Span: span, Series: 1, Select: func(items []int) []promapi.Selector {
		var texts []string
		for _, n := range items {
			texts = append(texts, strconv.Itoa(n))
		}
		return []promapi.Selector{{{Type: promapi.MatchRegexp, Name: "number", Value: strings.Join(texts, "|")}}}
	}}
}

// itemsOf returns how many items a request of numbered is about, and which.
func itemsOf(r promapitest.Request) []string { return strings.Split(r.Selectors[0][0].Value, "|") }

// gather asks about numbers, and returns which were answered, sorted.
func gather(ctx context.Context, f *Fetcher, items []int, span timeline.Span) ([]int, error) {
	var mu sync.Mutex
	var answered []int
	err := Each(ctx, f.Windows(1), numbered(span), items, func(batch []int, _ []promapi.Series) error {
		mu.Lock()
		defer mu.Unlock()
		answered = append(answered, batch...)
		return nil
	})
	slices.Sort(answered)
	return answered, err
}

func fetcher(api API, over Transport, concurrency int) *Fetcher {
	return New(Config{API: api, Transport: over, Concurrency: concurrency, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
}

func tenMinutes() timeline.Span { return timeline.Span{From: 0, To: 10 * minute} }

// TestEachIsAskedOnce: however a server refuses what is too much for it.
func TestEachIsAskedOnce(t *testing.T) {
	for _, kind := range []promapi.Kind{promapi.TooExpensive, promapi.TooLarge, promapi.Timeout} {
		check(t, string(kind), func(count uint16, most uint8, concurrency uint8) bool {
			items := rand.Perm(int(count) % 2000)
			s := &promapitest.Server{Refuse: func(r promapitest.Request) error {
				if len(itemsOf(r)) > 1+int(most) {
					return failure(kind, 0)
				}
				return nil
			}}
			answered, err := gather(context.Background(), fetcher(s, RemoteRead, int(concurrency)%5), items, tenMinutes())
			slices.Sort(items)
			return err == nil && slices.Equal(items, answered)
		})
	}
}

func TestQuestions(t *testing.T) {
	refusing := func(kind promapi.Kind) *promapitest.Server {
		return &promapitest.Server{Refuse: func(promapitest.Request) error { return failure(kind, 0) }}
	}
	t.Run("what splitting cannot help is returned", func(t *testing.T) {
		s := refusing(promapi.TooExpensive)
		_, err := gather(t.Context(), fetcher(s, RemoteRead, 1), numbers(5), tenMinutes())
		const says = "it cannot be split further: it was asked for one of numbers over 5s"
		if promapi.KindOf(err) != promapi.TooExpensive || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
		for i, r := range s.Asked()[1:] {
			before := s.Asked()[i]
			amount := func(r promapitest.Request) int64 { return int64(len(itemsOf(r))) * (r.To - r.From) }
			if 2*amount(r) > amount(before)+1 && r.To-r.From > shortest {
				t.Errorf("after %d items over %d ms, %d over %d ms are asked for", len(itemsOf(before)), before.To-before.From, len(itemsOf(r)), r.To-r.From)
			}
		}
	})
	for _, kind := range promapi.Kinds() {
		if tooMuch(failure(kind, 0)) {
			continue
		}
		t.Run(string(kind)+" is no matter of size", func(t *testing.T) {
			s := refusing(kind)
			if _, err := gather(t.Context(), fetcher(s, RemoteRead, 1), numbers(4), tenMinutes()); promapi.KindOf(err) != kind {
				t.Errorf("got %v", err)
			}
			if n := len(s.Asked()); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
	t.Run("who gave up is not asked again", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &promapitest.Server{Refuse: func(promapitest.Request) error { cancel(); return failure(promapi.Timeout, 0) }}
		if _, err := gather(ctx, fetcher(s, RemoteRead, 1), numbers(4), tenMinutes()); promapi.KindOf(err) != promapi.Timeout {
			t.Errorf("got %v", err)
		}
		if n := len(s.Asked()); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
	t.Run("one batch's failure is everybody's", func(t *testing.T) {
		s := &promapitest.Server{Refuse: func(r promapitest.Request) error {
			if slices.Contains(itemsOf(r), "1717") {
				return failure(promapi.Rejected, 0)
			}
			return nil
		}}
		if _, err := gather(t.Context(), fetcher(s, RemoteRead, 3), numbers(5000), tenMinutes()); promapi.KindOf(err) != promapi.Rejected {
			t.Errorf("got %v", err)
		}
	})
	t.Run("so is that of who uses the answers", func(t *testing.T) {
		full := errors.New("full")
		err := Each(t.Context(), fetcher(&promapitest.Server{}, RemoteRead, 2).Windows(1), numbered(tenMinutes()), numbers(5000), func([]int, []promapi.Series) error { return full })
		if !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nothing to ask", func(t *testing.T) {
		s := refusing(promapi.Rejected)
		if answered, err := gather(t.Context(), fetcher(s, RemoteRead, 1), nil, tenMinutes()); err != nil || answered != nil || len(s.Asked()) > 0 {
			t.Errorf("asked %d times: %v, %v", len(s.Asked()), answered, err)
		}
	})
	t.Run("one item that is too heavy holds nobody up", func(t *testing.T) {
		s := &promapitest.Server{}
		f := fetcher(s, RemoteRead, 1)
		heavy := "1717"
		s.Refuse = func(r promapitest.Request) error {
			if items := itemsOf(r); len(items) > 1 && slices.Contains(items, heavy) {
				return failure(promapi.Timeout, 0)
			}
			return nil
		}
		answered, err := gather(t.Context(), f, numbers(5000), tenMinutes())
		if err != nil || !slices.Equal(answered, numbers(5000)) {
			t.Fatalf("%d answered, error %v", len(answered), err)
		}
		if n := len(s.Asked()); n > 100 {
			t.Errorf("%d requests", n)
		}
		heavy = ""
		windows, before := 0, 0
		for requests := 5000; requests > 20 && windows < 100; windows++ {
			before = len(s.Asked())
			if _, err := gather(t.Context(), f, numbers(5000), tenMinutes()); err != nil {
				t.Fatal(err)
			}
			requests = len(s.Asked()) - before
		}
		if windows > 40 {
			t.Errorf("only after %d windows they are asked about at once again", windows)
		}
	})
	t.Run("queries take fewer names than remote read", func(t *testing.T) {
		for over, most := range map[Transport]int{RemoteRead: mostNames, PromQL: promapi.EngineNamed("").NamesInSet} {
			s := &promapitest.Server{}
			if _, err := gather(t.Context(), fetcher(s, over, 1), numbers(5000), timeline.Span{From: 0, To: minute}); err != nil {
				t.Fatal(err)
			}
			if got := len(itemsOf(s.Asked()[0])); got != most {
				t.Errorf("%s: %d names at once, want %d", over, got, most)
			}
		}
	})
}

// TestEngine: an engine's row decides the transport and how much one query names.
func TestEngine(t *testing.T) {
	long := strings.Repeat("x", 200)
	question := Question[int]{Name: "long", Span: timeline.Span{From: 0, To: minute}, Series: 1, Select: func(items []int) []promapi.Selector {
		names := make([]string, len(items))
		for i, item := range items {
			names[i] = fmt.Sprint(item) + long
		}
		return []promapi.Selector{{{Type: promapi.MatchRegexp, Name: "pod", Value: strings.Join(names, "|")}}}
	}}
	for _, c := range []struct {
		engine promapi.Engine
		remote bool
		most   int // names at once
	}{
		{promapi.EngineNamed("prometheus"), true, 300},
		{promapi.EngineNamed("thanos"), false, 250},
		{promapi.EngineNamed("victoriametrics"), false, 50}, // 100 are more than 16 KiB
	} {
		s := &promapitest.Server{Behind: c.engine}
		asked := map[int]bool{}
		err := Each(t.Context(), fetcher(s, Auto, 1).Windows(1), question, numbers(300), func(items []int, _ []promapi.Series) error {
			for _, item := range items {
				asked[item] = true
			}
			return nil
		})
		if err != nil || len(asked) != 300 {
			t.Errorf("%s: %d of 300 were asked about (%v)", c.engine.Name, len(asked), err)
		}
		for _, r := range s.Asked() {
			if text := r.Selectors[0].String(); r.Remote != c.remote || strings.Count(text, "|")+1 > c.most || c.engine.QueryBytes > 0 && len(text) > c.engine.QueryBytes {
				t.Errorf("%s: %d bytes with %d names, by remote read: %t", c.engine.Name, len(text), strings.Count(text, "|")+1, r.Remote)
			}
		}
	}
}

// TestPieces: what is read piece by piece is what is read at once, over either transport.
func TestPieces(t *testing.T) {
	s := &promapitest.Server{}
	s.Add("x", promapitest.At(1, promapitest.Every(7_000, 0, 1_000_000)...), "number", "1", "of", "a")
	s.Add("x", promapitest.At(2, promapitest.Every(10_000, 99_999, 400_000)...), "number", "1", "of", "b")
	s.Series[1].Ends = []int64{400_001}
	for _, over := range []Transport{RemoteRead, PromQL} {
		check(t, string(over), func(from, length uint16, most uint8) bool {
			span := timeline.Span{From: int64(from), To: int64(from) + 1 + 10*int64(length)}
			read := func(refuse func(promapitest.Request) error) ([]promapi.Series, int) {
				s.Refuse = refuse
				before := len(s.Asked())
				var got []promapi.Series
				err := Each(context.Background(), fetcher(s, over, 1).Windows(1), numbered(span), []int{1}, func(_ []int, series []promapi.Series) error {
					got = append(got, series...)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				return got, len(s.Asked()) - before
			}
			limit := shortest + 1000*int64(most)
			whole, _ := read(nil)
			pieces, asked := read(func(r promapitest.Request) error {
				if r.To-r.From > limit {
					return failure(promapi.TooExpensive, 0)
				}
				return nil
			})
			slices.SortFunc(pieces, func(a, b promapi.Series) int { return strings.Compare(a.Labels.Get("of"), b.Labels.Get("of")) })
			return cmp.Equal(whole, pieces) && (asked > 1 || span.Length() <= limit)
		})
	}
}

func TestJoined(t *testing.T) {
	row := func(of string, ends []int64, times ...int64) promapi.Series {
		return promapi.Series{Labels: promapitest.Labels("of", of), Samples: promapitest.At(1, times...), Ends: ends}
	}
	for _, c := range []struct {
		name              string
		whole, next, want []promapi.Series
	}{
		{"nothing", nil, nil, nil},
		{"the first piece", nil, []promapi.Series{row("a", nil, 1)}, []promapi.Series{row("a", nil, 1)}},
		{"behind what is there", []promapi.Series{row("a", []int64{2}, 1)}, []promapi.Series{row("a", []int64{4}, 3)}, []promapi.Series{row("a", []int64{2, 4}, 1, 3)}},
		{"one that is new", []promapi.Series{row("a", nil, 1)}, []promapi.Series{row("b", nil, 3)}, []promapi.Series{row("a", nil, 1), row("b", nil, 3)}},
		{"one that is gone", []promapi.Series{row("a", nil, 1), row("b", nil, 1)}, []promapi.Series{row("b", nil, 3)}, []promapi.Series{row("a", nil, 1), row("b", nil, 1, 3)}},
		{
			"labels in another order", []promapi.Series{{Labels: promapi.Labels{{Name: "x", Value: "1"}, {Name: "y", Value: "2"}}, Samples: promapitest.At(1, 1)}},
			[]promapi.Series{{Labels: promapi.Labels{{Name: "y", Value: "2"}, {Name: "x", Value: "1"}}, Samples: promapitest.At(1, 3)}},
			[]promapi.Series{{Labels: promapi.Labels{{Name: "x", Value: "1"}, {Name: "y", Value: "2"}}, Samples: promapitest.At(1, 1, 3)}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, joined(c.whole, c.next)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if key(promapitest.Labels("ab", "c")) == key(promapitest.Labels("a", "bc")) {
		t.Error("a name and a value run into each other")
	}
}

// slow is a server that takes a second, and counts how many requests it works on.
type slow struct {
	mu        sync.Mutex
	now, most int
}

func (s *slow) Engine(context.Context) promapi.Engine { return promapi.EngineNamed("") }

func (s *slow) Whole(context.Context) error { return nil }

func (s *slow) RawRange(context.Context, promapi.Selector, int64, int64) (*promapi.Answer, error) {
	return nil, errors.New("not by query")
}

func (s *slow) Export(context.Context, []promapi.Selector, int64, int64, func(promapi.Series) error) error {
	return errors.New("not by export")
}

func (s *slow) Read(context.Context, []promapi.Selector, int64, int64, func(int, promapi.Series) error) error {
	s.mu.Lock()
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	time.Sleep(time.Second)
	s.mu.Lock()
	s.now--
	s.mu.Unlock()
	return nil
}

// TestConcurrency: no more requests run at once than may, of all windows together.
func TestConcurrency(t *testing.T) {
	for _, most := range []int{1, 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &slow{}
				f := fetcher(s, RemoteRead, most)
				var windows sync.WaitGroup
				began := time.Now()
				for range 2 {
					windows.Go(func() {
						if _, err := gather(t.Context(), f, numbers(6*mostNames), timeline.Span{From: 0, To: minute}); err != nil {
							t.Error(err)
						}
					})
				}
				windows.Wait()
				if took := time.Since(began); s.most != most || took != time.Duration(12/most)*time.Second {
					t.Errorf("%d at once, in %s", s.most, took)
				}
			})
		})
	}
}

// TestFirstTimeoutIsAWarning: once in each window. That a server refuses what is too large is
// usual.
func TestFirstTimeoutIsAWarning(t *testing.T) {
	for kind, want := range map[promapi.Kind]int{promapi.Timeout: 1, promapi.TooExpensive: 0} {
		var log bytes.Buffer
		s := &promapitest.Server{Refuse: func(r promapitest.Request) error {
			if len(itemsOf(r)) > 2 {
				return failure(kind, 0)
			}
			return nil
		}}
		f := New(Config{API: s, Transport: RemoteRead, Concurrency: 1, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
		for window := 1; window <= 2; window++ {
			f.sizes = newSizes(mostSamples) // nothing is remembered
			if _, err := gather(t.Context(), f, numbers(20), tenMinutes()); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(log.String(), "level=WARN"); n != want*window {
				t.Errorf("%s, after %d windows:\n%s", kind, window, &log)
			}
		}
	}
}
