package backfill

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/workload"
)

var epoch = time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)

// hour returns the n-th window of the day, with random models.
func hour(n int) *ledger.Averages {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	a := &ledger.Averages{
		Window:   window.Containing(epoch.Add(time.Duration(n)*time.Hour), time.Hour),
		Metrics:  metric.Default().Metrics,
		Coverage: []ledger.Coverage{{Source: metric.KubeStateMetrics, Ratio: 1}, {Source: metric.CAdvisor, Ratio: 0.75}},
	}
	for _, name := range []string{"a", `b"} 1 2`, "b", `back\slash`, "line\nbreak", "ü", "z"} {
		if random.IntN(3) == 0 {
			continue
		}
		m := ledger.Model{Model: workload.Model{Namespace: "ns", Type: "SeldonDeployment", Name: name}}
		for range a.Metrics {
			m.Values = append(m.Values, metric.Value{V: random.NormFloat64() * 1e9, OK: random.IntN(4) > 0})
		}
		a.Models = append(a.Models, m)
	}
	slices.SortFunc(a.Models, func(a, b ledger.Model) int { return a.Compare(b.Model) })
	return a
}

func day(from, to int) Span {
	return Span{From: epoch.Add(time.Duration(from) * time.Hour), To: epoch.Add(time.Duration(to) * time.Hour), Period: time.Hour}
}

