package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// event is one line of go test -json.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
	Elapsed    float64
	Key, Value string // of an attribute
}

// report turns events into lines for a reader.
type report struct {
	out io.Writer

	mu      sync.Mutex
	output  map[string][]string // of tests that have not passed yet, by package and test
	running map[string]bool     // packages
	tests   map[string]int      // that passed, by package
	spoke   time.Time

	passed    int
	packages  int
	downloads int
	failures  []string
	skipped   []string
	summary   []string
}

func newReport(out io.Writer) *report {
	return &report{
		out: out, spoke: time.Now(),
		output: map[string][]string{}, running: map[string]bool{}, tests: map[string]int{},
	}
}

// read takes events until there are no more.
func (r *report) read(events io.Reader) error {
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if jerr := json.Unmarshal(line, &e); jerr != nil {
				r.say("%s", strings.TrimRight(string(line), "\n"))
			} else {
				r.take(e)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read go test's events: %w", err)
		}
	}
}

// relay passes on what the go command says besides, but for the names of the modules
// that it downloads.
func (r *report) relay(complaints io.Reader) {
	lines := bufio.NewScanner(complaints)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "go: downloading ") {
			r.mu.Lock()
			r.downloads++
			r.mu.Unlock()
			continue
		}
		r.say("%s", lines.Text())
	}
	_, _ = io.Copy(io.Discard, complaints) // a line too long to scan must not block the command
}

func (r *report) take(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := e.Package + " " + e.Test
	switch e.Action {
	case "start":
		r.running[e.Package] = true
	case "output":
		r.output[key] = append(r.output[key], e.Output)
	case "build-output":
		r.print("%s", strings.TrimRight(e.Output, "\n"))
	case "build-fail":
		r.failures = append(r.failures, "build of "+e.ImportPath)
	case "attr":
		if e.Key == "summary" {
			r.summary = append(r.summary, e.Value)
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.finishPackage(e)
		} else {
			r.finishTest(e)
		}
		delete(r.output, key)
	}
}

func (r *report) finishTest(e event) {
	output := r.output[e.Package+" "+e.Test]
	switch e.Action {
	case "pass":
		r.passed++
		r.tests[e.Package]++
	case "fail":
		r.failures = append(r.failures, short(e.Package)+" "+e.Test)
		r.print("FAIL %s %s", short(e.Package), e.Test)
		r.lines(output)
	case "skip":
		r.skipped = append(r.skipped, fmt.Sprintf("%s %s: %s", short(e.Package), e.Test, reason(output)))
	}
}

func (r *report) finishPackage(e event) {
	delete(r.running, e.Package)
	switch e.Action {
	case "fail":
		r.packages++
		r.print("FAIL %s (%.1f s)", short(e.Package), e.Elapsed)
		r.lines(r.output[e.Package+" "])
		r.failures = append(r.failures, short(e.Package))
	case "pass":
		r.packages++
		r.print("ok   %s (%d tests, %.1f s)", short(e.Package), r.tests[e.Package], e.Elapsed)
	}
}

// lines prints a test's own output, without what go test says around it.
func (r *report) lines(output []string) {
	for _, line := range output {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed == "FAIL" || strings.HasPrefix(trimmed, "=== ") || strings.HasPrefix(trimmed, "--- ") || strings.HasPrefix(trimmed, "FAIL\t") {
			continue
		}
		r.print("%s", strings.TrimRight(line, "\n"))
	}
}

// reason returns what a skipped test said, without the place in the code.
func reason(output []string) string {
	for _, line := range output {
		line = strings.TrimSpace(line)
		if _, said, ok := strings.Cut(line, ".go:"); ok {
			_, said, _ = strings.Cut(said, ": ")
			return said
		}
	}
	return "no reason given"
}

// short returns a package's path within its module.
func short(path string) string {
	const module = "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter"
	if path == module {
		return "main"
	}
	return strings.TrimPrefix(path, module+"/")
}

func (r *report) print(format string, args ...any) {
	r.spoke = time.Now()
	fmt.Fprintf(r.out, format+"\n", args...)
}

func (r *report) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print(format, args...)
}

func (r *report) leftOut(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped = append(r.skipped, what)
}

func (r *report) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failures) > 0
}

// beat speaks up now and then where nothing else does.
func (r *report) beat(done <-chan struct{}) {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		r.mu.Lock()
		if time.Since(r.spoke) >= heartbeat {
			at := fmt.Sprintf("building, %d modules downloaded", r.downloads)
			if len(r.running) > 0 {
				var packages []string
				for p := range r.running {
					packages = append(packages, short(p))
				}
				at = "running " + strings.Join(packages, ", ")
			}
			r.print("...  %s (%d tests passed so far)", at, r.passed)
		}
		r.mu.Unlock()
	}
}

// close prints the closing lines: what failed, what was left out, and the counts.
func (r *report) close(took time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.out)
	for _, line := range r.summary {
		fmt.Fprintln(r.out, line)
	}
	failures := leaves(r.failures)
	if r.packages == 0 && len(failures) == 0 {
		failures = []string{"no tests were found"}
	}
	for _, f := range failures {
		fmt.Fprintln(r.out, "Failed: "+f)
	}
	for _, s := range r.skipped {
		fmt.Fprintln(r.out, "Left out: "+s)
	}
	verdict := "PASSED"
	if len(failures) > 0 {
		verdict = "FAILED"
	}
	fmt.Fprintf(r.out, "%s: %d passed, %d failed, %d left out (packages: %d, time: %s)\n",
		verdict, r.passed, len(failures), len(r.skipped), r.packages, took.Round(time.Second))
	if len(failures) > 0 {
		return errors.New("tests failed")
	}
	return nil
}

// leaves returns the failures that are not merely those of something inside them: a
// test fails with its subtests, and a package with its tests.
func leaves(failures []string) []string {
	inside := func(outer string) bool {
		return slices.ContainsFunc(failures, func(f string) bool {
			return strings.HasPrefix(f, outer+"/") || strings.HasPrefix(f, outer+" ")
		})
	}
	return slices.DeleteFunc(slices.Clone(failures), inside)
}
