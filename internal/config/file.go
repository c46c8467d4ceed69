package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v3"
)

// maxFileSize bounds the configuration file: everything that can be set fits many times.
const maxFileSize = 1 << 20

// place is a line of the configuration file.
type place struct {
	file string
	line int
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// fileValue is what the configuration file sets.
type fileValue struct {
	text string
	place
	upstream bool // it is one upstream's
}

// fileContent is what a file sets, by flag.
type fileContent struct {
	values    map[string]fileValue
	upstreams []upstream // in the order of the file
	listed    *place     // where they are, nil if there is no list
}

// resolved returns the text, and a name of a file as it is to be opened: as in Prometheus' own
// configuration, it is relative to the directory of the file that has it.
func (v fileValue) resolved(isPath bool) string {
	if !isPath || v.text == "" || filepath.IsAbs(v.text) {
		return v.text
	}
	return filepath.Join(filepath.Dir(v.file), v.text)
}

// fileFlags defines which file is read.
func fileFlags(f Flags) Check {
	file := f.add("config.file", "CONFIG_FILE", "<file>",
		"YAML file with settings. Its keys are the names of the flags, nested at the dots.")
	check := f.addSwitch("config.check", "",
		"Only check the settings, of the file and all others, and print the result.")
	return func(c *checker, cfg *Config) {
		cfg.File = file.raw
		cfg.CheckOnly = parse(c, check, boolean)
	}
}

// fileReader reads the settings of one YAML file. Of the file's text, an error shows only names
// and values of known settings: everything else may be a secret.
type fileReader struct {
	*checker
	name     string
	settings map[string]*setting // that may be known, by flag
	values   map[string]fileValue
	lines    map[string]int // where each key is set
	of       *upstream      // whose settings these are, nil for all upstreams'
	list     *fileContent   // where the upstreams are noted
}

// readFile reads the values of settings from a file, if one is named. The settings are those of
// all commands.
func readFile(c *checker, at *setting, settings map[string]*setting) fileContent {
	name := at.raw
	if name == "" {
		return fileContent{}
	}
	r := &fileReader{checker: c, name: name, settings: settings, values: map[string]fileValue{}, lines: map[string]int{}, list: &fileContent{}}
	content, err := readLimited(name)
	if err != nil {
		c.failf("%s cannot be read: %s: name a YAML file", at, reason(err))
		return fileContent{}
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return fileContent{} // nothing but comments
	case err != nil:
		c.failf("%s is not YAML: %s", at, fault("", err.Error()))
		return fileContent{}
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		c.failf("%s has more than one document: keep one of them", at)
	}
	r.section(document.Content[0], "")
	r.list.values = r.values
	return *r.list
}

func readLimited(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err == nil && len(content) > maxFileSize {
		err = errors.New("it is larger than 1 MiB")
	}
	return content, err
}

func (r *fileReader) at(n *yaml.Node) place { return place{r.name, n.Line} }

// failAt adds an error with its place.
func (r *fileReader) failAt(n *yaml.Node, format string, args ...any) {
	r.failf("%s: %s", r.at(n), fmt.Sprintf(format, args...))
}

// section reads the settings whose flags begin with a prefix.
func (r *fileReader) section(n *yaml.Node, prefix string) {
	switch {
	case n.ShortTag() == "!!null" && n.Kind == yaml.ScalarNode:
		return // nothing in it, or only comments
	case n.Kind != yaml.MappingNode:
		r.failAt(n, "%sno settings: write name: value", nameOf(prefix, " has "))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if name := prefix + key.Value; r.isNew(key, name) {
			r.entry(key, name, value)
		}
	}
}

func nameOf(prefix, verb string) string {
	if prefix == "" {
		return "the file has "
	}
	return strings.TrimSuffix(prefix, ".") + verb
}

// isNew says whether a name is in the file for the first time.
func (r *fileReader) isNew(key *yaml.Node, name string) bool {
	if key.Kind != yaml.ScalarNode {
		r.failAt(key, "a name must be text")
		return false
	}
	first, twice := r.lines[name]
	if twice {
		r.failAt(key, "%s is set in line %d already: keep one of them", printableName(name), first)
		return false
	}
	r.lines[name] = key.Line
	return true
}

// entry reads one key and its value.
func (r *fileReader) entry(key *yaml.Node, name string, value *yaml.Node) {
	s := r.settings[name]
	switch {
	case r.of == nil && name == upstreamsKey:
		r.upstreams(key, value)
	case r.of != nil && name == "name":
		r.upstreamName(value)
	case s == nil && r.isSection(name):
		r.section(value, name+".")
	case s == nil:
		r.failAt(key, "%s", r.unknown(name))
	case name == "config.file":
		r.failAt(key, "config.file cannot be set in the file itself: remove it")
	case s.env == "":
		r.failAt(key, "%s is not a setting of the file: give --%s on the command line", name, name)
	case r.of != nil && s.scope == ofAll:
		r.failAt(key, "%s is the same for all upstreams: set it outside of %s", name, upstreamsKey)
	default:
		if texts, ok := r.texts(s, value); ok {
			r.values[name] = fileValue{strings.Join(texts, s.separator), r.at(value), r.of != nil}
		}
	}
}

func (r *fileReader) isSection(name string) bool {
	for flag := range r.settings {
		if strings.HasPrefix(flag, name+".") {
			return true
		}
	}
	return false
}

// texts returns the values that a node gives to a setting.
func (r *fileReader) texts(s *setting, n *yaml.Node) ([]string, bool) {
	if n.Kind != yaml.SequenceNode {
		text, ok := r.text(s, n)
		return []string{text}, ok
	}
	if s.separator == "" {
		r.failAt(n, "%s is a list: write one value", s.flag)
		return nil, false
	}
	var all []string
	for _, element := range n.Content {
		text, ok := r.text(s, element)
		if !ok {
			return nil, false
		}
		all = append(all, text)
	}
	return all, true
}

// text returns the text of a value, if it is of the setting's type.
func (r *fileReader) text(s *setting, n *yaml.Node) (string, bool) {
	tag := n.ShortTag()
	fault := ""
	switch {
	case n.Kind == yaml.AliasNode:
		fault = "is an alias: write the value"
	case n.Kind == yaml.MappingNode:
		fault = "has settings of its own, which are unknown: write one value"
	case n.Kind == yaml.SequenceNode:
		fault = "is a list in a list: write one list"
	case tag == "!!null":
		fault = "has no value: write one, or remove the line"
	case s.isSwitch && tag != "!!bool":
		fault = "is neither true nor false: write one of them, without quotes"
	case !s.isSwitch && tag == "!!bool":
		fault = "is true or false, where text or a number belongs: write it in quotes if it is text"
	case !slices.Contains([]string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}, tag):
		fault = "has a type of its own: write plain text"
	case s.isURL() && strings.ContainsAny(n.Value, "@?"):
		fault = "(value not shown) has a user, a password or a query: this file holds no secrets. Set the environment variable " + s.env + s.safer
		if r.of != nil { // no variable is one upstream's
			fault = "(value not shown) has a user, a password or a query: this file holds no secrets. Set " + strings.TrimPrefix(s.safer, ", or ") + " of this upstream"
		}
	}
	if fault != "" {
		r.failAt(n, "%s %s", s.flag, fault)
		return "", false
	}
	return strings.TrimSpace(n.Value), true
}

