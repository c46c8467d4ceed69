package backfill

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/metric"
)

// File is a spool that becomes a file when it is complete.
type File struct {
	*Spool
	write func(Span) error
	keep  bool // what is there when it is closed
}

// Partial returns the directory in which the windows of a file are collected.
func Partial(path string) string { return path + ".partial" }

// OpenFile continues an incomplete file, or begins one. Settings are what its windows depend
// on, in one line; metrics are those of each window.
func OpenFile(path, settings string, metrics []metric.Metric) (*File, error) {
	if err := isFree(path); err != nil {
		return nil, err
	}
	spool, err := OpenSpool(Partial(path), settings, metrics)
	if err != nil {
		return nil, explain(path, err)
	}
	f := &File{Spool: spool, keep: true}
	f.write = func(span Span) error { return f.writeFile(path, span) }
	return f, nil
}

// Peek returns the windows of an incomplete file. It neither writes nor deletes.
func Peek(path, settings string, metrics []metric.Metric) (Inventory, error) {
	if err := isFree(path); err != nil {
		return nil, err
	}
	spool, err := peekSpool(Partial(path), settings, metrics)
	if err != nil {
		return nil, explain(path, err)
	}
	return spool, nil
}

// isFree returns an error unless a file can be created at path.
func isFree(path string) error {
	if strings.HasSuffix(path, string(filepath.Separator)) {
		return fmt.Errorf("%s is the name of a directory: give the name of a file", path)
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists already: remove it, or choose another file", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func explain(path string, err error) error {
	switch {
	case errors.Is(err, ErrOtherSettings):
		return fmt.Errorf("%s was begun with %w: remove it, or choose another file", Partial(path), err)
	case errors.Is(err, errNotOwned):
		return fmt.Errorf("%s cannot be used: %w: move it, or choose another file", Partial(path), err)
	}
	return fmt.Errorf("%s: %w", Partial(path), err)
}

// OpenPipe returns a file that is written to out when it is complete. It cannot be continued.
func OpenPipe(out io.Writer, metrics []metric.Metric) (*File, error) {
	dir, err := os.MkdirTemp("", "backfill-")
	if err != nil {
		return nil, fmt.Errorf("windows are collected in a temporary directory before they are written: %w: create %s, set TMPDIR to a directory, or choose a file with --output", err, os.TempDir())
	}
	spool, err := OpenSpool(dir, "", metrics)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir)) // it was just created
	}
	return &File{Spool: spool, write: func(span Span) error { return spool.WriteOpenMetrics(out, span) }}, nil
}

// Complete writes the file. A file on a disk appears as a whole.
func (f *File) Complete(span Span) error {
	if err := f.write(span); err != nil {
		return err
	}
	f.keep = false
	return nil
}

// Close ends the use of the file. An incomplete file stays, if it can be continued.
func (f *File) Close() error {
	if f.keep && len(f.windows) > 0 {
		return f.Spool.Close()
	}
	return errors.Join(f.remove(), f.Spool.Close()) // in this order: it stays locked until it is removed
}

func (f *File) writeFile(path string, span Span) error {
	whole := filepath.Join(f.dir, wholeName)
	if err := f.writeSynced(whole, span); err != nil {
		return errors.Join(err, os.Remove(whole)) // the disk may be full
	}
	if err := isFree(path); err != nil { // another process may have created it meanwhile
		return err
	}
	if err := os.Rename(whole, path); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // not every system supports it
		dir.Close()
	}
	return nil
}

func (f *File) writeSynced(path string, span Span) (err error) {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := f.WriteOpenMetrics(out, span); err != nil {
		return err
	}
	return out.Sync()
}
