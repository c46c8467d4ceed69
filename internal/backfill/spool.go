package backfill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// Spool collects windows in a directory until they are written as OpenMetrics, where each
// family has to be in one piece. A window is appended to the data, and then a line to the
// journal, which says where its families are. The window is stored once that line is complete.
// What a crash has left half written is cut off when the spool is opened again. The journal's
// first line, its header, says what all windows depend on.
type Spool struct {
	dir                 string
	lock, journal, data *os.File
	windows             []spooled
	size                int64 // of the data
}

// spooled is where a window is in the data.
type spooled struct {
	end    time.Time
	bounds []int64 // where its families begin, and where the last one ends
}

// ErrOtherSettings is the error for a spool with windows of other settings.
var ErrOtherSettings = errors.New("other settings")

// format begins the header. It changes with the form of the journal or of the data.
const format = "seldon-prometheus-exporter backfill, format 2: "

// header returns the journal's first line. Windows with other families cannot be merged.
func header(settings string, metrics []metric.Metric) (string, error) {
	families, err := exposition.History(&ledger.Averages{Metrics: metrics})
	if err != nil {
		return "", err
	}
	var names []string
	for _, f := range families {
		names = append(names, f.GetName())
	}
	return format + settings + " families=" + strings.Join(names, ","), nil
}

// OpenSpool continues the spool in a directory, or begins one. Settings are what its windows
// depend on, in one line; metrics are those of each window. The parent directory has to exist.
func OpenSpool(dir, settings string, metrics []metric.Metric) (_ *Spool, err error) {
	want, err := header(settings, metrics)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := owned(dir); err != nil {
		return nil, err
	}
	s := &Spool{dir: dir}
	defer func() {
		if err != nil {
			_ = s.Close() // err says more
		}
	}()
	if s.lock, err = lock(filepath.Join(dir, lockName)); err != nil {
		return nil, err
	}
	if s.journal, err = open(dir, journalName); err != nil {
		return nil, err
	}
	journal, err := io.ReadAll(s.journal)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(journal, []byte("\n")) { // new, or interrupted at its beginning
		if err := errors.Join(s.journal.Truncate(0), s.log(want+"\n")); err != nil {
			return nil, err
		}
		journal = []byte(want + "\n")
	}
	if s.data, err = open(dir, dataName); err != nil { // from now on the directory has a header
		return nil, err
	}
	data, err := s.data.Stat()
	if err != nil {
		return nil, err
	}
	good, err := s.read(journal, want, data.Size())
	if err != nil {
		return nil, err
	}
	return s, errors.Join(s.journal.Truncate(good), s.data.Truncate(s.size))
}

// peekSpool reads a spool and changes nothing. No window can be delivered to it.
func peekSpool(dir, settings string, metrics []metric.Metric) (*Spool, error) {
	s := &Spool{}
	want, err := header(settings, metrics)
	if err != nil {
		return nil, err
	}
	if err := owned(dir); errors.Is(err, fs.ErrNotExist) {
		return s, nil
	} else if err != nil {
		return nil, err
	}
	data, err := os.Stat(filepath.Join(dir, dataName))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	journal, err := os.ReadFile(filepath.Join(dir, journalName))
	if err != nil {
		return nil, err
	}
	_, err = s.read(journal, want, data.Size())
	return s, err
}

func open(dir, name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
}

// read reads the complete part of the journal, and returns its length.
func (s *Spool) read(journal []byte, want string, size int64) (good int64, err error) {
	first, rest, _ := strings.Cut(string(journal), "\n")
	if first != want {
		return 0, fmt.Errorf("%w: %s", ErrOtherSettings, strings.TrimPrefix(first, format))
	}
	good = int64(len(first)) + 1
	families := strings.Count(want[strings.LastIndex(want, "="):], ",") + 1
	for line := range strings.Lines(rest) {
		w, ok := parseSpooled(line)
		if !ok || len(w.bounds) != families+1 || w.bounds[0] != s.size || w.bounds[families] > size {
			break
		}
		s.add(w)
		good += int64(len(line))
	}
	return good, nil
}

