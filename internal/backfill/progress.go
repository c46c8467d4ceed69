package backfill

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/ledger"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// Progress shows how far a job is.
type Progress interface {
	Begin(windows int64)
	Delivered(*ledger.Averages)
	Skipped(window.Window)
	End()
}

// IsTerminal says whether w is a terminal.
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Bar shows progress on a terminal: windows done, their rate, and the time left. The log is
// written through it, so that neither disturbs the other.
type Bar struct {
	out     io.Writer
	columns func() int // of the terminal

	mu  sync.Mutex
	bar *progressbar.ProgressBar // nil before Begin and after End
}

// NewBar returns a bar that is not shown yet.
func NewBar(out io.Writer) *Bar {
	return &Bar{out: out, columns: func() int { return columns(out) }}
}

// columns returns the width of a terminal.
func columns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	return 80
}

// besideBar is about how many columns are written beside the bar itself.
const besideBar = 55

// cutter keeps lines shorter than the terminal's width: a carriage return does not erase a
// line that was wrapped.
type cutter struct{ *Bar }

// Write writes the drawn bar, one line at most.
func (c cutter) Write(drawn []byte) (int, error) {
	text := bytes.TrimLeft(drawn, "\r")
	begin, most := len(drawn)-len(text), max(1, c.columns()-1)
	column := 0
	for i := range string(text) {
		if column == most {
			if _, err := c.out.Write(drawn[:begin+i]); err != nil {
				return 0, err
			}
			if bytes.HasSuffix(text, []byte("\r")) {
				_, err := c.out.Write([]byte("\r"))
				return len(drawn), err
			}
			return len(drawn), nil
		}
		column++
	}
	return c.out.Write(drawn)
}

// Begin shows the bar.
func (b *Bar) Begin(windows int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bar = progressbar.NewOptions64(windows,
		progressbar.OptionSetWriter(cutter{b}),
		progressbar.OptionSetDescription("windows"),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("windows"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetWidth(max(1, min(20, b.columns()-besideBar))),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetRenderBlankState(true),
	)
}

// Delivered advances the bar.
func (b *Bar) Delivered(*ledger.Averages) { b.add() }

// Skipped advances the bar.
func (b *Bar) Skipped(window.Window) { b.add() }

func (b *Bar) add() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.bar.Add(1)
}

// End leaves the bar as it is, and begins the next line.
func (b *Bar) End() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.bar.Exit()
	b.bar = nil
	fmt.Fprintln(b.out)
}

// Write writes a line of the log above the bar.
func (b *Bar) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar == nil {
		return b.out.Write(line)
	}
	_ = b.bar.Clear()
	n, err := b.out.Write(line)
	_ = b.bar.RenderBlank()
	return n, err
}

// Lines logs a line for each window.
type Lines struct {
	log         *slog.Logger
	begin       time.Time
	done, total int64
}

// NewLines returns progress that is logged.
func NewLines(log *slog.Logger) *Lines { return &Lines{log: log} }

// Begin logs the number of windows.
func (l *Lines) Begin(windows int64) {
	l.begin, l.total = time.Now(), windows
	l.log.Info("Backfill begins", "windows", windows)
}

// Delivered logs a window.
func (l *Lines) Delivered(a *ledger.Averages) {
	l.done++
	l.log.Info("Window computed", "window", a.Window, "models", len(a.Models), "queries", a.Cost.Queries,
		"done", l.done, "of", l.total, "time_left", l.left().String())
}

// Skipped counts a window; the job logs what is skipped.
func (l *Lines) Skipped(window.Window) { l.done++ }

// End does nothing: the job logs it.
func (l *Lines) End() {}

// left is how long the rest takes, at the rate so far.
func (l *Lines) left() time.Duration {
	per := time.Since(l.begin) / time.Duration(l.done)
	return (per * time.Duration(l.total-l.done)).Round(time.Second)
}
