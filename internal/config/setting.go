package config

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// setting is the text of one flag and its origin. Any text is accepted at first: all settings
// are parsed later together, so that every error is reported.
type setting struct {
	flag, env string // env is empty if there is no environment variable
	raw       string
	onLine    bool                // given on the command line
	inFile    *fileValue          // nil if the configuration file does not set it
	isPath    bool                // it names a file
	fixed     bool                // it cannot change while the exporter runs
	scope     scope               // which upstreams it is of
	upstream  string              // the only upstream that it is of, "" for all
	safer     string              // how else to give a URL's secrets than by the environment
	isSwitch  bool                // it needs no value on the command line
	separator string              // between values, if it can be given more than once
	show      func(string) string // how an error prints the value, nil for unchanged
	group     string              // the heading under which it is listed
	help      string
	number    int // in the order of definition

	preset, placeholder string // for --help: the default, or what stands for a value
}

// Flags defines settings: of every command, or of one.
type Flags struct {
	of interface {
		Flag(name, help string) *kingpin.FlagClause
		GetFlag(name string) *kingpin.FlagClause
	}
	settings map[string]*setting // by flag
	group    string
}

// in returns f for the settings of a group.
func (f Flags) in(group string) Flags {
	f.group = group
	return f
}

// add defines a setting. A preset value in angle brackets is a placeholder, not a default.
func (f Flags) add(flag, env, preset, help string) *setting {
	clause := f.of.Flag(flag, help)
	switch {
	case strings.HasPrefix(preset, "<"):
		clause.PlaceHolder(preset)
	case preset != "":
		clause.Default(preset)
	}
	return f.adopt(clause, flag, env)
}

// fix marks settings that cannot change while the exporter runs.
func fix(all ...*setting) {
	for _, s := range all {
		s.fixed = true
	}
}

// scope says which upstreams a setting is of, where the file lists several.
type scope int

const (
	ofAll  scope = iota // it is the same for all of them
	ofSome              // an upstream may have a value of its own
	ofOne               // each has its own: one for all could send a token to another's server
)

// within marks settings by their scope.
func within(sc scope, all ...*setting) {
	for _, s := range all {
		s.scope = sc
	}
}

// addSwitch defines a setting that needs no value on the command line.
func (f Flags) addSwitch(flag, env, help string) *setting {
	s := f.add(flag, env, "", help)
	s.isSwitch = true
	return s
}

// addList defines a setting that can be given more than once. The values are joined by a
// separator.
func (f Flags) addList(flag, env, preset, separator, help string) *setting {
	s := f.add(flag, env, preset, help)
	s.separator = separator
	return s
}

// addURL defines a setting that is a URL, which may hold secrets. Another setting can name a
// file with them.
func (f Flags) addURL(flag, env, preset, file, help string) *setting {
	s := f.add(flag, env, preset, help)
	s.show, s.safer = hideSecrets, ", or "+file
	return s
}

// addFile defines a setting that names a file.
func (f Flags) addFile(flag, env, help string) *setting {
	s := f.add(flag, env, "<file>", help)
	s.isPath = true
	return s
}

// adopt makes a setting of a flag.
func (f Flags) adopt(clause *kingpin.FlagClause, flag, env string) *setting {
	model := clause.Model()
	s := &setting{flag: flag, env: env, group: f.group, help: model.Help, number: len(f.settings)}
	s.preset, s.placeholder = strings.Join(model.Default, ","), model.PlaceHolder
	clause.Envar(env).IsSetByUser(&s.onLine)
	clause.SetValue(s)
	f.settings[flag] = s
	return s
}

// Set stores the text, as a kingpin.Value.
func (s *setting) Set(raw string) error {
	raw = strings.TrimSpace(raw)
	if s.separator != "" && s.raw != "" {
		raw = s.raw + s.separator + raw
	}
	s.raw = raw
	return nil
}

// IsBoolFlag and IsCumulative are for kingpin, too.
func (s *setting) IsBoolFlag() bool   { return s.isSwitch }
func (s *setting) IsCumulative() bool { return s.separator != "" }

// isURL says whether the value may be a URL with secrets.
func (s *setting) isURL() bool { return s.safer != "" }

// String returns the setting's name as the user gave it, and its value.
func (s *setting) String() string {
	value, show := s.raw, s.show
	if s.origin() == FromFile {
		value = s.inFile.text
	}
	if show == nil {
		show = strconv.Quote
	}
	return s.with(show(value))
}

// with returns the setting's name as the user gave it, and a value.
func (s *setting) with(value string) string {
	if s.origin() == FromFile {
		return fmt.Sprintf("%s=%s in %s", s.flag, value, s.inFile.place)
	}
	return s.name() + "=" + value
}

// name is the setting as the user gave it: in the environment, in the file, or as the flag.
func (s *setting) name() string {
	switch s.origin() {
	case FromEnvironment:
		return s.env
	case FromFile:
		return fmt.Sprintf("%s in %s", s.flag, s.inFile.place)
	}
	if s.upstream != "" {
		return s.flag + " of the upstream " + s.upstream
	}
	return "--" + s.flag
}

// origin says where the value comes from: a flag wins over the environment, and the environment
// over the file.
func (s *setting) origin() string {
	switch {
	case s.onLine:
		return FromFlag
	case s.env != "" && os.Getenv(s.env) != "":
		return FromEnvironment
	case s.inFile != nil:
		return FromFile
	}
	return FromDefault
}

// setInFile sets the value that the configuration file has, unless another wins.
func (s *setting) setInFile(v fileValue) {
	s.inFile = &v
	if s.origin() == FromFile {
		s.raw = v.resolved(s.isPath)
	}
}

// checker collects errors.
type checker struct{ errs []error }

// failf adds an error, once: a setting of all upstreams is checked for each.
func (c *checker) failf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if !slices.ContainsFunc(c.errs, func(o error) bool { return o.Error() == err.Error() }) {
		c.errs = append(c.errs, err)
	}
}

func (c *checker) err() error { return errors.Join(c.errs...) }

// parse parses s. An error of read completes a sentence that begins with the setting and its
// value.
func parse[T any](c *checker, s *setting, read func(string) (T, error)) T {
	v, err := read(s.raw)
	if err != nil {
		c.failf("%s %w", s, err)
	}
	return v
}

// plain returns the text of an error about a file that may hold secrets: on one line, and
// without the excerpts that YAML errors put between backquotes.
func plain(err error) string {
	excerpts := regexp.MustCompile("(?s)`.*`") // an excerpt may contain backquotes
	return strings.Join(strings.Fields(excerpts.ReplaceAllString(err.Error(), "(value)")), " ")
}
