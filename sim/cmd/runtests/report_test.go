package main

import (
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	const start = `{"Action":"start","Package":"p"}
`
	for name, c := range map[string]struct {
		events string
		ok     bool
		want   []string // in order
		never  string
	}{
		"passed": {
			events: start + `{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"attr","Package":"p","Test":"TestA","Key":"summary","Value":"worth a line"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Elapsed":1.5}
`,
			ok:    true,
			want:  []string{"ok   p (1 tests, 1.5 s)", "worth a line", "PASSED: 1 passed, 0 failed, 0 left out (packages: 1, time: 1m0s)\n"},
			never: "chatter",
		},
		"a failure is told once, with its output": {
			events: start + `{"Action":"output","Package":"p","Test":"TestA/b","Output":"    a_test.go:7: 1 is not 2\n"}
{"Action":"fail","Package":"p","Test":"TestA/b"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p","Elapsed":1.5}
`,
			want:  []string{"FAIL p TestA/b", "1 is not 2", "\nFailed: p TestA/b\n", "FAILED: 0 passed, 1 failed, 0 left out"},
			never: "Failed: p\n",
		},
		"a package that does not build": {
			events: `{"ImportPath":"p","Action":"build-output","Output":"p/a.go:1: undefined: x\n"}
{"ImportPath":"p","Action":"build-fail"}
`,
			want: []string{"undefined: x", "Failed: build of p\n", "FAILED: 0 passed, 1 failed"},
		},
		"what was left out is told": {
			events: start + `{"Action":"output","Package":"p","Test":"TestA","Output":"    promtest.go:61: there is no apt-get here\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Elapsed":1.5}
`,
			ok:   true,
			want: []string{"Left out: p TestA: there is no apt-get here\n", "PASSED: 0 passed, 0 failed, 1 left out"},
		},
		"nothing ran": {want: []string{"Failed: no tests were found\n", "FAILED: 0 passed, 1 failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(c.events)); err != nil {
				t.Fatal(err)
			}
			if err := r.close(time.Minute); (err == nil) != c.ok {
				t.Errorf("error %v, want one: %t", err, !c.ok)
			}
			rest := out.String()
			for _, w := range c.want {
				_, after, found := strings.Cut(rest, w)
				if !found {
					t.Errorf("no %q, or not in its place, in:\n%s", w, out.String())
				}
				rest = after
			}
			if c.never != "" && strings.Contains(out.String(), c.never) {
				t.Errorf("%q in:\n%s", c.never, out.String())
			}
		})
	}
}
