package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/e2e/programs"
)

// TestRelease makes a release of the last commit in two places, as anybody would who wants
// to know whether what was released is what the source gives.
func TestRelease(t *testing.T) {
	version := strings.TrimSpace(readFile(t, "../VERSION"))
	key := filepath.Join(t.TempDir(), "key")
	_, err := command(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	must(t, err)

	var clone, dist string
	var sums map[string]string
	for range 2 {
		clone = t.TempDir()
		_, err = command(t, "git", "clone", "--quiet", "..", clone)
		must(t, err)
		_, err = command(t, "make", "-C", clone, "--no-print-directory", "release", "SIGNING_KEY="+key)
		must(t, err)
		dist = filepath.Join(clone, "dist")
		got := checksums(t, dist)
		if diff := cmp.Diff(sums, got); sums != nil && diff != "" {
			t.Errorf("the same commit gives other files:\n%s", diff)
		}
		sums = got
	}
	revision, err := command(t, "git", "-C", clone, "rev-parse", "HEAD")
	must(t, err)
	revision = strings.TrimSpace(revision)

	const amd64, arm64 = release + "-linux-amd64", release + "-linux-arm64"
	archive, provenance := release+"-"+version+".tgz", release+"-"+version+".provenance.json"
	want := []string{archive, provenance, amd64, amd64 + ".cdx.json", arm64, arm64 + ".cdx.json"}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(sums))); diff != "" {
		t.Errorf("files (- wanted):\n%s", diff)
	}

	t.Run("binary", func(t *testing.T) {
		out, err := command(t, filepath.Join(dist, release+"-linux-"+runtime.GOARCH), "--version")
		must(t, err)
		if !strings.Contains(out, version) || !strings.Contains(out, revision) {
			t.Errorf("want version %s and revision %s: %s", version, revision, out)
		}
	})
	t.Run("chart", func(t *testing.T) {
		out, err := helmRun(t, programs.Helm, nil, "show", "chart", filepath.Join(dist, archive))
		if err != nil || !strings.Contains(out, "\nversion: "+version+"\n") {
			t.Errorf("helm show chart: %v: %s", err, out)
		}
	})
	for _, binary := range []string{amd64, arm64} {
		t.Run("SBOM of "+binary, func(t *testing.T) { checkSBOM(t, filepath.Join(dist, binary), sums[binary]) })
	}
	t.Run("provenance", func(t *testing.T) {
		delete(sums, provenance) // it cannot speak of itself
		checkProvenance(t, filepath.Join(dist, provenance), revision, sums)
	})
	t.Run("signature", func(t *testing.T) {
		signers := filepath.Join(t.TempDir(), "allowed_signers")
		write(t, signers, "release "+readFile(t, key+".pub"))
		verify := func(text string) (string, error) {
			signed := filepath.Join(t.TempDir(), "SHA256SUMS")
			write(t, signed, text)
			return command(t, "sh", "-c", `exec ssh-keygen -Y verify -f "$1" -I release -n file -s "$2" <"$3"`,
				"sh", signers, filepath.Join(dist, "SHA256SUMS.sig"), signed)
		}
		text := readFile(t, filepath.Join(dist, "SHA256SUMS"))
		if out, err := verify(text); err != nil {
			t.Errorf("the signature is refused: %v: %s", err, out)
		}
		if out, err := verify(text + "\n"); err == nil {
			t.Errorf("the signature stands under another text: %s", out)
		}
	})
	t.Run("changes that are not committed", func(t *testing.T) {
		write(t, filepath.Join(clone, "README.md"), "changed\n")
		if out, err := command(t, "make", "-C", clone, "release"); err == nil || !strings.Contains(out, "git status") {
			t.Errorf("make release takes them: %v: %s", err, out)
		}
	})
}

