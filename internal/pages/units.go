package pages

import (
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// quantity is a value of some unit, if it is known.
type quantity struct {
	V    float64
	OK   bool
	Unit string
}

// String writes a quantity as users of Kubernetes write it.
func (q quantity) String() string {
	switch {
	case !q.OK:
		return "–"
	case q.Unit == "bytes":
		return bytesText(q.V)
	case q.Unit == "cores":
		return coresText(q.V)
	}
	return number(q.V)
}

// Exact writes all digits, or nothing if the value is unknown.
func (q quantity) Exact() string {
	if !q.OK {
		return ""
	}
	return strconv.FormatFloat(q.V, 'f', -1, 64)
}

// coresText writes cores: 350m, 1.25.
func coresText(v float64) string {
	if v == 0 || math.Abs(v) >= 0.9995 {
		return number(v)
	}
	return number(v*1000) + "m"
}

// bytesText writes bytes: 1.2 GiB.
func bytesText(v float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for ; math.Abs(v) >= 1023.5 && i < len(units)-1; i++ {
		v /= 1024
	}
	if math.Abs(v) < 99.95 {
		return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) + " " + units[i]
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " " + units[i]
}

// number writes three digits, or more before the point.
func number(v float64) string {
	if v == 0 {
		return "0"
	}
	decimals := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	if decimals > 6 {
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// percent writes a share: 99.7 %. Nearly all is not all.
func percent(share float64) string {
	p := 100 * share
	if p > 99.9 && p < 100 {
		return "99.9 %"
	}
	return number(math.Round(p*10)/10) + " %"
}

func functions() template.FuncMap {
	return template.FuncMap{
		"utc":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"day":     func(t time.Time) string { return t.UTC().Format("2 Jan 2006") },
		"clock":   clock,
		"percent": percent,
		"plain":   func(markdown string) string { return strings.ReplaceAll(markdown, "`", "") },
		"seconds": seconds,
		"ratio":   func(a, b float64) float64 { return a / b },
	}
}

// shortDuration writes a duration without parts that are zero: 50m, 1h40m.
func shortDuration(d time.Duration) string { return model.Duration(d.Round(time.Second)).String() }

// seconds writes a number of seconds as people say it.
func seconds(s float64) string {
	switch {
	case s >= 3600:
		return number(s/3600) + " h"
	case s >= 60:
		return number(s/60) + " min"
	}
	return number(s) + " s"
}

// clock writes a time of a day, with seconds only where there are some.
func clock(t time.Time) string {
	if t.Second() == 0 {
		return t.UTC().Format("15:04")
	}
	return t.UTC().Format("15:04:05")
}
