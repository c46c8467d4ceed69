package backfill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// Spool gathers windows in a directory until they are written as OpenMetrics, where each
// family has to be in one piece. A window is appended to the data, and then a line to the
// journal, which says where its families are: it is there from when that line is. What a
// crash has left half written is cut off when the spool is opened again.
type Spool struct {
	dir           string
	data, journal *os.File
	windows       []spooled
	size          int64 // of the data
}

// spooled is where a window is in the data.
type spooled struct {
	end    time.Time
	bounds []int64 // where its families begin, and where the last one ends
}

// ErrOtherSettings says that a spool has windows that were computed with other settings.
var ErrOtherSettings = errors.New("other settings")

// OpenSpool goes on with the spool in a directory, or begins it. Settings say what its
// windows depend on, in one line.
func OpenSpool(dir, settings string) (_ *Spool, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := &Spool{dir: dir}
	defer func() {
		if err != nil {
			_ = s.Close() // err says more
		}
	}()
	if s.data, err = open(dir, "windows"); err != nil {
		return nil, err
	}
	if s.journal, err = open(dir, "journal"); err != nil {
		return nil, err
	}
	return s, s.recover(settings)
}

func open(dir, name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
}

// recover reads the journal as far as it is whole.
func (s *Spool) recover(settings string) error {
	journal, err := io.ReadAll(s.journal)
	if err != nil {
		return err
	}
	data, err := s.data.Stat()
	if err != nil {
		return err
	}
	first, rest, begun := strings.Cut(string(journal), "\n")
	if begun && first != settings {
		return fmt.Errorf("%w: %s", ErrOtherSettings, first)
	}
	good := int64(0)
	if begun {
		good = int64(len(first)) + 1
	}
	for line := range strings.Lines(rest) {
		w, ok := parseSpooled(line)
		if !ok || w.bounds[0] != s.size || w.bounds[len(w.bounds)-1] > data.Size() {
			break
		}
		s.add(w)
		good += int64(len(line))
	}
	if err := errors.Join(s.journal.Truncate(good), s.data.Truncate(s.size)); err != nil {
		return err
	}
	if begun {
		return nil
	}
	return s.log(settings + "\n")
}

func (s *Spool) add(w spooled) {
	s.windows = append(s.windows, w)
	s.size = w.bounds[len(w.bounds)-1]
}

// log appends to the journal for good.
func (s *Spool) log(line string) error {
	if _, err := s.journal.WriteString(line); err != nil {
		return err
	}
	return s.journal.Sync()
}

// Deliver keeps a window.
func (s *Spool) Deliver(_ context.Context, a *downsample.Averages) error {
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
		return err
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

// sortRows sorts a family's rows by their series; what describes it stays in front.
func sortRows(family []byte) {
	rows := slices.Collect(bytes.Lines(bytes.Clone(family)))
	slices.SortStableFunc(rows, func(a, b []byte) int { return bytes.Compare(seriesOf(a), seriesOf(b)) })
	copy(family, bytes.Join(rows, nil))
}

// seriesOf returns a row without its value and its time. Of what describes a family it
// returns nothing, which comes first.
func seriesOf(row []byte) []byte {
	if bytes.HasPrefix(row, []byte("#")) {
		return nil
	}
	value := bytes.LastIndexByte(row[:bytes.LastIndexByte(row, ' ')], ' ')
	return row[:value]
}

// Delivered returns the ends of the windows in (from, to] that are kept.
func (s *Spool) Delivered(_ context.Context, from, to time.Time) (window.Ends, error) {
	ends := window.Ends{}
	for _, w := range s.between(from, to) {
		ends.Add(w.end)
	}
	return ends, nil
}

// between returns the windows that end in (from, to], sorted.
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

// Close ends the use of the spool, which stays.
func (s *Spool) Close() error {
	var errs []error
	for _, f := range []*os.File{s.data, s.journal} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// String is the window's line in the journal.
func (w spooled) String() string {
	line := strconv.AppendInt(nil, w.end.Unix(), 10)
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
	return spooled{end: time.Unix(numbers[0], 0).UTC(), bounds: numbers[1:]}, true
}