func mustOpen(t *testing.T, dir string) *Spool {
	t.Helper()
	s, err := OpenSpool(dir, "period=1h", metric.Default().Metrics)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func deliver(t *testing.T, s *Spool, hours ...int) {
	t.Helper()
	for _, n := range hours {
		if err := s.Deliver(t.Context(), hour(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func openMetrics(t *testing.T, s *Spool, span Span) string {
	t.Helper()
	var out bytes.Buffer
	if err := s.WriteOpenMetrics(&out, span); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// expected is WriteOpenMetrics' slow twin: it sorts and encodes everything in memory.
func expected(t *testing.T, hours ...int) string {
	t.Helper()
	slices.Sort(hours)
	var out strings.Builder
	families := len(metric.Default().Metrics) + 1
	for f := range families {
		var described bool
		var rows []string
		for _, n := range hours {
			all, err := exposition.History(hour(n))
			if err != nil {
				t.Fatal(err)
			}
			if len(all[f].Metric) == 0 {
				continue
			}
			var text bytes.Buffer
			if _, err := expfmt.MetricFamilyToOpenMetrics(&text, all[f]); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(text.String()) {
				if !strings.HasPrefix(line, "# ") {
					rows = append(rows, line)
				} else if !described {
					out.WriteString(line)
				}
			}
			described = true
		}
		slices.SortStableFunc(rows, func(a, b string) int {
			series := func(row string) string {
				fields := strings.Split(row, " ")
				return strings.Join(fields[:len(fields)-2], " ")
			}
			return strings.Compare(series(a), series(b))
		})
		out.WriteString(strings.Join(rows, ""))
	}
	return out.String() + "# EOF\n"
}

func TestSpoolKeepsWindows(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	deliver(t, s, 5, 2, 3)
	s.Close()
	s = mustOpen(t, dir)
	deliver(t, s, 20, 1)

	for name, test := range map[string]struct {
		span  Span
		hours []int
	}{
		"all":  {day(0, 24), []int{1, 2, 3, 5, 20}},
		"some": {day(2, 5), []int{2, 3}},
		"none": {day(6, 20), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(expected(t, test.hours...), openMetrics(t, s, test.span)); diff != "" {
				t.Error(diff)
			}
			there, err := s.Delivered(t.Context(), test.span.From, test.span.To)
			if err != nil {
				t.Fatal(err)
			}
			want := window.Ends{}
			for _, n := range test.hours {
				want.Add(hour(n).Window.End)
			}
			if diff := cmp.Diff(want, there); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSpoolAfterACrash cuts the journal and the data wherever a crash could.
func TestSpoolAfterACrash(t *testing.T) {
	whole := t.TempDir()
	s := mustOpen(t, whole)
	info, err := s.journal.Stat()
	if err != nil {
		t.Fatal(err)
	}
	begun := info.Size()
	var lengths []int64 // of the journal after each window
	for n := range 3 {
		deliver(t, s, n)
		info, err := s.journal.Stat()
		if err != nil {
			t.Fatal(err)
		}
		lengths = append(lengths, info.Size())
	}
	first, second := s.windows[0].bounds[0], s.windows[1].bounds[0]
	if first != 0 || second == 0 {
		t.Fatalf("the windows begin at %d and %d", first, second)
	}
	s.Close()
	for cut := begun; cut <= lengths[2]; cut++ {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(dir, "journal"), cut); err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, dir)
		var left []int
		for n, length := range lengths {
			if length <= cut {
				left = append(left, n)
			}
		}
		if got := openMetrics(t, s, day(0, 24)); got != expected(t, left...) {
			t.Fatalf("journal cut at %d: %d windows are there, want %v", cut, len(s.windows), left)
		}
		for n := len(left); n < 3; n++ {
			deliver(t, s, n)
		}
		if got := openMetrics(t, s, day(0, 24)); got != expected(t, 0, 1, 2) {
			t.Fatalf("journal cut at %d: what was lost is not there after it was delivered again", cut)
		}
		s.Close()
	}
	if err := os.Truncate(filepath.Join(whole, "windows"), second+1); err != nil {
		t.Fatal(err)
	}
	if s := mustOpen(t, whole); openMetrics(t, s, day(0, 24)) != expected(t, 0) {
		t.Error("windows without data are there")
	}
}

func TestSpoolOfOtherSettings(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, dir).Close()
	_, err := OpenSpool(dir, "period=2h", metric.Default().Metrics)
	if !errors.Is(err, ErrOtherSettings) || !strings.HasPrefix(err.Error(), "other settings: period=1h families=model_containers_average,") {
		t.Errorf("error %v", err)
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "averages.om")
	f, err := OpenFile(path, "period=1h", metric.Default().Metrics)
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, f.Spool, 0, 1)
	if _, err := os.Stat(path); err == nil {
		t.Error("the file is there before it is complete")
	}
	expectError(t, "another backfill is using it, process "+strconv.Itoa(os.Getpid()), func() error { _, err := OpenFile(path, "period=1h", metric.Default().Metrics); return err })
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	expectError(t, "averages.om.partial was begun with other settings: period=1h families=", func() error { _, err := OpenFile(path, "period=2h", metric.Default().Metrics); return err })
	if f, err = OpenFile(path, "period=1h", metric.Default().Metrics); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Complete(day(0, 24)), f.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected(t, 0, 1), string(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(Partial(path)); err == nil {
		t.Error("the spool is left behind")
	}
	expectError(t, "exists already", func() error { _, err := OpenFile(path, "period=1h", metric.Default().Metrics); return err })
}

func expectError(t *testing.T, part string, f func() error) {
	t.Helper()
	if err := f(); err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("error %v, want %q in it", err, part)
	}
}

func FuzzJournal(f *testing.F) {
	begun, err := header("period=1h", metric.Default().Metrics)
	if err != nil {
		f.Fatal(err)
	}
	begun += "\n"
	f.Add("1769817600000 0 1 2 3 4 5 6 7 20\n1769821200000 20 20 20 20 20 20 20 20 30\n", 30)
	f.Add("1769817600000 0 1 2 3 4 5 6 7 20\n1769821200000 20 30\n", 30)
	f.Add("1769817600 0 10 9\n", 30)
	f.Add("1769817600 0 -1\n1 2 3", 30)
	f.Add("", 5)
	f.Fuzz(func(t *testing.T, journal string, size int) {
		dir := t.TempDir()
		for name, content := range map[string]string{"journal": begun + journal, "windows": strings.Repeat("x", max(0, min(size, 1000)))} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := OpenSpool(dir, "period=1h", metric.Default().Metrics)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		data, err := s.data.Stat()
		if err != nil || data.Size() != s.size {
			t.Errorf("%d bytes of data, want %d (%v)", data.Size(), s.size, err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "journal"))
		want := begun
		for _, w := range s.windows {
			want += w.String()
		}
		if lines := strings.Count(string(text), "\n"); err != nil || lines != len(s.windows)+1 {
			t.Errorf("the journal is %q, want %q (%v)", text, want, err)
		}
		if err := s.Deliver(t.Context(), hour(0)); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkMerge(b *testing.B) {
	for _, windows := range []int{24, 720} {
		b.Run(fmt.Sprint(windows, " windows"), func(b *testing.B) {
			s, err := OpenSpool(b.TempDir(), "period=1h", metric.Default().Metrics)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			a := hour(0)
			m := a.Models[0]
			a.Models = nil
			for n := range 300 {
				m.Name = fmt.Sprintf("model-%03d", n)
				a.Models = append(a.Models, m)
			}
			for n := range windows {
				a.Window = window.Containing(epoch.Add(time.Duration(n)*time.Hour), time.Hour)
				if err := s.Deliver(b.Context(), a); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				var out countingWriter
				if err := s.WriteOpenMetrics(&out, day(0, windows)); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(out))
			}
		})
	}
}

type countingWriter int64

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}