func (s *Spool) add(w spooled) {
	s.windows = append(s.windows, w)
	s.size = w.bounds[len(w.bounds)-1]
}

// log appends to the journal and syncs it.
func (s *Spool) log(line string) error {
	if _, err := s.journal.WriteString(line); err != nil {
		return err
	}
	return s.journal.Sync()
}

// Deliver stores a window.
func (s *Spool) Deliver(_ context.Context, a *ledger.Averages) error {
	families, err := exposition.History(a)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	w := spooled{end: a.Window.End, bounds: []int64{s.size}}
	for _, f := range families {
		if len(f.Metric) > 0 {
			begin := text.Len()
			if _, err := expfmt.MetricFamilyToOpenMetrics(&text, f); err != nil {
				return err
			}
			sortRows(text.Bytes()[begin:])
		}
		w.bounds = append(w.bounds, s.size+int64(text.Len()))
	}
	if _, err := s.data.Write(text.Bytes()); err != nil {
		return err // a part that was written is cut off when the spool is opened again
	}
	if err := s.data.Sync(); err != nil {
		return err
	}
	if err := s.log(w.String()); err != nil {
		return err
	}
	s.add(w)
	return nil
}

// sortRows sorts a family's rows by their series; its description stays in front.
func sortRows(family []byte) {
	rows := slices.Collect(bytes.Lines(bytes.Clone(family)))
	slices.SortStableFunc(rows, func(a, b []byte) int { return bytes.Compare(seriesOf(a), seriesOf(b)) })
	copy(family, bytes.Join(rows, nil))
}

// seriesOf returns a row without its value and its timestamp. For the description of a family
// it returns nothing, which sorts first.
func seriesOf(row []byte) []byte {
	if bytes.HasPrefix(row, []byte("#")) {
		return nil
	}
	value := bytes.LastIndexByte(row[:bytes.LastIndexByte(row, ' ')], ' ')
	return row[:value]
}

// Delivered returns the ends of the stored windows in (from, to].
func (s *Spool) Delivered(_ context.Context, from, to time.Time) (window.Ends, error) {
	ends := window.Ends{}
	for _, w := range s.between(from, to) {
		ends.Add(w.end)
	}
	return ends, nil
}

// between returns the stored windows that end in (from, to], sorted.
func (s *Spool) between(from, to time.Time) []spooled {
	var all []spooled
	for _, w := range s.windows {
		if w.end.After(from) && !w.end.After(to) {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b spooled) int { return a.end.Compare(b.end) })
	return all
}

// Close ends the use of the spool. Its directory stays.
func (s *Spool) Close() error {
	var errs []error
	for _, f := range []*os.File{s.data, s.journal, s.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// remove deletes the spool's own files, and its directory if it is empty then.
func (s *Spool) remove() error {
	var errs []error
	for _, name := range ownFiles() {
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, os.Remove(s.dir))...)
}

// String is the window's line in the journal.
func (w spooled) String() string {
	line := strconv.AppendInt(nil, w.end.UnixMilli(), 10)
	for _, bound := range w.bounds {
		line = strconv.AppendInt(append(line, ' '), bound, 10)
	}
	return string(append(line, '\n'))
}

func parseSpooled(line string) (spooled, bool) {
	line, whole := strings.CutSuffix(line, "\n")
	var numbers []int64
	for _, field := range strings.Fields(line) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return spooled{}, false
		}
		numbers = append(numbers, n)
	}
	if !whole || len(numbers) < 2 || !slices.IsSorted(numbers[1:]) {
		return spooled{}, false
	}
	return spooled{end: time.UnixMilli(numbers[0]).UTC(), bounds: numbers[1:]}, true
}
