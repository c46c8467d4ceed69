// Package crash makes errors of panics, so that one window's mistake does not end the process.
package crash

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Error is a panic.
type Error struct {
	Value any
	Stack []byte
}

func (e *Error) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Guard returns what f returns, or an *Error where f panics. It cannot help where f has begun a
// goroutine that does: see Func.
func Guard[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Error{Value: value, Stack: debug.Stack()}
		}
	}()
	return f()
}

// Func returns f as Guard calls it. A goroutine that is part of a window's computation runs it.
func Func(f func() error) func() error {
	return func() error {
		_, err := Guard(func() (struct{}, error) { return struct{}{}, f() })
		return err
	}
}

// StackOf returns what is logged beside an error: the stack of the panic in its chain, if there
// is one.
func StackOf(err error) []any {
	if e, ok := errors.AsType[*Error](err); ok {
		return []any{"stack", string(e.Stack)}
	}
	return nil
}
