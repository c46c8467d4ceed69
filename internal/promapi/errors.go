package promapi

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what went wrong with a request, so that it can be counted, explained and, where
// that helps, tried again.
type Kind string

// The kinds of failure.
const (
	Unreachable   Kind = "unreachable"    // no connection, or one that broke
	Timeout       Kind = "timeout"        // no whole answer in time, on either side
	Unauthorized  Kind = "unauthorized"   // 401 or 403
	NotPrometheus Kind = "not_prometheus" // 404, or an answer that is not the query API's
	NotOffered    Kind = "not_offered"    // there is no remote read here
	Rejected      Kind = "rejected"       // the query itself was refused (other 4xx)
	TooExpensive  Kind = "too_expensive"  // the query was refused for its size
	Throttled     Kind = "throttled"      // 429
	Unavailable   Kind = "unavailable"    // 5xx
	Malformed     Kind = "malformed"      // an answer that cannot be decoded, or holds what it must not
	TooLarge      Kind = "too_large"      // an answer over the size limit
	Partial       Kind = "partial"        // an answer with warnings: some data is missing
	OverBudget    Kind = "over_budget"    // a window's queries read more samples than they may
)

// Kinds returns every kind.
func Kinds() []Kind {
	return []Kind{
		Unreachable, Timeout, Unauthorized, NotPrometheus, NotOffered, Rejected, TooExpensive,
		Throttled, Unavailable, Malformed, TooLarge, Partial, OverBudget,
	}
}

// HitsEveryQuery says whether the server is to blame, and not what it was asked.
func (k Kind) HitsEveryQuery() bool {
	switch k {
	case Unreachable, Unauthorized, NotPrometheus, NotOffered, Throttled, Unavailable:
		return true
	}
	return false
}

// Error is a request's failure, or that of all of a window's. Its text says what happened, not
// what to do about it, and never holds a credential.
type Error struct {
	Kind       Kind
	Status     int           // HTTP status, 0 where there was no answer
	RetryAfter time.Duration // what the upstream asked for, 0 if nothing
	Err        error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Kind, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the upstream failure in err's chain, or "" if there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// RetryAfterOf returns how long the upstream asked to be left alone, or 0.
func RetryAfterOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
