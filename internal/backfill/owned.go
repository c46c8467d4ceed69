package backfill

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// The files of a spool.
const (
	lockName    = "lock"
	journalName = "journal"
	dataName    = "windows"
	wholeName   = "whole" // the complete file, while it is written
)

func ownFiles() []string { return []string{wholeName, dataName, journalName, lockName} }

// errNotOwned is the error for a directory that is not a spool's.
var errNotOwned = errors.New("it was not made by a backfill")

// owned returns an error unless dir is a spool's directory, or empty. A spool deletes what it
// cannot read to its end, which must not be the user's own files.
func owned(dir string) error {
	if info, err := os.Lstat(dir); err != nil {
		return err
	} else if !info.IsDir() {
		return fmt.Errorf("%w: it is not a directory", errNotOwned)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	data := false
	for _, e := range entries {
		if !slices.Contains(ownFiles(), e.Name()) || !e.Type().IsRegular() {
			return fmt.Errorf("%w: it holds %s", errNotOwned, e.Name())
		}
		data = data || e.Name() == dataName || e.Name() == wholeName
	}
	journal, err := os.ReadFile(filepath.Join(dir, journalName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	begun := bytes.HasPrefix(journal, []byte(format)) && bytes.Contains(journal, []byte("\n"))
	interrupted := !data && (strings.HasPrefix(format, string(journal)) || bytes.HasPrefix(journal, []byte(format)))
	if !begun && !interrupted {
		return fmt.Errorf("%w: its journal has no header of this version", errNotOwned)
	}
	return nil
}

// lock locks a file for this process until it is closed. The kernel releases the lock when the
// process ends.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := take(f, path); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func take(f *os.File, path string) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := make([]byte, 20)
		n, _ := f.ReadAt(holder, 0) // it may not have written its number yet
		return fmt.Errorf("another backfill is using it, process %s: %w", bytes.TrimSpace(holder[:n]), err)
	}
	here, err := f.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Lstat(path); err != nil || !os.SameFile(here, there) {
		return errors.New("another backfill has just removed it: try again")
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}
