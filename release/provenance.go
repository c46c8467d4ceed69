package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"path/filepath"

	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	attestation "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	repository    = "https://github.com/seldon-prometheus-exporter/seldon-prometheus-exporter"
	buildType     = repository + "/blob/main/docs/releasing.md"
	predicateType = "https://slsa.dev/provenance/v1"
)

// writeProvenance writes what all the files so far were built from, and how: an in-toto
// statement with SLSA's predicate. When that was is left out, for it differs each time.
// The Go version is the one that a binary says it was built with.
func (r release) writeProvenance(binary string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	parameters, err := structpb.NewStruct(map[string]any{"command": "make release", "version": r.version})
	if err != nil {
		return err
	}
	predicate := &provenance.Provenance{
		BuildDefinition: &provenance.BuildDefinition{
			BuildType:          buildType,
			ExternalParameters: parameters,
			ResolvedDependencies: []*attestation.ResourceDescriptor{{
				Uri:    "git+" + repository,
				Digest: map[string]string{"gitCommit": r.revision},
			}},
		},
		RunDetails: &provenance.RunDetails{Builder: &provenance.Builder{
			Id:      buildType, // whoever follows it: there is no build service
			Version: map[string]string{"go": info.GoVersion},
		}},
	}
	if err := predicate.Validate(); err != nil {
		return err
	}
	statement := &attestation.Statement{
		Type:          attestation.StatementTypeUri,
		PredicateType: predicateType,
		Predicate:     &structpb.Struct{},
	}
	text, err := protojson.Marshal(predicate)
	if err != nil {
		return err
	}
	if err := protojson.Unmarshal(text, statement.Predicate); err != nil {
		return err
	}
	files, err := r.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		statement.Subject = append(statement.Subject, &attestation.ResourceDescriptor{
			Name:   f.name,
			Digest: map[string]string{"sha256": f.sum},
		})
	}
	if err := statement.Validate(); err != nil {
		return err
	}
	if text, err = protojson.Marshal(statement); err != nil {
		return err
	}
	// protojson puts spaces at random, lest anybody rely on them.
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	return os.WriteFile(filepath.Join(r.dir, name+"-"+r.version+".provenance.json"), b.Bytes(), 0o644)
}
