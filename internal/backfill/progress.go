package backfill

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/downsample"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/window"
)

// Progress shows how far a job is.
type Progress interface {
	Begin(windows int64)
	Delivered(*downsample.Averages)
	Skipped(window.Window)
	End()
}

// IsTerminal says whether what is written there is read by a person.
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Bar shows progress on a terminal: windows done, their rate, and the time left. What is
// logged meanwhile goes through it, so that neither disturbs the other.
type Bar struct {
	out io.Writer

	mu  sync.Mutex
	bar *progressbar.ProgressBar // nil before Begin and after End
}

// NewBar returns a bar that is not shown yet.
func NewBar(out io.Writer) *Bar { return &Bar{out: out} }

// Begin shows the bar.
func (b *Bar) Begin(windows int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bar = progressbar.NewOptions64(windows,
		progressbar.OptionSetWriter(b.out),
		progressbar.OptionSetDescription("windows"),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("windows"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetWidth(20),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetRenderBlankState(true),
	)
}

// Delivered moves the bar on.
func (b *Bar) Delivered(*downsample.Averages) { b.add() }

// Skipped moves the bar on.
func (b *Bar) Skipped(window.Window) { b.add() }

func (b *Bar) add() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.bar.Add(1)
}

// End leaves the bar as it is, and goes to the next line.
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

// NewLines returns progress that goes to a log.
func NewLines(log *slog.Logger) *Lines { return &Lines{log: log} }

// Begin logs what there is to do.
func (l *Lines) Begin(windows int64) {
	l.begin, l.total = time.Now(), windows
	l.log.Info("Backfill begins", "windows", windows)
}

// Delivered logs a window.
func (l *Lines) Delivered(a *downsample.Averages) {
	l.done++
	l.log.Info("Window computed", "window", a.Window, "models", len(a.Models), "queries", a.Cost.Queries,
		"done", l.done, "of", l.total, "time_left", l.left().String())
}

// Skipped counts a window; the job logs what is skipped.
func (l *Lines) Skipped(window.Window) { l.done++ }

// End does nothing: the job logs it.
func (l *Lines) End() {}

// left is how long the rest takes, at the pace so far.
func (l *Lines) left() time.Duration {
	per := time.Since(l.begin) / time.Duration(l.done)
	return (per * time.Duration(l.total-l.done)).Round(time.Second)
}
