package sandbox

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// clean is the janitor: it waits until its parent has ended, and removes what is left.
func clean() error {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	_, _ = io.Copy(io.Discard, os.Stdin) // to its end, however that comes about
	err := removeCgroups(strings.Split(os.Getenv(cgroupVariable), ":"))
	return errors.Join(err, os.RemoveAll(Dir()))
}