// unknown says what to do about a name that is no setting.
func (r *fileReader) unknown(name string) string {
	shown := "unknown setting " + printableName(name)
	if secretive().MatchString(name) {
		credentials := readCredentials
		if r.of != nil {
			credentials = strings.ReplaceAll(upstreamCredentials, "--", "") + " of this upstream"
		}
		return shown + ": this file holds no secrets. Set " + credentials
	}
	if nearest := r.nearest(name); nearest != "" {
		return shown + ": did you mean " + nearest + "?"
	}
	return shown + ": --help lists all"
}

// secretive matches names of what may be a secret.
func secretive() *regexp.Regexp {
	return regexp.MustCompile(`(?i)token|passw|secret|credential|auth|api.?key|bearer|user`)
}

// nearest returns the setting or the section whose name is most like the one given, "" if none
// is.
func (r *fileReader) nearest(name string) string {
	plain := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }
	name = plain(name[:min(len(name), 100)])
	nearest, distance := "", len(name)/3+1
	if d := levenshtein.ComputeDistance(name, upstreamsKey); r.of == nil && d < distance {
		nearest, distance = upstreamsKey, d
	}
	for _, flag := range slices.Sorted(maps.Keys(r.settings)) {
		s := r.settings[flag]
		if s.env == "" || flag == "config.file" {
			continue
		}
		section, _, _ := strings.Cut(flag, ".")
		for _, other := range []struct{ name, means string }{{flag, flag}, {plain(s.env), flag}, {section, section}} {
			if d := levenshtein.ComputeDistance(name, other.name); d < distance {
				nearest, distance = other.means, d
			}
		}
	}
	return nearest
}

// printableName returns a name for display if it looks like one: what was written in the place
// of a name may be a secret.
func printableName(name string) string {
	if regexp.MustCompile(`^[A-Za-z_.-]{1,60}$`).MatchString(name) {
		return name
	}
	return "(name not shown)"
}
