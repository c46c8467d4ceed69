package config

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// setting is one flag's text and where it came from. It takes any text: what the text
// means is found out later, with all the others, so that every error is reported at once.
type setting struct {
	flag, env string // env is empty where the setting says what to do this once
	raw       string
	onLine    bool                // given on the command line
	isSwitch  bool                // it needs no value there
	separator string              // between the values of one that can be given more than once
	show      func(string) string // how the value may be printed, nil for as it is
}

// Flags is where settings are defined: for every command, or for one.
type Flags struct {
	of interface {
		Flag(name, help string) *kingpin.FlagClause
		GetFlag(name string) *kingpin.FlagClause
	}
	settings map[string]*setting // by flag
}

// add defines a setting. A preset value in angle brackets is none: it says what to write.
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

// addList defines a setting that can be given more than once: its text has separators between.
func (f Flags) addList(flag, env, preset, separator, help string) *setting {
	s := f.add(flag, env, preset, help)
	s.separator = separator
	return s
}

// adopt makes a setting of a flag.
func (f Flags) adopt(clause *kingpin.FlagClause, flag, env string) *setting {
	s := &setting{flag: flag, env: env}
	clause.Envar(env).IsSetByUser(&s.onLine)
	clause.SetValue(s)
	f.settings[flag] = s
	return s
}

// Set takes the text, as kingpin.Value.
func (s *setting) Set(raw string) error {
	raw = strings.TrimSpace(raw)
	if s.separator != "" && s.raw != "" {
		raw = s.raw + s.separator + raw
	}
	s.raw = raw
	return nil
}

// IsBoolFlag and IsCumulative are kingpin's, too.
func (s *setting) IsBoolFlag() bool   { return s.isSwitch }
func (s *setting) IsCumulative() bool { return s.separator != "" }

// String names the setting, as the user did, and its value.
func (s *setting) String() string {
	value := fmt.Sprintf("%q", s.raw)
	if s.show != nil {
		value = s.show(s.raw)
	}
	return s.name() + "=" + value
}

// name is the flag, unless it was the environment that spoke.
func (s *setting) name() string {
	if !s.onLine && s.env != "" && os.Getenv(s.env) != "" {
		return s.env
	}
	return "--" + s.flag
}

// checker collects what is wrong.
type checker struct{ errs []error }

func (c *checker) failf(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

func (c *checker) err() error { return errors.Join(c.errs...) }

// parse reads s by read, whose error completes a sentence that begins with the
// setting and its value.
func parse[T any](c *checker, s *setting, read func(string) (T, error)) T {
	v, err := read(s.raw)
	if err != nil {
		c.failf("%s %w", s, err)
	}
	return v
}

// plain is the text of an error from a file that may hold secrets: on one line, and
// without the excerpts that YAML errors put between backquotes.
func plain(err error) string {
	excerpts := regexp.MustCompile("(?s)`.*`") // which may have such quotes in them
	return strings.Join(strings.Fields(excerpts.ReplaceAllString(err.Error(), "(value)")), " ")
}
