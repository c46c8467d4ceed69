package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/licensecheck"
	"golang.org/x/mod/module"
)

// own is the license of the program itself, and goLicense that of Go's standard library.
const (
	own       = "Apache-2.0"
	goLicense = "BSD-3-Clause"
)

// addLicenses enters the licenses of a binary's modules, as the license files in the module
// cache have them. It fails where a module has none, or one that a binary under the Apache
// License may not be made of.
func addLicenses(ctx context.Context, bom *cyclonedx.BOM) error {
	cache, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return fmt.Errorf("go env GOMODCACHE: %w", err)
	}
	bom.Metadata.Component.Licenses = choices(own)
	var failures []error
	for i := range *bom.Components {
		c := &(*bom.Components)[i]
		if c.Name == "std" {
			c.Licenses = choices(goLicense)
			continue
		}
		licenses, err := licensesOf(strings.TrimSpace(string(cache)), c.Name, c.Version)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s %s: %w", c.Name, c.Version, err))
			continue
		}
		c.Licenses = choices(licenses...)
	}
	return errors.Join(failures...)
}

func choices(ids ...string) *cyclonedx.Licenses {
	var all cyclonedx.Licenses
	for _, id := range ids {
		all = append(all, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: id}})
	}
	return &all
}

func licensesOf(cache, path, version string) ([]string, error) {
	escapedPath, err := module.EscapePath(path)
	if err != nil {
		return nil, err
	}
	escapedVersion, err := module.EscapeVersion(version)
	if err != nil {
		return nil, err
	}
	return licensesIn(filepath.Join(cache, escapedPath+"@"+escapedVersion))
}

var licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([.-].*)?$`)

// licensesIn returns the SPDX identifiers of a directory's license files.
func licensesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() || !licenseFile.MatchString(e.Name()) || filepath.Ext(e.Name()) == ".go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		some, err := licensesOfText(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		ids = append(ids, some...)
	}
	if len(ids) == 0 {
		return nil, errors.New("has no license file")
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// leastKnown is which part of a file, in percent, must be license texts that are known.
const leastKnown = 75

func licensesOfText(text []byte) ([]string, error) {
	scan := licensecheck.Scan(text)
	if scan.Percent < leastKnown {
		return nil, fmt.Errorf("only %.0f %% of it are license texts that are known: read it", scan.Percent)
	}
	var ids []string
	for _, m := range scan.Match {
		if !slices.Contains(compatible(), m.ID) {
			return nil, fmt.Errorf("%s is not known to be compatible with %s: do without the module, or add the license to the list", m.ID, own)
		}
		ids = append(ids, m.ID)
	}
	return ids, nil
}

// compatible lists licenses that a binary under the Apache License may be made of: those of the
// Apache Software Foundation's category A that Go modules usually have, and of category B the
// Mozilla Public License, which only asks for its own files' source.
func compatible() []string {
	return []string{"Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Zlib", "Unlicense", "CC0-1.0", "MPL-2.0"}
}
