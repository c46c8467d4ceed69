package backfill

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"errors"
	"io"
)

// mergeBytes is about how much memory a merge takes.
const mergeBytes = 32 << 20

// WriteOpenMetrics writes the windows of the span that the spool holds: family by family, in
// each family series by series, in each series the oldest sample first.
func (s *Spool) WriteOpenMetrics(to io.Writer, span Span) error {
	out := bufio.NewWriterSize(to, 64<<10)
	windows := s.between(span.From, span.To)
	if len(windows) > 0 {
		for family := range len(windows[0].bounds) - 1 {
			if err := s.writeFamily(out, windows, family); err != nil {
				return err
			}
		}
	}
	if _, err := out.WriteString("# EOF\n"); err != nil {
		return err
	}
	return out.Flush()
}

// writeFamily merges the sorted rows that the windows have of one family.
func (s *Spool) writeFamily(out *bufio.Writer, windows []spooled, family int) error {
	size := max(1<<10, min(64<<10, mergeBytes/len(windows)))
	var parts merge
	for age, w := range windows {
		from, to := w.bounds[family], w.bounds[family+1]
		p := &part{age: age, rows: bufio.NewReaderSize(io.NewSectionReader(s.data, from, to-from), size)}
		if more, err := p.next(); err != nil {
			return err
		} else if more {
			parts = append(parts, p)
		}
	}
	heap.Init(&parts)
	// Each part begins with the description of the family, which is written once.
	describing := -1
	for len(parts) > 0 {
		p := parts[0]
		if describing < 0 {
			describing = p.age
		}
		if len(p.series) > 0 || p.age == describing {
			if _, err := out.Write(p.row); err != nil {
				return err
			}
		}
		more, err := p.next()
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&parts, 0)
		} else {
			heap.Pop(&parts)
		}
	}
	return nil
}

// part is the rows that one window has of a family, at one of them.
type part struct {
	age         int // how many windows are older
	rows        *bufio.Reader
	row, series []byte
}

// next moves to the next row, if there is one.
func (p *part) next() (bool, error) {
	row, err := p.rows.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(row) == 0 {
		return false, nil
	}
	p.row, p.series = row, seriesOf(row)
	return err == nil, err
}

// merge is a heap of parts, ordered by the series of their current row, then by age.
type merge []*part

func (m merge) Len() int      { return len(m) }
func (m merge) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m merge) Less(i, j int) bool {
	return cmp.Or(bytes.Compare(m[i].series, m[j].series), cmp.Compare(m[i].age, m[j].age)) < 0
}
func (m *merge) Push(x any) { *m = append(*m, x.(*part)) }
func (m *merge) Pop() any {
	last := len(*m) - 1
	p := (*m)[last]
	*m = (*m)[:last]
	return p
}
