//go:build !linux

// Package sandbox runs a program in namespaces and cgroups of its own, which only Linux has.
package sandbox

import (
	"errors"
	"io"
)

// Address is one of the loopback interface inside.
const Address = "10.88.0.1"

// Main does nothing here.
func Main() {}

// Missing says what a sandbox needs and this machine does not have.
func Missing() error { return errors.New("it takes Linux") }

// Inside says whether this process is the program, in its sandbox.
func Inside() bool { return false }

// Dir returns the sandbox's directory.
func Dir() string { return "" }

// Run cannot run anything here.
func Run(io.Writer, ...string) error { return Missing() }
