package config

import (
	"net/url"
	"os"
	"strings"
)

// Where the value of a setting comes from.
const (
	FromFlag        = "flag"
	FromEnvironment = "environment"
	FromFile        = "file"
	FromDefault     = "default"
)

// secret is shown in place of a secret.
const secret = "<secret>"

// EffectiveSetting is a setting with the value that is used, without secrets.
type EffectiveSetting struct {
	Group  string // the heading under which --help lists it
	Name   string // as the user gave it
	Flag   string // with its dashes, or without where only the file has it; "" if only the environment has it
	Env    string // "" if only the command line has it
	Value  string // "" if there is none; several values are separated by ", "
	Origin string // one of the From constants
	Help   string
}

// Effective lists the settings of the command, those of a group together, in the order of
// --help, and then what each upstream sets of its own.
func (c *Config) Effective() []EffectiveSetting {
	var all []EffectiveSetting
	for _, s := range inOrder(c.settings) {
		if len(c.Upstreams) > 0 && s.scope == ofOne {
			continue
		}
		all = append(all, EffectiveSetting{Group: s.group, Name: s.name(), Flag: "--" + s.flag, Env: s.env, Value: s.shown(), Origin: s.origin(), Help: s.help})
		if s.flag == "prometheus.url" && c.Upstream == "" {
			all = append(all, effectiveToken(s.group))
		}
	}
	for _, u := range c.Upstreams {
		for _, s := range inOrder(u.settings) {
			if s.origin() == FromFile && s.inFile.upstream {
				all = append(all, EffectiveSetting{Group: "Upstream " + u.Upstream, Name: s.name(), Flag: s.flag, Value: s.shown(), Origin: FromFile, Help: s.help})
			}
		}
	}
	return all
}

func effectiveToken(group string) EffectiveSetting {
	token := EffectiveSetting{Group: group, Name: tokenEnv, Env: tokenEnv, Origin: FromDefault, Help: tokenHelp}
	if os.Getenv(tokenEnv) != "" {
		token.Value, token.Origin = secret, FromEnvironment
	}
	return token
}

// shown returns the value for display.
func (s *setting) shown() string {
	switch {
	case s.isURL() && s.raw != "":
		return redact(s.raw)
	case s.isSwitch && s.raw == "":
		return "false"
	case s.separator != "":
		return strings.Join(parts(s.raw, s.separator), ", ")
	}
	return s.raw
}

// redact returns a URL with <secret> in place of its user and its query.
func redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return secret
	}
	text := u.Scheme + "://"
	if u.User != nil {
		text += secret + "@"
	}
	text += u.Host + u.EscapedPath()
	if u.RawQuery != "" || u.Fragment != "" {
		text += "?" + secret
	}
	return text
}
