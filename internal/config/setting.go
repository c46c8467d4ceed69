package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// setting is the text of one flag and its origin. Any text is accepted at first: all settings
// are parsed later together, so that every error is reported.
type setting struct {
	flag, env string // env is empty if there is no environment variable
	raw       string
	onLine    bool                // given on the command line
	isSwitch  bool                // it needs no value on the command line
	separator string              // between values, if it can be given more than once
	show      func(string) string // how an error prints the value, nil for unchanged
	group     string              // the heading under which it is listed
	help      string
	number    int // in the order of definition
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

// addURL defines a setting that is a URL, which may hold secrets.
func (f Flags) addURL(flag, env, preset, help string) *setting {
	s := f.add(flag, env, preset, help)
	s.show = hideSecrets
	return s
}

// adopt makes a setting of a flag.
func (f Flags) adopt(clause *kingpin.FlagClause, flag, env string) *setting {
	s := &setting{flag: flag, env: env, group: f.group, help: clause.Model().Help, number: len(f.settings)}
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

// String returns the setting's name as the user gave it, and its value.
func (s *setting) String() string {
	value := fmt.Sprintf("%q", s.raw)
	if s.show != nil {
		value = s.show(s.raw)
	}
	return s.name() + "=" + value
}

// name is the environment variable if that was set, and else the flag.
func (s *setting) name() string {
	if s.origin() == FromEnvironment {
		return s.env
	}
	return "--" + s.flag
}

// checker collects errors.
type checker struct{ errs []error }

func (c *checker) failf(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
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
