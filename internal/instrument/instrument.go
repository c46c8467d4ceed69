// Package instrument registers metrics once per registry: an object that takes another's place
// counts on in the metrics of that one.
package instrument

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Register registers a metric, and returns it, or the one that is registered as such already.
func Register[C prometheus.Collector](reg prometheus.Registerer, c C) (C, error) {
	err := reg.Register(c)
	if there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if same, ok := there.ExistingCollector.(C); ok {
			return same, nil
		}
	}
	return c, err
}

// MustRegister is Register for metrics that no setting can make invalid.
func MustRegister[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	registered, err := Register(reg, c)
	if err != nil {
		panic(err)
	}
	return registered
}
