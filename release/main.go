// Command release adds to the files of a release what lets others check them: what each
// binary is made of (SBOM), what they were all built from (provenance), and checksums. The
// same files and arguments give the same bytes.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// name is what every file's name begins with.
const name = "seldon-prometheus-exporter"

// release is what was built, and from what.
type release struct {
	dir      string    // holds the files
	version  string    // without a v
	revision string    // git's hash of the commit
	time     time.Time // of the commit: the time of the build would differ each time
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	var r release
	flags.StringVar(&r.dir, "dir", "", "directory with the `files` of the release")
	flags.StringVar(&r.version, "version", "", "version, without a v")
	flags.StringVar(&r.revision, "revision", "", "commit it was built from")
	seconds := flags.Int64("time", 0, "the commit's time, in `seconds` since 1970")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r.time = time.Unix(*seconds, 0).UTC()

	binaries, err := filepath.Glob(filepath.Join(r.dir, name+"-linux-*"))
	if err != nil {
		return err
	}
	if len(binaries) == 0 {
		return fmt.Errorf("-dir=%q has no binaries: run make binaries first", r.dir)
	}
	for _, path := range binaries {
		if err := r.writeSBOM(path); err != nil {
			return fmt.Errorf("SBOM of %s: %w", path, err)
		}
	}
	if err := r.writeProvenance(binaries[0]); err != nil {
		return fmt.Errorf("provenance: %w", err)
	}
	return r.writeSums()
}

// file is one of a release, by its name there and the SHA-256 of its content, in hexadecimal.
type file struct{ name, sum string }

// files lists what there is so far, sorted by name.
func (r release) files() ([]file, error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(r.dir, e.Name()))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		files = append(files, file{e.Name(), hex.EncodeToString(sum[:])})
	}
	return files, nil
}

// writeSums writes the checksums in the format of sha256sum.
func (r release) writeSums() error {
	files, err := r.files()
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "%s  %s\n", f.sum, f.name)
	}
	return os.WriteFile(filepath.Join(r.dir, "SHA256SUMS"), []byte(b.String()), 0o644)
}
