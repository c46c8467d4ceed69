package histories

import (
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
)

// Hours is a history of many hours, no two of which are alike: each has a pod of a model
// replaced, of which each uses more than the one before, and a crash. Prometheus is down in
// the outages.
func Hours(n int, outages ...cluster.Span) Named {
	b := newBuilder(false)
	b.window = time.Duration(n) * 60 * m
	b.linger(3 * m)
	b.cast()
	var crashes []cluster.Span
	from := begin + boot
	for h := range n {
		hour := time.Duration(h) * 60 * m
		crash := hour + 41*m + time.Duration(h%10)*71*s
		crashes = append(crashes, span(from, crash))
		from = crash + 37*s

		replaced := hour + 17*m + time.Duration(h%7)*97*s
		b.server(fmt.Sprintf("tea-%02d", h), "tea",
			container("agent", uses(0.1+0.05*float64(h), float64(100+10*h)*Mi), requests(0.25+0.01*float64(h), 128*Mi), limits(2, 1024*Mi)),
			lives(replaced, replaced+60*m+48*s))
	}
	b.server("wine-0", "wine", plain("unstable", runs(append(crashes, span(from, end))...)))
	b.Outages = outages
	return Named{Name: "hours", About: "a roll-out and a crash in each", History: b.History, Window: span(0, b.window)}
}
