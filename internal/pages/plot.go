package pages

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
)

// The drawing's size: its width is stretched to that of the screen, its texts are not.
const (
	plotWidth  = 1000
	plotHeight = 150
)

// plot is a chart's metrics over time.
type plot struct {
	Key, Title string
	Desc       string // what can be seen, for those who do not see it
	Area       string // of what is used, as an SVG path
	Used       string
	Requested  string
	Limit      string
	Rows       []tick // from the top, labels of the vertical axis
	Columns    []tick
	Empty      bool
	Width      int
	Height     int
}

// tick is a label of an axis.
type tick struct {
	At     float64 // of the vertical axis in pixels, of the horizontal one in percent
	Text   string
	Anchor string
}

// plot draws a chart. Each window is a level from its start to its end, and a window that is
// not recorded is a gap.
func (c chart) plot(h *history) plot {
	p := plot{Key: c.Key, Title: c.Heading(), Width: plotWidth, Height: plotHeight, Columns: timeTicks(h.from, h.to)}
	highest := 0.0
	for _, point := range h.points {
		for r := range metric.Roles {
			if q := c.of(point.values, r); q.OK {
				highest = max(highest, q.V)
			}
		}
	}
	top, step := scale(highest, c.Unit)
	for v := step; v <= top*1.001; v += step {
		p.Rows = append(p.Rows, tick{At: plotHeight * (1 - v/top), Text: quantity{v, true, c.Unit}.String()})
	}
	lines := [metric.Roles]*line{}
	for r := range lines {
		lines[r] = &line{history: h, top: top}
		for _, point := range h.points {
			lines[r].add(point.end, c.of(point.values, metric.Role(r)))
		}
		lines[r].end()
	}
	p.Used, p.Area = lines[metric.Used].path.String(), lines[metric.Used].area.String()
	p.Requested, p.Limit = lines[metric.Requested].path.String(), lines[metric.Limit].path.String()
	p.Empty = p.Used == "" && p.Requested == "" && p.Limit == ""
	p.Desc = c.describe(h)
	return p
}

// line draws one metric, level by level.
type line struct {
	*history
	top        float64
	path, area strings.Builder
	from, to   float64 // of the run of windows that is being drawn
	drawing    bool
}

func (l *line) add(end time.Time, q quantity) {
	from, to := l.x(end.Add(-l.step)), l.x(end)
	if !q.OK || to <= 0 {
		l.end()
		return
	}
	y := plotHeight * (1 - q.V/l.top)
	if l.drawing && from > l.to+0.01 {
		l.end()
	}
	if !l.drawing {
		l.drawing, l.from = true, max(0, from)
		fmt.Fprintf(&l.path, "M%.1f %.1f", l.from, y)
		fmt.Fprintf(&l.area, "M%.1f %dV%.1f", l.from, plotHeight, y)
	} else {
		fmt.Fprintf(&l.path, "V%.1f", y)
		fmt.Fprintf(&l.area, "V%.1f", y)
	}
	l.to = to
	fmt.Fprintf(&l.path, "H%.1f", to)
	fmt.Fprintf(&l.area, "H%.1f", to)
}

// end ends a run of windows.
func (l *line) end() {
	if l.drawing {
		fmt.Fprintf(&l.area, "V%dZ", plotHeight)
	}
	l.drawing = false
}

func (l *line) x(t time.Time) float64 {
	return plotWidth * t.Sub(l.history.from).Seconds() / l.history.to.Sub(l.history.from).Seconds()
}

// scale returns the top of an axis that starts at zero, and the step between its labels: 1, 2
// or 5 times a power of ten, or of two for bytes.
func scale(highest float64, unit string) (top, step float64) {
	if highest <= 0 {
		return 1, 1
	}
	rough := highest / 3
	if unit == "bytes" {
		step = math.Exp2(math.Ceil(math.Log2(rough)))
	} else {
		power := math.Pow(10, math.Floor(math.Log10(rough)))
		for _, m := range []float64{1, 2, 5, 10} {
			if step = m * power; step >= rough {
				break
			}
		}
	}
	return step * math.Ceil(highest/step), step
}

// timeTicks labels hours of a short time, and days of a longer one.
func timeTicks(from, to time.Time) []tick {
	length := to.Sub(from)
	step, format := 6*time.Hour, "15:04"
	switch {
	case length > 10*24*time.Hour:
		step, format = 7*24*time.Hour, "2 Jan"
	case length > 2*24*time.Hour:
		step, format = 2*24*time.Hour, "2 Jan"
	}
	for length/step > 8 {
		step *= 2
	}
	var ticks []tick
	for t := floor(from, step).Add(step); t.Before(to); t = t.Add(step) {
		at := 100 * t.Sub(from).Seconds() / length.Seconds()
		anchor := "middle"
		switch {
		case at < 4:
			anchor = "start"
		case at > 96:
			anchor = "end"
		}
		ticks = append(ticks, tick{at, t.Format(format), anchor})
	}
	return ticks
}

// describe says what a plot shows.
func (c chart) describe(h *history) string {
	names := roleNames()
	var parts []string
	for r, name := range names {
		least, most, n := math.Inf(1), math.Inf(-1), 0
		for _, p := range h.points {
			if q := c.of(p.values, metric.Role(r)); q.OK {
				least, most, n = min(least, q.V), max(most, q.V), n+1
			}
		}
		switch {
		case n == 1:
			parts = append(parts, fmt.Sprintf("%s: %s in one window.", name, quantity{most, true, c.Unit}))
		case n > 1:
			parts = append(parts, fmt.Sprintf("%s: from %s to %s in %d windows.", name, quantity{least, true, c.Unit}, quantity{most, true, c.Unit}, n))
		}
	}
	return strings.Join(parts, " ")
}
