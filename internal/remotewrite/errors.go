package remotewrite

import (
	"errors"
	"fmt"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/promapi"
)

// Kind says why a window was not delivered, and so whether trying again can help.
type Kind string

// The kinds of failure.
const (
	Transient     Kind = "transient"     // no answer, 5xx or 429, or the stored samples cannot be read: try again
	TooOld        Kind = "too_old"       // the receiver accepts nothing that old with its settings
	Refused       Kind = "refused"       // another 4xx: a setting or the receiver has to be fixed
	Partial       Kind = "partial"       // some samples were accepted and others were not, for an unknown reason
	Misconfigured Kind = "misconfigured" // the receiver does not know the protobuf message
	Conflict      Kind = "conflict"      // a part of the window is stored already, with other values
)

// Kinds returns every kind.
func Kinds() []Kind {
	return []Kind{Transient, TooOld, Refused, Partial, Misconfigured, Conflict}
}

// Error is why a window was not delivered. Its text never holds a credential.
type Error struct {
	Kind       Kind
	Status     int           // HTTP status of the receiver's last answer, 0 if there was none
	RetryAfter time.Duration // what the receiver asked for, 0 if nothing
	Setting    string        // of the receiver, by which it accepts what is TooOld; "" if unknown
	Err        error

	whatever bool // the receiver has: it accepts nothing that is TooOld
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Kind, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// kindOfQuery returns the kind of a delivery that failed because of a query.
func kindOfQuery(err error) Kind {
	switch promapi.KindOf(err) {
	case promapi.Unauthorized, promapi.NotPrometheus, promapi.Rejected, promapi.TooExpensive:
		return Refused
	}
	return Transient
}

// KindOf returns the kind of the failed delivery in err's chain, or "" if there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}
