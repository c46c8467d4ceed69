package doctor

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/cli"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/doctor"
)

// elsewhere are faults whose tests are those of the package: they need time.
var elsewhere = []string{"window/slow", "read-back/not-found"}

func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range elsewhere {
		seen[name] = true
	}
	for _, c := range faulty {
		seen[c.want[0]] = true
		t.Run(c.name, func(t *testing.T) {
			l := healthy()
			c.cause(t, l)
			args := l.start(t)
			if at := slices.IndexFunc(l.args, func(a string) bool { return strings.HasPrefix(a, "--prometheus.url=") }); at >= 0 {
				args = slices.Delete(args, 1, 2) // its own instead
			}
			r, err := examine(t, lastOfEach(args))
			var got []string
			failed := false
			for _, x := range r.Checks {
				name := x.Name + "/" + x.Fault
				if x.Status == "warn" || x.Status == "fail" {
					got = append(got, name)
				}
				failed = failed || x.Status == "fail"
				if name != c.want[0] {
					continue
				}
				if !strings.Contains(x.Found, c.found) || !strings.Contains(x.Remedy, c.do) {
					t.Errorf("%s: found %q, want %q\n%s\nwant %q", name, x.Found, c.found, x.Remedy, c.do)
				}
				if x.Link != "docs/troubleshooting.md#"+x.Name {
					t.Errorf("link %s", x.Link)
				}
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(c.want)), slices.Sorted(slices.Values(got))); diff != "" {
				t.Error(diff)
			}
			if (err != nil) != failed || cli.Exit(err, io.Discard) != map[bool]int{true: 1, false: 0}[failed] {
				t.Errorf("a check has failed: %v, and the result is %v", failed, err)
			}
			if t.Failed() {
				text, _ := json.MarshalIndent(r, "", " ")
				t.Logf("%s", text)
			}
		})
	}
	for _, check := range doctor.Checks() {
		for _, f := range check.Faults {
			if !seen[check.Name+"/"+f.Name] {
				t.Errorf("no cluster has the fault %s/%s", check.Name, f.Name)
			}
		}
	}
}

// lastOfEach keeps the last of flags that are given twice.
func lastOfEach(args []string) []string {
	var out []string
	for i, a := range args {
		name, _, _ := strings.Cut(a, "=")
		if !slices.ContainsFunc(args[i+1:], func(later string) bool { return strings.HasPrefix(later, name+"=") }) {
			out = append(out, a)
		}
	}
	return out
}
