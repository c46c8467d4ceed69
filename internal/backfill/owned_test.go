package backfill

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// TestSomebodyElsesFiles: OpenFile and Peek neither change nor follow files that no backfill has
// made.
func TestSomebodyElsesFiles(t *testing.T) {
	put := func(t *testing.T, path, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	link := func(t *testing.T, to, path string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(to, 0o755), os.Symlink(to, path)); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		output string
		make   func(t *testing.T, dir string)
		want   string
	}{
		"a directory of photographs": {"a.om", func(t *testing.T, dir string) { put(t, dir+"/a.om.partial/1.jpg", "x") }, "it was not made by a backfill: it holds 1.jpg: move it"},
		"a journal of another kind":  {"a.om", func(t *testing.T, dir string) { put(t, dir+"/a.om.partial/journal", "dear diary\n") }, "its journal has no header"},
		"data without a journal":     {"a.om", func(t *testing.T, dir string) { put(t, dir+"/a.om.partial/windows", "of my house") }, "its journal has no header"},
		"a journal of an older format": {"a.om", func(t *testing.T, dir string) {
			put(t, dir+"/a.om.partial/journal", "period=1h\n")
			put(t, dir+"/a.om.partial/windows", "")
		}, "its journal has no header"},
		"a file":                    {"a.om", func(t *testing.T, dir string) { put(t, dir+"/a.om.partial", "x") }, "it is not a directory"},
		"a link to a directory":     {"a.om", func(t *testing.T, dir string) { link(t, dir+"/else", dir+"/a.om.partial") }, "it is not a directory"},
		"a link among its files":    {"a.om", func(t *testing.T, dir string) { link(t, dir+"/a.om.partial", dir+"/a.om.partial/windows") }, "it holds windows"},
		"the output is a link":      {"a.om", func(t *testing.T, dir string) { link(t, dir+"/else", dir+"/a.om") }, "exists already"},
		"the output is a directory": {"a.om", func(t *testing.T, dir string) { put(t, dir+"/a.om/x", "x") }, "exists already"},
		"the output is named so":    {"a/", func(*testing.T, string) {}, "is the name of a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test.make(t, dir)
			before := everything(t, dir)
			output := dir + "/" + test.output
			expectError(t, test.want, func() error { _, err := OpenFile(output, "period=1h", metric.Default().Metrics); return err })
			expectError(t, test.want, func() error { _, err := Peek(output, "period=1h", metric.Default().Metrics); return err })
			if diff := cmp.Diff(before, everything(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// everything returns what is in a directory, by its path.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			all[path] = d.Type().String()
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPeek: a dry run sees the stored windows, also of a running backfill, and changes nothing.
func TestPeek(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.om")
	expectThere := func(want ...int) {
		t.Helper()
		before := everything(t, filepath.Dir(path))
		kept, err := Peek(path, "period=1h", metric.Default().Metrics)
		if err != nil {
			t.Fatal(err)
		}
		_, there, err := day(0, 24).Split(t.Context(), kept)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for w := range window.Each(there) {
			got = append(got, int(w.Start.Sub(epoch)/time.Hour))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(before, everything(t, filepath.Dir(path))); diff != "" {
			t.Error(diff)
		}
	}
	expectThere()
	f, err := OpenFile(path, "period=1h", metric.Default().Metrics)
	if err != nil {
		t.Fatal(err)
	}
	expectThere()
	deliver(t, f.Spool, 3, 4)
	expectThere(3, 4)
	expectError(t, "other settings", func() error { _, err := Peek(path, "period=2h", metric.Default().Metrics); return err })
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	expectThere(3, 4)
}

// TestOtherFamilies: a file with windows that lack a metric is not continued.
func TestOtherFamilies(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	deliver(t, s, 0)
	s.Close()
	journal := filepath.Join(dir, journalName)
	text, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	older := strings.Replace(string(text), ",model_cpu_limits", "", 1)
	if older == string(text) {
		t.Fatalf("the header %q names no model_cpu_limits", text)
	}
	if err := os.WriteFile(journal, []byte(older), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSpool(dir, "period=1h", metric.Default().Metrics); !errors.Is(err, ErrOtherSettings) {
		t.Errorf("error %v", err)
	}
}

// TestPeriodsOfNoWholeSeconds: windows are recognized by their end, to the millisecond.
func TestPeriodsOfNoWholeSeconds(t *testing.T) {
	const period = 90500 * time.Millisecond
	dir := t.TempDir()
	span := Span{From: epoch, To: epoch.Add(time.Hour), Period: period}
	s := mustOpen(t, dir)
	for w := range span.Windows().All() {
		if err := s.Deliver(t.Context(), &ledger.Averages{Window: w, Metrics: metric.Default().Metrics}); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	missing, there, err := span.Split(t.Context(), mustOpen(t, dir))
	if err != nil || len(missing) > 0 || window.Count(there) != span.Windows().Windows {
		t.Errorf("missing %v, there %v, %v", missing, there, err)
	}
}

// TestDiskIsFull: a window that could not be written is not stored, and others stay.
func TestDiskIsFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.om")
	f, err := OpenFile(path, "period=1h", metric.Default().Metrics)
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, f.Spool, 0)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	f.data.Close()
	f.data = full
	expectError(t, "no space left on device", func() error { return f.Deliver(t.Context(), hour(1)) })
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err = OpenFile(path, "period=1h", metric.Default().Metrics); err != nil {
		t.Fatal(err)
	}
	if got := openMetrics(t, f.Spool, day(0, 24)); got != expected(t, 0) {
		t.Errorf("%s", got)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNoTemporaryDirectory: an image without /tmp says what to do.
func TestNoTemporaryDirectory(t *testing.T) {
	t.Setenv("TMPDIR", "/nowhere")
	expectError(t, "create /nowhere, set TMPDIR to a directory, or choose a file with --output", func() error { _, err := OpenPipe(nil, nil); return err })
}

// TestManyWindows: one for each minute since 1970, none of which is stored.
func TestManyWindows(t *testing.T) {
	span := Span{From: time.Unix(0, 0), To: epoch, Period: time.Minute}
	missing, there, err := span.Split(t.Context(), &Spool{})
	if err != nil || len(missing) != 1 || len(there) != 0 || window.Count(missing) != span.Windows().Windows {
		t.Errorf("missing %v, there %v, %v", missing, there, err)
	}
}