// checksums has sha256sum check the files of a release, sees to it that none is left out,
// and returns what each one's is.
func checksums(t *testing.T, dist string) map[string]string {
	t.Helper()
	_, err := command(t, "sh", "-c", `cd "$1" && sha256sum --check --strict --quiet SHA256SUMS`, "sh", dist)
	must(t, err)
	sums := map[string]string{}
	for line := range strings.Lines(readFile(t, filepath.Join(dist, "SHA256SUMS"))) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sums[name] = sum
	}
	entries, err := os.ReadDir(dist)
	must(t, err)
	for _, e := range entries {
		if _, listed := sums[e.Name()]; !listed && e.Name() != "SHA256SUMS" && e.Name() != "SHA256SUMS.sig" {
			t.Errorf("%s has no checksum", e.Name())
		}
	}
	return sums
}

// checkSBOM holds a binary's CycloneDX document against the product's go.mod.
func checkSBOM(t *testing.T, binary, sum string) {
	var document struct {
		BOMFormat    string
		SerialNumber string
		Metadata     struct {
			Properties []struct{ Name, Value string }
		}
		Components []struct {
			PURL     string
			Licenses []struct{ License struct{ ID string } }
		}
	}
	must(t, json.Unmarshal([]byte(readFile(t, binary+".cdx.json")), &document))
	if document.BOMFormat != "CycloneDX" || !strings.HasPrefix(document.SerialNumber, "urn:uuid:") {
		t.Errorf("format %q, serial number %q", document.BOMFormat, document.SerialNumber)
	}
	properties := map[string]string{}
	for _, p := range document.Metadata.Properties {
		properties[p.Name] = p.Value
	}
	if got := properties["cdx:gomod:binary:hash:SHA-256"]; got != sum {
		t.Errorf("it is of a binary with the checksum %s, want %s", got, sum)
	}
	_, platform, _ := strings.Cut(filepath.Base(binary), "-linux-")
	if got := properties["cdx:gomod:build:env:GOARCH"]; got != platform {
		t.Errorf("it is of a binary for %q, want %s", got, platform)
	}
	client, err := command(t, "go", "-C", "..", "list", "-m", "-f", "pkg:golang/{{.Path}}@{{.Version}}", "github.com/prometheus/client_golang")
	must(t, err)
	var components []string
	for _, c := range document.Components {
		components = append(components, c.PURL)
		if len(c.Licenses) == 0 || c.Licenses[0].License.ID == "" {
			t.Errorf("%s has no license", c.PURL)
		}
	}
	for _, want := range []string{strings.TrimSpace(client), "pkg:golang/std@" + runtime.Version()} {
		if !slices.Contains(components, want) {
			t.Errorf("%s is not in %v", want, components)
		}
	}
}

// checkProvenance holds what is said of where the files are from against where they are from.
func checkProvenance(t *testing.T, path, revision string, sums map[string]string) {
	var statement struct {
		Type          string `json:"_type"`
		PredicateType string
		Subject       []struct {
			Name   string
			Digest struct{ SHA256 string }
		}
		Predicate struct {
			BuildDefinition struct {
				ExternalParameters   struct{ Command string }
				ResolvedDependencies []struct{ Digest struct{ GitCommit string } }
			}
			RunDetails struct {
				Builder struct{ Version struct{ Go string } }
			}
		}
	}
	must(t, json.Unmarshal([]byte(readFile(t, path)), &statement))
	if statement.Type != "https://in-toto.io/Statement/v1" || statement.PredicateType != "https://slsa.dev/provenance/v1" {
		t.Errorf("type %q, predicate %q", statement.Type, statement.PredicateType)
	}
	subjects := map[string]string{}
	for _, s := range statement.Subject {
		subjects[s.Name] = s.Digest.SHA256
	}
	if diff := cmp.Diff(sums, subjects); diff != "" {
		t.Errorf("subjects (- wanted):\n%s", diff)
	}
	build := statement.Predicate.BuildDefinition
	got := fmt.Sprint(build.ExternalParameters.Command, build.ResolvedDependencies, statement.Predicate.RunDetails.Builder.Version.Go)
	if want := fmt.Sprintf("make release[{{%s}}]%s", revision, runtime.Version()); got != want {
		t.Errorf("built by %s, want %s", got, want)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return string(content)
}
