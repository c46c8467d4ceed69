package engines

import (
	"testing"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/fetch"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/accuracy"
)

// overEach judges the histories on an engine that offers both transports.
func overEach(t *testing.T, name string, s server) {
	placed := told(t)
	fill(t, s.write, placed)
	for _, transport := range []fetch.Transport{fetch.RemoteRead, fetch.PromQL} {
		t.Run(string(transport), func(t *testing.T) {
			judge(t, placed, name+", "+string(transport), exporter(t, s.read, over(transport)))
		})
	}
}

// limit is a flag of an engine that bounds what it answers over a transport.
type limit struct {
	flag      string
	transport fetch.Transport
}

// within computes a window on an engine with each of its limits.
func within(t *testing.T, start func(t *testing.T, flag string) server, limits []limit) {
	p := crowd()
	for _, l := range limits {
		t.Run(string(l.transport)+"/"+l.flag, func(t *testing.T) {
			s := start(t, l.flag)
			fill(t, s.write, []accuracy.Placed{p})
			withinLimit(t, s.read, l.flag, p, over(l.transport))
		})
	}
}

func over(transport fetch.Transport) func(*fetch.Config) {
	return func(c *fetch.Config) { c.Transport = transport }
}
