package main

import (
	"bytes"
	"context"
	"os"
	"runtime/debug"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/CycloneDX/cyclonedx-gomod/pkg/generate/bin"
	"github.com/google/uuid"
	"github.com/rs/zerolog"
)

const generator = "github.com/CycloneDX/cyclonedx-gomod"

// writeSBOM writes, beside a binary, which modules are in it, in which versions and under which
// licenses: a CycloneDX document, with what the Go command itself has recorded in the binary.
func (r release) writeSBOM(path string) error {
	// A long package URL would name the platform of this machine, not the binary's, which
	// is among the document's properties.
	g, err := bin.NewGenerator(path, bin.WithLogger(zerolog.Nop()), bin.WithIncludeStdlib(true),
		bin.WithShortPURLS(true), bin.WithVersionOverride("v"+r.version))
	if err != nil {
		return err
	}
	bom, err := g.Generate()
	if err != nil {
		return err
	}
	if err := addLicenses(context.Background(), bom); err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// The number of a document is its binary's: the same one, the same document.
	bom.SerialNumber = uuid.NewSHA1(uuid.NameSpaceOID, content).URN()
	bom.Metadata.Timestamp = r.time.Format(time.RFC3339)
	bom.Metadata.Tools = &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{{
		Type:    cyclonedx.ComponentTypeApplication,
		Name:    generator,
		Version: dependency(generator),
	}}}
	var b bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&b, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return err
	}
	return os.WriteFile(path+".cdx.json", b.Bytes(), 0o644)
}

// dependency returns the version of a module that is built into this program.
func dependency(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == module {
				return d.Version
			}
		}
	}
	return ""
}
